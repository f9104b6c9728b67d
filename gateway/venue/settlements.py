"""What becomes of a lane's grants, written into the books in the order in which it happened.

A passage commits, an annulment gives back, a person nobody granted is counted. The store may be
silent meanwhile: what is to be written waits and is tried again until it lands or cannot be done
any more. What a restart loses is covered twice: a reservation has its deadline
(`gateway.venue.settling`), and a passage reported late is found here by its grant.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, assert_never

import structlog

from gateway.entitlements.place import Place
from gateway.entitlements.store import (
    EntitlementStore,
    NotPossible,
    UnknownEvent,
    UnknownTicket,
    believed,
)
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.tickets.event import EventRow
from gateway.venue.settling import Archive, lost_grant

KEPT: Final = 10_000
"""A lane passes a person a second at most: hours of them."""
PAUSE_S: Final = 0.1
ROWS: Final = 16
"""Grants whose events are kept, for parties that pass one by one."""
READ_AT_ONCE: Final = 1_000
READ_AT_MOST: Final = 50_000
"""Events looked through for the passages of a grant that an earlier life of ours gave."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Given:
    """What a lane knows of a grant without asking anybody."""

    code: str
    place: Place
    persons: int


@dataclass(frozen=True, slots=True)
class Passage:
    """So many have passed under a grant so far; ``more`` of its persons are still awaited."""

    tx: str
    persons: int
    at: int | None = None
    given: Given | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class LatePassage:
    """One more person has passed under a grant that the lane does not know."""

    tx: str
    place: Place
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Annulment:
    """Those of a grant who have not passed are given back."""

    tx: str
    given: Given


@dataclass(frozen=True, slots=True)
class Untracked:
    """Persons passed without a grant; ``once`` is the id that they are counted under."""

    place: Place
    persons: int
    why: str
    once: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something was read that is no code."""

    place: Place


@dataclass(frozen=True, slots=True)
class Nothing:
    """It is in the books already."""


type Entry = Passage | LatePassage | Annulment | Untracked | Malformed | Nothing


class Prolong(Protocol):
    """Gives a reservation more time."""

    async def __call__(self, event: str, code: str, until: int) -> None:
        """Have it end no sooner than then (ms); one that has ended stays so."""


class ReadEvents(Protocol):
    """Reads the store's stream."""

    async def __call__(self, after: str, count: int) -> Sequence[tuple[bytes, bytes]]:
        """Return entries after a place in the stream: (place, line)."""


