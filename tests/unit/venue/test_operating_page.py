"""docs/operating.md names every word that operators and their programs meet."""

from pathlib import Path

import pytest

from controllers.commands import Alarm
from gateway.venue import alarms, health, reload

PAGE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
DEGRADED = [
    health.DATABASE_UNAVAILABLE,
    health.STORE_UNAVAILABLE,
    health.STORE_LOADING,
    health.STORE_EVICTS,
    health.STREAM_BEHIND,
    health.MQTT_OFF,
    health.LINK_DOWN,
    reload.REFUSED,
    reload.NEEDS_RESTART,
]


@pytest.mark.parametrize("word", DEGRADED)
def test_the_page_explains_every_word_of_readyz(word: str) -> None:
    assert f"\n| `{word}` | " in PAGE


@pytest.mark.parametrize("word", [*Alarm, alarms.SITE_FILE])
def test_the_page_tells_when_every_alarm_is_over(word: str) -> None:
    table = PAGE.partition("| alarm | over |")[2].partition("\n\n")[0]

    assert f"`{word}`" in table


def test_what_is_over_at_once_is_told_so() -> None:
    (row,) = (line for line in PAGE.splitlines() if line.endswith("somebody has only to see it |"))

    assert {word for word in Alarm if f"`{word}`" in row} == alarms.MOMENTARY
