"""How many are inside, who has left unseen, and when it is full.

The store counts and refuses; this follows it. Where no reader stands at the exit, who has been
inside for `dwell_min` is taken to have left: entries are kept by the minute, and `age` returns how
many are to be counted out. Nobody is counted out twice, and nobody stays for ever.

Instants are in milliseconds of any clock; entries may be told late and out of order. Pure.
"""

from collections.abc import Iterable

from controllers.commands import Alarm, Clear, Command, Raise

MINUTE_MS = 60_000
CLEAR_PERCENT = 95
"""The alarm ends below this share of the capacity, so that it does not flicker at the edge."""


class Occupancy:
    """The persons inside one space.

    Args:
        now: the time.
        capacity: how many may be inside; ``None``: any number.
        dwell_min: after how many minutes a person is taken to have left; 0: an exit is seen.
        inside: how many are inside already.
        entered: when they came, as far as that is remembered: (instant, persons). Whoever else is
            inside is taken to have come just now.
    """

    def __init__(
        self,
        now: int,
        *,
        capacity: int | None = None,
        dwell_min: int = 0,
        inside: int = 0,
        entered: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.capacity = capacity
        self.dwell_min = dwell_min
        self._minutes: dict[int, int] = {}
        self._inside = 0
        self._full = False
        for at, persons in entered:
            self.entries(persons, at)
        self.told(inside, now)

    @property
    def inside(self) -> int:
        """How many are inside; never less than nobody."""
        return self._inside

    @property
    def entered(self) -> list[tuple[int, int]]:
        """When those inside came, to the minute, oldest first: what a restart is to remember.

        Empty where exits are seen: it does not matter then.
        """
        if not self.dwell_min:
            return []
        return [(minute * MINUTE_MS, self._minutes[minute]) for minute in sorted(self._minutes)]

    @property
    def next_at(self) -> int | None:
        """When somebody is to be counted out next."""
        if not self.dwell_min or not self._minutes:
            return None
        return self._leaves(min(self._minutes))

    def entries(self, persons: int, at: int) -> None:
        """Persons have come in."""
        if persons > 0:
            minute = at // MINUTE_MS if self.dwell_min else 0
            self._minutes[minute] = self._minutes.get(minute, 0) + persons
            self._inside += persons

    def exits(self, persons: int) -> int:
        """Persons have left, the first to come first; return how many of them were inside."""
        left = 0
        for minute in sorted(self._minutes):
            if left == persons:
                break
            left += self._take(minute, persons - left)
        return left

    def age(self, now: int) -> int:
        """Return how many have been inside for so long that they are counted out now."""
        if not self.dwell_min:
            return 0
        gone = [minute for minute in self._minutes if self._leaves(minute) <= now]
        return sum(self._take(minute, self._minutes[minute]) for minute in gone)

    def told(self, inside: int, now: int) -> int:
        """Believe an operator's recount, or the store; return the difference that is to be counted.

        More than were known come in now; where there are fewer, the first to come have left.
        """
        difference = max(0, inside) - self._inside
        if difference > 0:
            self.entries(difference, now)
        else:
            self.exits(-difference)
        return difference

    def alarms(self) -> list[Command]:
        """Return the alarm that the space is full, or its end, where that has changed."""
        capacity = self.capacity
        if capacity is not None and self._inside >= capacity:
            if self._full:
                return []
            self._full = True
            return [Raise(Alarm.SPACE_FULL, text=f"{self._inside} / {capacity}")]
        if self._full and (capacity is None or self._inside * 100 <= capacity * CLEAR_PERCENT):
            self._full = False
            return [Clear(Alarm.SPACE_FULL)]
        return []

    def _leaves(self, minute: int) -> int:
        """Return when the last of a minute's entries has been inside long enough."""
        return (minute + 1 + self.dwell_min) * MINUTE_MS

    def _take(self, minute: int, most: int) -> int:
        taken = min(most, self._minutes[minute])
        self._minutes[minute] -= taken
        self._inside -= taken
        if not self._minutes[minute]:
            del self._minutes[minute]
        return taken