class Settlements:
    """The entries of one lane.

    Args:
        lane: its id, for the log.
        store: the books.
        archive: knows grants that the store's stream holds no more.
        read_events: reads the stream, for passages that an earlier life of ours has counted.
        prolong: gives a party more time, whose persons pass one after another.
    """

    def __init__(
        self,
        lane: str,
        store: EntitlementStore,
        archive: Archive,
        read_events: ReadEvents,
        prolong: Prolong,
    ) -> None:
        self._lane = lane
        self._store = store
        self._archive = archive
        self._read_events = read_events
        self._prolong = prolong
        self._waiting: deque[Entry] = deque(maxlen=KEPT)
        self._rows: dict[str, EventRow] = {}
        self._loop = asyncio.get_running_loop()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        """Count the entries that wait."""
        return len(self._waiting)

    def put(self, entry: Entry) -> None:
        """Have an entry written; never waits."""
        if len(self._waiting) == KEPT:
            log.error("settlement_dropped", lane=self._lane)
        self._waiting.append(entry)
        self._none.clear()
        self._some.set()

    async def written(self) -> None:
        """Wait until all entries have been written."""
        await self._none.wait()

    async def keep_writing(self) -> None:
        """Write until cancelled, each entry in its turn and as often as it takes."""
        while True:
            await self._some.wait()
            again = False
            while self._waiting:
                entry = self._waiting[0]
                try:
                    if isinstance(entry, LatePassage):
                        # Told as a figure, it may be written twice.
                        entry = self._waiting[0] = await self._counted(entry)
                    if isinstance(entry, Untracked) and entry.once is None:
                        entry = self._waiting[0] = replace(entry, once=secrets.token_urlsafe(8))
                    await self._write(entry, again=again)
                except (StoreUnavailable, DatabaseUnavailable):
                    again = True
                    await asyncio.sleep(PAUSE_S)
                    continue
                except (NotPossible, UnknownEvent, UnknownTicket) as why:
                    # All have passed, or the deadline was first, or a rebuilt store forgot it.
                    log.debug("not_settled", lane=self._lane, entry=type(entry).__name__, why=why)
                again = False
                if self._waiting and self._waiting[0] is entry:
                    self._waiting.popleft()
            self._some.clear()
            self._none.set()

    async def _write(self, entry: Entry, *, again: bool) -> None:
        store = self._store
        match entry:
            case Passage(tx, persons, at, given, more):
                row = await self._row(tx, None if again else given)
                if row is None:
                    raise UnknownEvent
                await store.passage(row, persons=persons, at=at)
                if more and given is not None and given.place.hold_ms is not None:
                    await self._prolong(tx, given.code, store.now() + given.place.hold_ms)
            case Annulment(tx, given):
                row = await self._row(tx, None if again else given)
                await store.annul(row or lost_grant(tx, given.code))
            case Untracked(place, persons, why, once):
                await store.count(
                    place, persons=persons, operator="", reason=why, untracked=True, once=once
                )
            case Malformed(place):
                await store.malformed(place)
            case Nothing() | LatePassage():
                pass
            case _:
                assert_never(entry)

    async def _row(self, tx: str, given: Given | None = None) -> EventRow | None:
        """Find the event of a grant: as it was given just now, in the stream, in the database.

        What the lane knows is enough as long as the stream has the event itself; so a passage is
        on its way to the store before the next visitor's code.
        """
        row = self._rows.get(tx)
        if row is None and given is not None:
            return grant_row(tx, given)
        row = row or await self._store.grant(tx) or await self._archive.event(tx)
        if row is None:
            return None
        if len(self._rows) >= ROWS:
            del self._rows[next(iter(self._rows))]
        self._rows[tx] = row
        return row

    async def _counted(self, late: LatePassage) -> Passage | Untracked | Nothing:
        """Tell what one more person comes to: a passage, nobody's, or one told twice.

        The books have a passage already if they have one at the same instant.
        """
        row = await self._row(late.tx)
        if row is None or not row.ticket_code or row.decision != "g":
            log.warning("passage_without_grant", lane=self._lane)
            return Untracked(late.place, 1, "unknown_grant")
        if not row.deadline:
            return Nothing()  # the grant itself has been counted
        passed, instants = await self._passed(row)
        if late.at is not None and believed(late.at, self._store.now()) in instants:
            return Nothing()
        return Passage(late.tx, passed + 1, late.at)

    async def _passed(self, grant: EventRow) -> tuple[int, set[int]]:
        """Count who has passed under a grant by the books, and tell when."""
        figures = grant.memory.split(",")
        passed = int(figures[2]) if len(figures) > 2 else 0  # noqa: PLR2004  # hash, persons, passed
        persons, instants = 0, set[int]()
        after, seen = grant.event_id.partition("-")[2], 0
        while seen < READ_AT_MOST:
            entries = await self._read_events(after, READ_AT_ONCE)
            for place, line in entries:
                if grant.event_id.encode() not in line:
                    continue
                epoch = grant.event_id.partition("-")[0]
                row = EventRow.parse(f"{epoch}-{place.decode()}", line.decode())
                if row.of == grant.event_id and row.kind in {"p", "t"}:
                    persons += int(row.persons or 0)
                    instants.add(int(row.at))
            seen += len(entries)
            if len(entries) < READ_AT_ONCE:
                break
            after = entries[-1][0].decode()
        return max(passed, persons), instants


def grant_row(event: str, given: Given) -> EventRow:
    """Write the event of a grant as far as the lane knows it."""
    place = given.place
    row = lost_grant(event, given.code)
    deadline = "" if place.hold_ms is None else str(int(row.at) + place.hold_ms)
    return row._replace(
        space=place.space,
        reader=place.reader,
        direction=place.letter,
        persons=str(given.persons),
        deadline=deadline,
    )
