"""Periods are cut so that every instant is read exactly once, whatever the clock does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.central.reports.periods import Marks, cut, hour_of, start_of, whole_days

ZONES = [ZoneInfo(name) for name in ("Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")]
FROM = datetime(2026, 3, 20, tzinfo=UTC)
moments = st.integers(0, 250 * 86_400_000).map(lambda ms: FROM + timedelta(milliseconds=ms))


@given(
    ends=st.tuples(moments, moments).map(sorted),
    rolled=st.tuples(moments, st.booleans()),
    days_behind=st.integers(0, 3),
    zone=st.sampled_from(ZONES),
    by_hour=st.booleans(),
)
def test_pieces_are_the_period_without_a_gap_or_an_overlap(
    ends: list[datetime],
    rolled: tuple[datetime, bool],
    days_behind: int,
    zone: ZoneInfo,
    by_hour: bool,
) -> None:
    """A busy hour may have been rolled up in part."""
    hours_until = rolled[0] if rolled[1] else hour_of(rolled[0], zone)
    days_until = hours_until.astimezone(zone).date() - timedelta(days=days_behind)

    pieces = cut(ends[0], ends[1], Marks(hours_until, days_until), zone, by_hour=by_hour)

    first, last = (start_of(day, zone) for day in pieces.days)
    spans = sorted([*pieces.hours, *pieces.moments, *([(first, last)] if first < last else [])])
    assert [start for start, _ in spans] == [ends[0], *(end for _, end in spans)][: len(spans)]
    assert (spans[-1][1] if spans else ends[0]) == ends[1]
    for starts, stops in pieces.hours:
        assert starts == hour_of(starts, zone)
        assert stops in {hour_of(stops, zone), hours_until}
        assert stops <= hours_until
    assert last <= start_of(days_until, zone) or first == last
    assert not (by_hour and first < last)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)]
)
def test_a_day_is_as_long_as_the_clock_makes_it(day: date, hours: int) -> None:
    paris = ZONES[0]

    assert start_of(day + timedelta(days=1), paris) - start_of(day, paris) == timedelta(hours=hours)


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)

    hours = [hour_of(first + timedelta(hours=each), ZONES[0]) for each in range(2)]

    assert hours[1] - hours[0] == timedelta(hours=1)
    assert [hour.astimezone(ZONES[0]).hour for hour in hours] == [2, 2]


@given(ends=st.tuples(moments, moments).map(sorted), zone=st.sampled_from(ZONES))
def test_whole_days_and_what_is_left_are_the_period(ends: list[datetime], zone: ZoneInfo) -> None:
    found = whole_days(ends[0], ends[1], zone)

    first, last = (start_of(day, zone) for day in found.days)
    assert found.before[0] == ends[0]
    assert found.after[1] == ends[1]
    if first < last:
        assert (found.before[1], found.after[0]) == (first, last)
    else:
        assert (found.before[1], found.after[0]) == (ends[1], ends[1])
    assert all(span[1] - span[0] <= timedelta(hours=50) for span in (found.before, found.after))
