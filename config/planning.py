"""When a planning is open: week, periods and exceptions on the venue's wall clock (DESIGN 9).

Hours are what the clock on the wall shows, from ≤ t < to: hours that cover a clock change are an
hour shorter, or told twice. Hours past midnight belong to the day they begin on: neither period nor
exception of the next day takes them away, and an `exclude` up to 24:00 of their own day does. Pure:
the instant is always given.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import overload
from zoneinfo import ZoneInfo

from config.models import Period, Planning, PlanningException, Site
from config.values import Weekday, allowed

HORIZON_DAYS = 400
"""How far ahead a change is looked for: a year and a season."""

DAYS_KEPT = 64
"""Days whose spans are remembered: scans ask about today and yesterday."""

MINUTES = 24 * 60

type Span = tuple[int, int]
"""Minutes after a day's midnight, from ≤ m < to; past midnight above 1,440."""

_WEEKDAYS: tuple[Weekday, ...] = allowed(Weekday)  # type: ignore[assignment]  # its words
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class Timetable:
    """One planning on the days of the calendar.

    >>> week = Planning(id="opening", week={"tue": ("10:00-18:00",)})
    >>> opening = Timetable(week, (), "Europe/Paris")
    >>> opening.is_open(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    True
    >>> opening.next_change(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    datetime.datetime(2026, 11, 24, 17, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, planning: Planning, periods: Sequence[Period], timezone: str) -> None:
        self.planning = planning
        self.zone = ZoneInfo(timezone)
        known = {period.id: period for period in periods}
        self._periods = [
            (known[name], _minutes_of_week(week))
            for name, week in planning.periods.items()
            if name in known
        ]
        self._week = _minutes_of_week(planning.week)
        self.spans = lru_cache(DAYS_KEPT)(self._spans)
        """Return the hours that begin on a day, apart and in order."""
        self._turns = lru_cache(DAYS_KEPT)(self._turns_on)

    def is_open(self, at: datetime | int) -> bool:
        """Tell whether it is open at an instant (an aware datetime, or ms since the epoch)."""
        return self._opened_on(_moment(at)) is not None

    @overload
    def next_change(self, after: datetime) -> datetime | None: ...

    @overload
    def next_change(self, after: int) -> int | None: ...

    def next_change(self, after: datetime | int) -> datetime | int | None:
        """Return the next instant it opens or closes, in UTC or ms; none within the horizon."""
        moment = _moment(after)
        now_open = self._opened_on(moment) is not None
        day = moment.astimezone(self.zone).date()
        for ahead in range(HORIZON_DAYS):
            since, until = moment + ahead * _DAY, moment + (ahead + 1) * _DAY
            turns = {
                turn
                for near in range(-1, 3)
                for turn in self._turns(day + (ahead + near) * _DAY)
                if since < turn <= until
            }
            for turn in sorted(turns):
                if (self._opened_on(turn) is not None) != now_open:
                    return turn if isinstance(after, datetime) else _ms(turn)
        return None

    def capacity_on(self, at: datetime | int) -> int | None:
        """Return the capacity that an exception sets then; none where none does.

        Past midnight that of the day whose hours go on; of two exceptions the one named first.
        """
        moment = _moment(at)
        return self.capacity_of(self._opened_on(moment) or moment.astimezone(self.zone).date())

    def capacity_of(self, day: date) -> int | None:
        """Return the capacity that an exception sets on a day."""
        return next(
            (each.capacity for each in self.exceptions_on(day) if each.capacity is not None), None
        )

    def hours(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the hours that begin on a day, in UTC, for drawing."""
        found: list[tuple[datetime, datetime]] = []
        turns = sorted({*self._turns(day), *self._turns(day + _DAY)})
        for begins, ends in pairwise(turns):
            if not self._lasts(day, begins):
                continue
            if found and found[-1][1] == begins:
                found[-1] = (found[-1][0], ends)
            else:
                found.append((begins, ends))
        return found

    def period_on(self, day: date) -> Period | None:
        """Return the period that replaces the week on a day: of two the one named first."""
        return next((period for period, _ in self._periods if _covers(period.days, day)), None)

    def exceptions_on(self, day: date) -> list[PlanningException]:
        """Return the exceptions of a day, in the order they are named."""
        return [each for each in self.planning.exceptions if _covers((each.date,), day)]

    def _spans(self, day: date) -> tuple[Span, ...]:
        """Return the hours that begin on a day: exceptions add to them, then take away."""
        week = next(
            (week for period, week in self._periods if _covers(period.days, day)), self._week
        )
        exceptions = self.exceptions_on(day)
        added = [minutes(hours) for each in exceptions for hours in each.include]
        taken = [minutes(hours) for each in exceptions for hours in each.exclude]
        spans = [*week.get(_WEEKDAYS[day.weekday()], ()), *added]
        for begins, ends in taken:
            over = 2 * MINUTES if ends == MINUTES else ends
            spans = [
                piece
                for since, until in spans
                for piece in ((since, min(until, begins)), (max(since, over), until))
                if piece[0] < piece[1]
            ]
        return tuple(_merged(spans))

    def _opened_on(self, moment: datetime) -> date | None:
        """Return the day whose hours it is open in at a moment."""
        today = moment.astimezone(self.zone).date()
        return next((day for day in (today, today - _DAY) if self._lasts(day, moment)), None)

    def _lasts(self, day: date, moment: datetime) -> bool:
        """Tell whether hours that begin on a day last at a moment."""
        wall = moment.astimezone(self.zone).replace(tzinfo=None)
        minute = (wall - datetime.combine(day, datetime.min.time())) / timedelta(minutes=1)
        return any(begins <= minute < ends for begins, ends in self.spans(day))

    def _turns_on(self, day: date) -> tuple[datetime, ...]:
        """Return the moments of a wall-clock day at which it may open or close."""
        bounds = {bound for span in self.spans(day) for bound in span}
        bounds |= {bound - MINUTES for span in self.spans(day - _DAY) for bound in span}
        midnight = datetime.combine(day, datetime.min.time())
        turns = {
            moment
            for bound in bounds
            if 0 <= bound <= MINUTES
            for moment in self._moments(midnight + timedelta(minutes=bound))
        }
        return (*turns, *self._clock_changes(day))

    def _moments(self, wall: datetime) -> Iterator[datetime]:
        """Return the moments at which the clock shows a time: none, one or two."""
        for fold in (0, 1):
            moment = wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
            if moment.astimezone(self.zone).replace(tzinfo=None) == wall:
                yield moment

    def _clock_changes(self, day: date) -> Iterator[datetime]:
        """Return the moments around a day at which the clock is put forward or back."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        samples = [noon + timedelta(hours=hours) for hours in range(-36, 37, 12)]
        for before, after in pairwise(samples):
            since, until = before, after
            if self._offset(since) == self._offset(until):
                continue
            while until - since > _SECOND:
                middle = since + (until - since) // 2
                middle = middle.replace(microsecond=0)
                if self._offset(middle) == self._offset(before):
                    since = middle
                else:
                    until = middle
            yield until

    def _offset(self, moment: datetime) -> timedelta | None:
        return moment.astimezone(self.zone).utcoffset()


def timetables(site: Site) -> dict[str, Timetable]:
    """Return the timetable of every planning of a site, by its id."""
    return {
        planning.id: Timetable(planning, site.periods, site.identity.timezone)
        for planning in site.plannings
    }


def minutes(hours: str) -> Span:
    """Read hours as minutes after midnight.

    >>> minutes("10:00-18:30"), minutes("22:00-02:00"), minutes("00:00-24:00")
    ((600, 1110), (1320, 1560), (0, 1440))
    """
    begins, ends = (
        int(hour) * 60 + int(minute)
        for hour, _, minute in (time.partition(":") for time in hours.split("-"))
    )
    return begins, ends if ends > begins else ends + MINUTES


def first_and_last(days: str) -> tuple[date, date]:
    """Read a day, or a range of days, as its first and its last.

    >>> first_and_last("2026-12-24")
    (datetime.date(2026, 12, 24), datetime.date(2026, 12, 24))
    """
    first, _, last = days.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _covers(ranges: Sequence[str], day: date) -> bool:
    return any(first <= day <= last for first, last in map(first_and_last, ranges))


def _minutes_of_week(
    week: Mapping[Weekday, Sequence[str]],
) -> dict[Weekday, list[Span]]:
    return {day: [minutes(hours) for hours in spans] for day, spans in week.items()}


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Join spans that touch or overlap."""
    joined: list[Span] = []
    for begins, ends in sorted(spans):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return joined


def _moment(at: datetime | int) -> datetime:
    """Return an instant in UTC; a datetime without its zone is a mistake."""
    if isinstance(at, int):
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)
    if at.tzinfo is None:
        raise ValueError(f"{at} does not say in which time zone")
    return at.astimezone(UTC)


def _ms(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
