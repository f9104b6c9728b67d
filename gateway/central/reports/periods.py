"""Cut a period where sums begin and end: whole local days, whole hours, and the moments between.

Pure. Every instant from ``starts`` to before ``ends`` lies in exactly one piece, so that a report
that adds up its pieces counts each event once. Days of 23 and 25 hours are days like any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

type Span = tuple[datetime, datetime]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the sums reach."""

    hours_until: datetime
    """Events before it are summed up by hour; it may lie within a busy hour."""
    days_until: date
    """Local days before it are summed up."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A period cut into what is read from days, from hours and from events."""

    days: tuple[date, date]
    """From one day to before another; the same twice: none."""
    hours: tuple[Span, ...]
    moments: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class WholeDays:
    """The whole local days of a period, and what is left of it before and after them."""

    days: tuple[date, date]
    """From one day to before another; the same twice: none."""
    before: Span
    after: Span
    """Either may be empty."""


def whole_days(starts: datetime, ends: datetime, zone: ZoneInfo) -> WholeDays:
    """Find the whole days of a period."""
    first, last = day_of(starts, zone), day_of(ends, zone)
    if start_of(first, zone) < starts:
        first += _DAY
    if first >= last:
        return WholeDays((first, first), (starts, ends), (ends, ends))
    return WholeDays((first, last), (starts, start_of(first, zone)), (start_of(last, zone), ends))


def cut(starts: datetime, ends: datetime, marks: Marks, zone: ZoneInfo, *, by_hour: bool) -> Pieces:
    """Cut a period; ``by_hour``: hours are asked for, of which days tell nothing."""
    first, last = whole_days(starts, ends, zone).days
    last = min(last, marks.days_until)
    rest: list[Span] = [(starts, ends)]
    if by_hour or first >= last:
        days = (first, first)
    else:
        days = (first, last)
        rest = [(starts, start_of(first, zone)), (start_of(last, zone), ends)]
    hours: list[Span] = []
    moments: list[Span] = []
    for span in rest:
        whole = _whole_hours(span, marks.hours_until, zone)
        if whole is None:
            moments.append(span)
        else:
            hours.append(whole)
            moments += [(span[0], whole[0]), (whole[1], span[1])]
    return Pieces(days, tuple(_real(hours)), tuple(_real(moments)))


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Tell the local day of an instant."""
    return moment.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, in UTC.

    >>> start_of(date(2026, 10, 26), ZoneInfo("Europe/Paris")).isoformat()
    '2026-10-25T23:00:00+00:00'
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local hour, in UTC; the hour that comes twice is two hours."""
    local = moment.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return moment.astimezone(UTC) - past


def _whole_hours(span: Span, until: datetime, zone: ZoneInfo) -> Span | None:
    starts, ends = span
    first, last = hour_of(starts, zone), min(hour_of(ends, zone), until)
    if first < starts:
        first += _HOUR
    return (first, last) if first < last else None


def _real(spans: list[Span]) -> Iterator[Span]:
    return (span for span in spans if span[0] < span[1])
