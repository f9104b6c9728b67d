from itertools import islice, pairwise
from statistics import fmean, pstdev

import pytest

from loadtest.schedule import poisson, procession


def test_the_same_seed_sends_the_same_visitors() -> None:
    assert list(poisson(100, seed=7, lasts_s=5)) == list(poisson(100, seed=7, lasts_s=5))


def test_another_seed_sends_others() -> None:
    assert list(poisson(100, seed=7, lasts_s=5)) != list(poisson(100, seed=8, lasts_s=5))


def test_visitors_come_in_order_and_before_the_end() -> None:
    due = list(poisson(1_000, seed=1, lasts_s=2))

    assert due == sorted(due)
    assert due[0] > 0
    assert due[-1] < 2


def test_the_rate_is_kept_on_average_and_gaps_are_exponential() -> None:
    due = list(islice(poisson(200, seed=3), 50_000))
    gaps = [later - earlier for earlier, later in pairwise(due)]

    assert fmean(gaps) == pytest.approx(1 / 200, rel=0.03)
    assert pstdev(gaps) == pytest.approx(1 / 200, rel=0.05)


def test_nobody_comes_at_no_rate() -> None:
    with pytest.raises(ValueError, match="above zero"):
        next(poisson(0, seed=1))


def test_at_a_gate_nobody_comes_close_behind_another() -> None:
    due = list(procession(1_000, 0.5, seed=5))

    assert all(0 <= at - number * 0.5 < 0.5 for number, at in enumerate(due))
    assert min(later - earlier for earlier, later in pairwise(due)) > 0.3
