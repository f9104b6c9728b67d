"""Walk a long list in order: span after span of its period, then what stands at no instant of it.

A list is read in spans because a page of the first thousand tickets must not wait until all are
sorted; an export goes the same way, so that the database sorts little at a time, too. A place in a
list names nobody: an instant, and how many rows that stand there have been seen.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, override

from gateway.central.reports.tables import Row

STANDS_AT = "listed_at"
"""The column of the instant at which a row stands; None: at no instant, after all others."""

FIRST = timedelta(days=1)
ENOUGH = 5_000
"""Rows of a span; the next is twice as long after fewer."""

_PLACE = re.compile(r"(?:([0-9]{1,16})|end)\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a list has been read."""

    moment: datetime | None
    """None: all that stands at an instant has been read."""
    skip: int
    """Rows read of those that stand there."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a place.

        Raises:
            ValueError: It is none.

        >>> Place.parse("end.120"), str(Place.parse("1763719200000000.3"))
        (Place(moment=None, skip=120), '1763719200000000.3')
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        skip = int(found[2])
        if found[1] is None:
            return cls(None, skip)
        try:
            return cls(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), skip)
        except OverflowError as error:
            raise ValueError(text) from error

    @override
    def __str__(self) -> str:
        """Write it, to be given back."""
        if self.moment is None:
            return f"end.{self.skip}"
        past = self.moment - datetime.fromtimestamp(0, UTC)
        return f"{past // timedelta(microseconds=1)}.{self.skip}"

    def behind(self, rows: Sequence[Row]) -> Self:
        """Return the place behind rows that were read from here on."""
        moment = rows[-1][STANDS_AT]
        here = 0
        for row in reversed(rows):
            if row[STANDS_AT] != moment:
                break
            here += 1
        again = here == len(rows) and moment == self.moment
        return type(self)(moment, here + self.skip if again else here)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a list."""

    starts: datetime
    ends: datetime
    undated: bool
    """What stands at no instant, and nothing else."""
    skip: int


class Walk:
    """The spans of a period, from a place on; their length follows what was found."""

    def __init__(self, starts: datetime, ends: datetime, place: Place | None) -> None:
        self._starts, self._ends = starts, ends
        self._place = place
        self._step = FIRST

    def __iter__(self) -> Iterator[Span]:
        """Give one span after the other."""
        place = self._place
        starts, skip = self._starts, 0
        if place is not None:
            starts = self._ends if place.moment is None else max(place.moment, starts)
            skip = place.skip
        while starts < self._ends:
            ends = starts + min(self._step, self._ends - starts)
            yield Span(starts, ends, undated=False, skip=skip)
            starts, skip = ends, 0
        at_the_end = place is not None and place.moment is None
        yield Span(self._ends, self._ends, undated=True, skip=skip if at_the_end else 0)

    def found(self, rows: int) -> None:
        """Hear how many rows the last span had."""
        self._step = self._step * 2 if rows < ENOUGH else max(FIRST, self._step / 2)
