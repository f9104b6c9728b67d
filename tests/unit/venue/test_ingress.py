"""The curve of a day: who is expected, and at which doors people are counted."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.central.ingress import Sold
from gateway.entitlements.place import Place
from gateway.venue.ingress import STEPS, entrances, expected, stepped
from gateway.venue.readers import ReaderFacts, SpaceFacts

PARIS = ZoneInfo("Europe/Paris")
SPACES = [
    SpaceFacts("museum", "M"),
    SpaceFacts("hall", "H", "museum"),
    SpaceFacts("vault", "V", "hall"),
]


def a_reader(space: str) -> ReaderFacts:
    return ReaderFacts(f"at-{space}", Place("r", space, (space,), "entry"), None)


def a_session(hour: int, *, margin_min: int = 60, persons: int = 60) -> Sold:
    return Sold("s", datetime(2026, 11, 27, hour, tzinfo=UTC), margin_min * 60, persons)


def test_those_sold_are_expected_in_the_half_hour_before_by_the_venues_clock() -> None:
    curve = expected([a_session(13)], PARIS)

    assert {step: persons for step, persons in enumerate(curve) if persons} == {54: 30.0, 55: 30.0}
    assert len(curve) == STEPS


def test_margin_shorter_than_half_an_hour_draws_them_together() -> None:
    curve = expected([a_session(13, margin_min=15)], PARIS)

    assert {step: persons for step, persons in enumerate(curve) if persons} == {55: 60.0}


def test_where_nobody_may_come_before_they_are_expected_at_the_beginning() -> None:
    curve = expected([a_session(13, margin_min=0)], PARIS)

    assert {step: persons for step, persons in enumerate(curve) if persons} == {56: 60.0}


def test_hour_that_comes_twice_counts_twice() -> None:
    assert stepped([(8, 3), (8, 4), (99, 1)])[8] == 7


def test_site_is_entered_at_the_outermost_doors_that_have_a_reader() -> None:
    readers = [a_reader("hall"), a_reader("vault")]

    assert entrances(readers, SPACES, None) == ["hall"]
    assert entrances(readers, SPACES, "museum") == ["hall"]
    assert entrances(readers, SPACES, "vault") == ["vault"]
    assert entrances([], SPACES, None) == []
