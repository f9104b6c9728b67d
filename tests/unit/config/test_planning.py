import doctest
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import planning as module
from config.models import Period, Planning, PlanningException
from config.planning import Timetable, minutes, timetables
from config.values import Week

PARIS = "Europe/Paris"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LOOKED_AT = 2 * 1440

# Around each: the clock put forward, the clock put back, nothing at all.
MOMENTS = [
    (PARIS, date(2026, 3, 29)),
    (PARIS, date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # no 00:00 to 01:00 on this day
    ("America/Sao_Paulo", date(2019, 2, 16)),  # 23:00 to 24:00 twice
    ("America/St_Johns", date(2010, 11, 7)),  # back at 00:01: the day before comes again
    ("Asia/Kolkata", date(2026, 5, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour back
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour forward
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
]


def every_day(*hours: str) -> Week:
    return dict.fromkeys(EVERY_DAY, hours)  # type: ignore[arg-type]  # they are weekdays


def a_timetable(
    week: Week,
    *exceptions: PlanningException,
    zone: str = PARIS,
    **periods: tuple[tuple[str, ...], Week],
) -> Timetable:
    """Build a timetable; each period is its days and its week."""
    return Timetable(
        Planning(
            id="opening",
            week=week,
            periods={name: own for name, (_, own) in periods.items()},
            exceptions=exceptions,
        ),
        [Period(id=name, days=days) for name, (days, _) in periods.items()],
        zone,
    )


def at(text: str, zone: str = PARIS, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def open_minutes(timetable: Timetable, since: datetime, hours: int) -> int:
    first = since.astimezone(UTC)
    return sum(timetable.is_open(first + timedelta(minutes=n)) for n in range(hours * 60))


# --- the rules, one by one


def test_hours_hold_from_their_first_instant_until_before_their_last() -> None:
    opening = a_timetable({"tue": ("10:00-18:00",)})

    assert not opening.is_open(at("2026-11-24T09:59:59.999"))
    assert opening.is_open(at("2026-11-24T10:00"))
    assert opening.is_open(at("2026-11-24T17:59:59.999"))
    assert not opening.is_open(at("2026-11-24T18:00"))


def test_a_day_not_named_is_closed() -> None:
    assert not a_timetable({"tue": ("00:00-24:00",)}).is_open(at("2026-11-25T12:00"))


def test_24_00_is_the_end_of_the_day() -> None:
    opening = a_timetable({"tue": ("20:00-24:00",)})

    assert opening.is_open(at("2026-11-24T23:59:59"))
    assert not opening.is_open(at("2026-11-25T00:00"))


def test_days_open_to_midnight_and_from_midnight_are_one_opening() -> None:
    opening = a_timetable({"tue": ("20:00-24:00",), "wed": ("00:00-02:00",)})

    assert opening.next_change(at("2026-11-24T20:00")) == at("2026-11-25T02:00")


def test_hours_past_midnight_belong_to_the_day_they_begin_on() -> None:
    opening = a_timetable({"tue": ("22:00-02:00",)})

    assert opening.is_open(at("2026-11-25T01:59"))
    assert not opening.is_open(at("2026-11-25T02:00"))
    assert not opening.is_open(at("2026-11-24T01:00"))


def test_a_closed_day_leaves_the_hours_that_began_the_evening_before() -> None:
    closed = PlanningException(date="2026-11-25", exclude=("00:00-24:00",))

    for opening in (
        a_timetable(every_day("22:00-02:00"), closed),
        a_timetable(every_day("22:00-02:00"), works=(("2026-11-25",), {})),
    ):
        assert opening.is_open(at("2026-11-25T01:00"))
        assert not opening.is_open(at("2026-11-25T23:00"))
        assert not opening.is_open(at("2026-11-26T01:00"))
        assert opening.is_open(at("2026-11-26T22:00"))


def test_an_evening_can_be_cut_short_after_midnight() -> None:
    early = PlanningException(date="2026-11-24", exclude=("23:59-02:00",))

    opening = a_timetable(every_day("22:00-02:00"), early)

    assert opening.is_open(at("2026-11-24T23:58"))
    assert not opening.is_open(at("2026-11-25T00:30"))


def test_a_period_replaces_the_week() -> None:
    opening = a_timetable(
        every_day("10:00-18:00"),
        summer=(("2026-07-01..2026-08-31",), {"mon": ("09:00-20:00",)}),
    )

    assert opening.is_open(at("2026-07-06T19:59"))
    assert not opening.is_open(at("2026-07-07T12:00"))  # a day its own week does not name
    assert opening.is_open(at("2026-06-30T12:00"))
    assert opening.is_open(at("2026-09-01T12:00"))


def test_of_two_periods_the_one_named_first_counts() -> None:
    both = ("2026-07-01..2026-07-31",)
    works: tuple[tuple[str, ...], Week] = (both, {})
    summer = (both, every_day("10:00-18:00"))

    assert not a_timetable({}, works=works, summer=summer).is_open(at("2026-07-06T12:00"))
    assert a_timetable({}, summer=summer, works=works).is_open(at("2026-07-06T12:00"))
    period = a_timetable({}, summer=summer, works=works).period_on(date(2026, 7, 6))
    assert period is not None
    assert period.id == "summer"


def test_an_exception_adds_to_the_day_and_takes_away_and_taking_away_wins() -> None:
    opening = a_timetable(
        {"thu": ("10:00-18:00",)},
        PlanningException(date="2026-12-24", exclude=("16:00-24:00",)),
        PlanningException(date="2026-12-24", include=("08:00-10:00", "15:00-17:00")),
    )

    assert opening.next_change(at("2026-12-24T00:00")) == at("2026-12-24T08:00")
    assert opening.next_change(at("2026-12-24T08:00")) == at("2026-12-24T16:00")
    assert not opening.is_open(at("2026-12-24T16:30"))


def test_an_exception_may_cover_several_days() -> None:
    opening = a_timetable(
        {}, PlanningException(date="2026-12-24..2026-12-26", include=("10:00-12:00",))
    )

    days = [date(2026, 12, 23) + timedelta(days=n) for n in range(5)]
    assert [len(opening.hours(day)) for day in days] == [0, 1, 1, 1, 0]


def test_an_exception_may_set_the_capacity_of_its_day_also_past_midnight() -> None:
    opening = a_timetable(
        every_day("20:00-02:00"),
        PlanningException(date="2026-12-31", capacity=150),
        PlanningException(date="2026-12-31", capacity=99),
    )

    assert opening.capacity_on(at("2026-12-31T21:00")) == 150
    assert opening.capacity_on(at("2027-01-01T01:59")) == 150
    assert opening.capacity_on(at("2027-01-01T02:00")) is None
    assert opening.capacity_on(at("2026-12-31T01:00")) is None  # the evening of the 30th


def test_instants_are_aware_datetimes_or_milliseconds() -> None:
    opening = a_timetable({"tue": ("10:00-18:00",)})
    ten_ms = round(at("2026-11-24T10:00").timestamp() * 1000)

    assert opening.is_open(ten_ms)
    assert not opening.is_open(ten_ms - 1)
    assert opening.next_change(ten_ms) == ten_ms + 8 * 3_600_000
    with pytest.raises(ValueError, match="time zone"):
        opening.is_open(datetime(2026, 11, 24, 10))  # noqa: DTZ001  # the point of the test


def test_what_never_opens_or_never_closes_has_no_next_change() -> None:
    assert a_timetable({}).next_change(at("2026-11-24T10:00")) is None
    assert a_timetable(every_day("00:00-24:00")).next_change(at("2026-11-24T10:00")) is None


def test_a_season_far_ahead_is_found() -> None:
    opening = a_timetable({}, summer=(("2027-07-01..2027-08-31",), every_day("10:00-18:00")))

    assert opening.next_change(at("2026-11-24T10:00")) == at("2027-07-01T10:00")


def test_every_planning_of_a_site_has_its_timetable() -> None:

    import config  # noqa: PLC0415  # `config.planning` is `module` here

    site = config.parse("[[planning]]\nid = 'a'\nweek = { mon = ['10:00-12:00'] }\n", Path("s"))

    assert timetables(site)["a"].hours(date(2026, 11, 23))[0][0] == at("2026-11-23T10:00", "UTC")


# --- clock changes


def test_hours_are_an_hour_shorter_when_the_clock_is_put_forward_within_them() -> None:
    opening = a_timetable(every_day("01:00-05:00"))

    assert open_minutes(opening, at("2026-03-29T00:00"), 12) == 3 * 60


def test_hours_are_an_hour_longer_when_the_clock_is_put_back_within_them() -> None:
    opening = a_timetable(every_day("01:00-05:00"))

    assert open_minutes(opening, at("2026-10-25T00:00"), 12) == 5 * 60


def test_hours_that_begin_in_the_hour_left_out_begin_when_it_is_over() -> None:
    opening = a_timetable(every_day("02:30-04:00"))

    assert opening.next_change(at("2026-03-29T01:00")) == at("2026-03-29T03:00")


def test_hours_that_end_in_the_hour_left_out_end_when_it_begins() -> None:
    opening = a_timetable(every_day("01:00-02:30"))

    assert opening.next_change(at("2026-03-29T01:00")) == at("2026-03-29T03:00")


def test_hours_within_the_hour_left_out_are_none() -> None:
    assert a_timetable(every_day("02:00-03:00")).hours(date(2026, 3, 29)) == []


def test_hours_within_the_hour_told_twice_hold_twice() -> None:
    opening = a_timetable(every_day("02:15-02:45"))

    assert opening.hours(date(2026, 10, 25)) == [
        tuple(at(f"2026-10-25T{clock}", fold=fold).astimezone(UTC) for clock in ("02:15", "02:45"))
        for fold in (0, 1)
    ]


POOL = a_timetable(
    every_day("10:00-20:00"),
    PlanningException(date="2026-10-28", include=("10:00-12:00",)),
    PlanningException(date="2026-10-24..2026-10-25", exclude=("18:00-20:00",)),
    PlanningException(date="2026-03-29", exclude=("10:00-11:00",)),
    PlanningException(date="2026-03-28", include=("22:00-04:00",)),
    PlanningException(date="2026-10-24", include=("22:00-04:00",)),
    works=(("2026-10-26..2026-11-08",), {}),
)


@pytest.mark.parametrize(
    ("before", "turn", "opens"),
    [
        # the normal day
        ("2026-10-23T00:00+02:00", "2026-10-23T10:00+02:00", True),
        ("2026-10-23T10:00+02:00", "2026-10-23T20:00+02:00", False),
        # an exception that takes away, and a night over the hour told twice
        ("2026-10-24T10:00+02:00", "2026-10-24T18:00+02:00", False),
        ("2026-10-24T18:00+02:00", "2026-10-24T22:00+02:00", True),
        ("2026-10-24T22:00+02:00", "2026-10-25T04:00+01:00", False),
        # the first day of winter time
        ("2026-10-25T04:00+01:00", "2026-10-25T10:00+01:00", True),
        ("2026-10-25T10:00+01:00", "2026-10-25T18:00+01:00", False),
        # the period, with an exception that opens one morning of it
        ("2026-10-25T18:00+01:00", "2026-10-28T10:00+01:00", True),
        ("2026-10-28T10:00+01:00", "2026-10-28T12:00+01:00", False),
        ("2026-10-28T12:00+01:00", "2026-11-09T10:00+01:00", True),
        # the clock put forward: a night over the hour left out, and a late morning
        ("2026-03-28T20:00+01:00", "2026-03-28T22:00+01:00", True),
        ("2026-03-28T22:00+01:00", "2026-03-29T04:00+02:00", False),
        ("2026-03-29T04:00+02:00", "2026-03-29T11:00+02:00", True),
        ("2026-03-29T11:00+02:00", "2026-03-29T20:00+02:00", False),
    ],
)
def test_a_pool_is_right_at_each_boundary_and_over_both_clock_changes(
    before: str, turn: str, opens: bool
) -> None:
    turns_at = datetime.fromisoformat(turn)

    assert POOL.next_change(datetime.fromisoformat(before)) == turns_at
    assert POOL.is_open(turns_at) is opens
    assert POOL.is_open(turns_at - timedelta(milliseconds=1)) is not opens


# --- against the same rules, minute by minute, as a person would look them up


def looked_up(timetable: Timetable, moment: datetime) -> bool:
    """Go through the rules for one instant with nothing but its wall clock."""
    wall = moment.astimezone(timetable.zone)
    planning = timetable.planning
    for day, minute in (
        (wall.date(), wall.hour * 60 + wall.minute),
        (wall.date() - timedelta(days=1), wall.hour * 60 + wall.minute + 1440),
    ):

        def holds(hours: tuple[str, ...], minute: int = minute) -> bool:
            return any(begins <= minute < ends for begins, ends in map(minutes, hours))

        def taken(hours: tuple[str, ...], minute: int = minute) -> bool:
            rest = [each[:5] for each in hours if each.endswith(("-24:00", "-00:00"))]
            return holds(hours) or any(minute >= minutes(f"{since}-24:00")[0] for since in rest)

        period = timetable.period_on(day)
        week = planning.week if period is None else planning.periods[period.id]
        today = [
            each
            for each in planning.exceptions
            if each.date[:10] <= day.isoformat() <= each.date[-10:]
        ]
        if any(taken(each.exclude) for each in today):
            continue
        named = week.get(EVERY_DAY[day.weekday()], ())  # type: ignore[call-overload]  # a weekday
        if holds(named) or any(holds(each.include) for each in today):
            return True
    return False


def some_hours() -> st.SearchStrategy[str]:
    clock = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)))
    return st.builds("{}-{}".format, clock, st.one_of(clock, st.just("24:00"))).filter(
        lambda hours: hours[:5] != hours[6:]
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Timetable, date]:
    """Draw a timetable and a day around which it is looked at."""
    zone, day = draw(st.sampled_from(MOMENTS))
    hours = st.lists(some_hours(), max_size=2).map(tuple)
    week = st.dictionaries(st.sampled_from(EVERY_DAY), hours)
    near = st.integers(-2, 2).map(lambda n: (day + timedelta(days=n)).isoformat())
    ranges = st.tuples(near, near).map(lambda ends: f"{min(ends)}..{max(ends)}")
    exceptions = st.builds(
        PlanningException, date=st.one_of(near, ranges), include=hours, exclude=hours
    )
    return (
        a_timetable(
            draw(week),  # type: ignore[arg-type]  # they are weekdays
            *draw(st.lists(exceptions, max_size=3)),
            zone=zone,
            works=((draw(ranges),), draw(week)),  # type: ignore[arg-type]
        ),
        day,
    )


@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_every_minute_is_open_or_closed_as_the_wall_clock_says(
    case: tuple[Timetable, date],
) -> None:
    timetable, day = case
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1, hours=12)
    expected = [looked_up(timetable, first + timedelta(minutes=n)) for n in range(LOOKED_AT)]

    found = [timetable.is_open(first + timedelta(minutes=n)) for n in range(LOOKED_AT)]
    turns = [n for n in range(1, LOOKED_AT) if expected[n] != expected[n - 1]]
    stepped: list[int] = []
    moment: datetime | None = first
    while moment is not None and (moment := timetable.next_change(moment)) is not None:
        stepped.append(round((moment - first) / timedelta(minutes=1)))
        if stepped[-1] >= LOOKED_AT:
            break

    assert found == expected
    assert [n for n in stepped if n < LOOKED_AT] == turns


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_hours_of_a_day_are_what_begins_on_it(case: tuple[Timetable, date]) -> None:
    timetable, day = case
    for begins, ends in timetable.hours(day):
        assert begins < ends
        assert timetable.is_open(begins)
        assert timetable.is_open(ends - timedelta(milliseconds=1))


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(module).failed == 0
