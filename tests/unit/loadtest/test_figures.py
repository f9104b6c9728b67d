import math

import pytest

from loadtest.figures import Figure, Target, Verdict, at_least, at_most
from loadtest.report import markdown


def a_figure(value: float, target: Target | None = None, void: str = "") -> Figure:
    return Figure("throughput", "scans against bare handler", value, "×", target, void=void)


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (a_figure(0.5, at_least(0.5)), Verdict.MET),
        (a_figure(0.49, at_least(0.5)), Verdict.MISSED),
        (a_figure(2.0, at_most(2)), Verdict.MET),
        (a_figure(2.01, at_most(2)), Verdict.MISSED),
        (a_figure(math.nan, at_least(0)), Verdict.MISSED),
        (a_figure(math.nan, at_most(1)), Verdict.MISSED),
        (a_figure(9.0), Verdict.NOTED),
        (a_figure(9.0, at_least(1), void="wrong answers"), Verdict.VOID),
    ],
)
def test_a_figure_is_worth_what_its_target_says(figure: Figure, verdict: Verdict) -> None:
    assert figure.verdict is verdict


def test_a_miss_is_printed_as_a_miss_and_a_ratio_in_bold() -> None:
    table = markdown([a_figure(0.4, at_least(0.5))], {"CPU": "two cores"})

    assert table.splitlines()[-1] == (
        "| scans against bare handler |  | ≥ 0.50 × | **0.40 ×** | missed |"
    )
