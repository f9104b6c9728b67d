"""When a space is open, and when its anti-passback is forgiven: by the wall clock, day by day.

Instants are in milliseconds since the epoch: plannings speak of the clock on the wall. Pure; the
planning comes as whatever answers `Planned`. How many are inside is `controllers.occupancy`'s
business, how it is left in a fire `controllers.evacuation`'s.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

_DAY = timedelta(days=1)


class Planned(Protocol):
    """When it is open by its planning (`config.planning.Timetable`)."""

    def is_open(self, at: int, /) -> bool:
        """Tell whether it is open at an instant."""

    def next_change(self, after: int, /) -> int | None:
        """Return the next instant at which it opens or closes."""

    def capacity_on(self, at: int, /) -> int | None:
        """Return the capacity that an exception sets then."""


class Opening:
    """Whether a space is open: by its planning, and once the first of its staff has come.

    The day of who comes first is the day that the hours begin on: a party from 22:00 to 02:00 is
    not closed at midnight, and a lunch break asks nobody to come again.

    Args:
        planning: its hours; ``None``: always.
        zone: the venue's time zone.
        first_in: it stays closed each day until `came` is told.
        came_at: when somebody came last, as remembered from before a restart.
    """

    def __init__(
        self,
        planning: Planned | None,
        zone: tzinfo,
        *,
        first_in: bool = False,
        came_at: int | None = None,
    ) -> None:
        self.came_at = came_at
        self._planning = planning
        self._zone = zone
        self._first_in = first_in

    def is_open(self, now: int) -> bool:
        """Tell whether the public may come in."""
        return self._planned(now) and not self._awaits(now)

    def awaits_first(self, now: int) -> bool:
        """Tell whether only the first of the staff is missing."""
        return self._planned(now) and self._awaits(now)

    def came(self, now: int) -> None:
        """Somebody has come in who opens the space for the others."""
        self.came_at = now if self.came_at is None else max(self.came_at, now)

    def next_change(self, now: int) -> int | None:
        """Return when it may open or close next by itself; ``None``: not within sight."""
        planned = self._planning.next_change(now) if self._planning is not None else None
        if not self._first_in or not self.is_open(now):
            return planned
        midnight = self._midnight(_wall(now, self._zone).date() + _DAY)
        ends = midnight if self._day(midnight) != self._day(now) else None
        return min((each for each in (planned, ends) if each is not None), default=None)

    def capacity(self, now: int, usual: int | None) -> int | None:
        """Return the capacity that holds now: that of an exception, or the usual one."""
        exceptional = self._planning.capacity_on(now) if self._planning is not None else None
        return usual if exceptional is None else exceptional

    def _planned(self, now: int) -> bool:
        return self._planning is None or self._planning.is_open(now)

    def _awaits(self, now: int) -> bool:
        if not self._first_in:
            return False
        return self.came_at is None or self._day(self.came_at) != self._day(now)

    def _day(self, at: int) -> date:
        """Return the day that an instant's hours begin on: its own, or the day before.

        Hours that began before midnight and end today are yesterday's. A place that is open for
        days on end has a new day at each midnight.
        """
        today = _wall(at, self._zone).date()
        midnight = self._midnight(today)
        if self._planning is None or not (self._planned(midnight - 1) and self._planned(midnight)):
            return today
        ends = self._planning.next_change(midnight)
        last = ends is not None and at < ends <= self._midnight(today + _DAY)
        return today - _DAY if last else today

    def _midnight(self, day: date) -> int:
        return _instant(datetime.combine(day, time(), self._zone))


class DailyReset:
    """The hour at which anti-passback forgets who is inside, once a day.

    Args:
        at: the time on the wall, ``04:00``.
        zone: the venue's time zone.
        done_at: when it was last done, or the start where nobody remembers.
    """

    def __init__(self, at: str, zone: tzinfo, done_at: int) -> None:
        self._at = time.fromisoformat(at)
        self._zone = zone
        self._done_at = done_at

    def due(self, now: int) -> bool:
        """Tell whether its hour has come since it was last done."""
        return self._done_at < self._last(now)

    def done(self, now: int) -> None:
        """It has been done."""
        self._done_at = max(self._done_at, now)

    def next_at(self, now: int) -> int:
        """Return when it is due next, or was."""
        if self.due(now):
            return self._last(now)
        day = _wall(now, self._zone).date()
        return min(at for ahead in range(3) if (at := self._on(day + ahead * _DAY)) > now)

    def _last(self, now: int) -> int:
        day = _wall(now, self._zone).date()
        return max(at for back in range(3) if (at := self._on(day - back * _DAY)) <= now)

    def _on(self, day: date) -> int:
        """Return its instant on a day; an hour that the clocks skip comes as they have moved."""
        return _instant(datetime.combine(day, self._at, self._zone))


def _wall(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def _instant(wall: datetime) -> int:
    return int(wall.timestamp() * 1000)
