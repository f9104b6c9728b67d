import pytest

from loadtest.client import Answer
from loadtest.generator import Outcome, outcome_of
from loadtest.samples import Spread


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200, b'{"decision":"granted","reason":null}'), "granted"),
        (Answer(200, b'{"decision":"denied","reason":"no_stamps_left"}'), "no_stamps_left"),
        (Answer(503, b'{"code":"store_unavailable"}'), "http 503: store_unavailable"),
        (Answer(502, b"<html>"), "http 502: not JSON"),
        (Answer(0, b""), "lost"),
    ],
)
def test_an_answer_has_one_name(answer: Answer, outcome: str) -> None:
    assert outcome_of(answer) == outcome


def test_an_outcome_survives_its_way_through_another_process() -> None:
    spread = Spread.of_seconds([0.001, 0.002])
    outcome = Outcome(3, 1.5, {"granted": 2, "lost": 1}, 1, spread, spread, 0, 0.1, 0, ["0 "])

    assert Outcome.from_json(outcome.as_json()) == outcome
    assert outcome.as_json()["answered"] == 2
