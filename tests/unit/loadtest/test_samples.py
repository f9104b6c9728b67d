import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.samples import Spread, percentile

samples = st.lists(st.floats(min_value=0, max_value=10), min_size=1, max_size=300)


@pytest.mark.parametrize(
    ("share", "expected"), [(0, 1), (1, 10), (50, 500), (99, 990), (99.9, 999), (100, 1_000)]
)
def test_nearest_rank(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(1, 1_001)], share) == expected


@given(samples, st.floats(min_value=0, max_value=100))
def test_a_percentile_is_a_sample_and_enough_samples_do_not_exceed_it(
    values: list[float], share: float
) -> None:
    found = percentile(sorted(values), share)

    assert found in values
    # The rank is rounded to a millionth of a sample.
    assert sum(value <= found for value in values) >= len(values) * share / 100 - 1e-6


def test_one_stall_shows_in_the_last_percentile_only() -> None:
    spread = Spread.of_seconds([0.001] * 9_990 + [1.0] * 10)

    assert (spread.p50, spread.p99, spread.p999, spread.most) == (1, 1, 1, 1_000)


def test_no_samples_have_no_percentile() -> None:
    assert math.isnan(Spread.of_seconds([]).p99)
