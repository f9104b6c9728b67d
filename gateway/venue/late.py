"""Scans granted while the entitlement store was silent: recorded when it answers again.

Exits are (DESIGN 4): a door to the outside opens whatever happens, and the count is put right
later; entries where the equipment's policy admits. They wait in memory and, from the next write on,
in a journal that outlives the gateway.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

import structlog

from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim, NotPossible, UnknownEvent
from gateway.errors import StoreUnavailable
from gateway.tickets.decision import Decision
from gateway.tickets.event import EventRow
from gateway.venue.late_journal import Journal, Line

KEPT = 100_000
PAUSE_S = 0.25

log = structlog.get_logger()


class LateScan(NamedTuple):
    """A scan that somebody has granted already."""

    code: str
    place: Place
    nonce: str | None
    persons: int | None
    operator: str
    at: int


class Recorder(Protocol):
    """What records it."""

    async def record(
        self,
        code: str,
        place: Place,
        claim: Claim,
        *,
        nonce: str | None = None,
        persons: int | None = None,
        operator: str = "",
    ) -> Decision:
        """Record a decision taken elsewhere."""

    async def grant(self, event: str) -> EventRow | None:
        """Read the event of a grant."""

    async def passage(self, row: EventRow) -> object:
        """Commit a grant."""


type Places = Mapping[tuple[str, Literal["entry", "exit"]], Place]


class LateScans:
    """The queue of one process.

    Args:
        store: records them.
        journal: keeps them meanwhile; without one they wait in memory alone.
    """

    def __init__(self, store: Recorder, journal: Journal | None = None) -> None:
        self._store = store
        self._journal = journal
        self._waiting: deque[LateScan] = deque(maxlen=KEPT)
        self._unwritten: list[LateScan] = []
        self._some = asyncio.Event()
        self._write = asyncio.Event()
        self._file = asyncio.Lock()

    def __len__(self) -> int:
        """Count those that wait."""
        return len(self._waiting)

    def put(self, scan: LateScan) -> None:
        """Keep a scan; never waits."""
        self._waiting.append(scan)
        self._unwritten.append(scan)
        self._some.set()
        self._write.set()

    async def restore(self, places: Places, *, adopt: bool) -> None:
        """Take up what was left behind: by our process, or, where we ``adopt``, by any."""
        if self._journal is None:
            return
        read = self._journal.adopt if adopt else self._journal.read
        lines = await asyncio.to_thread(read)
        for line in lines:
            place = places.get((line.reader, line.direction))
            if place is None:
                log.warning("late_scan_of_unknown_reader", reader=line.reader)
                continue
            self._waiting.append(
                LateScan(line.code, place, line.nonce, line.persons, line.operator, line.at)
            )
        if self._waiting:
            log.info("late_scans_restored", scans=len(self._waiting))
            self._some.set()

    async def keep_writing(self) -> None:
        """Write the journal until cancelled: all that came since the last write, in one."""
        if self._journal is None:
            return
        while True:
            await self._write.wait()
            self._write.clear()
            async with self._file:
                scans, self._unwritten = self._unwritten, []
                try:
                    await asyncio.to_thread(self._journal.append, [_line(scan) for scan in scans])
                except OSError as error:
                    log.error("late_scans_not_kept", error=str(error))  # noqa: TRY400  # no traceback

    async def _all_recorded(self) -> None:
        if self._journal is None:
            return
        async with self._file:
            if not self._waiting:
                self._unwritten.clear()
                await asyncio.to_thread(self._journal.clear)

    async def keep_recording(self) -> None:
        """Record until cancelled, each in its turn and with its own nonce."""
        while True:
            await self._some.wait()
            while self._waiting:
                scan = self._waiting[0]
                try:
                    await self._record(scan)
                except StoreUnavailable:
                    await asyncio.sleep(PAUSE_S)
                else:
                    if self._waiting and self._waiting[0] is scan:
                        self._waiting.popleft()
            await self._all_recorded()
            if not self._waiting:
                self._some.clear()

    async def _record(self, scan: LateScan) -> None:
        """Record one; where its question had been heard all the same, commit what that reserved."""
        store = self._store
        decision = await store.record(
            scan.code,
            scan.place,
            Claim(at=scan.at, granted=True, degraded=True),
            nonce=scan.nonce,
            persons=scan.persons,
            operator=scan.operator,
        )
        if scan.place.hold_ms is None or not decision.replayed or decision.event is None:
            return
        row = await store.grant(decision.event)
        if row is not None:
            with suppress(NotPossible, UnknownEvent):
                await store.passage(row)


def _line(scan: LateScan) -> Line:
    return Line(
        code=scan.code,
        reader=scan.place.reader,
        direction=scan.place.direction,
        at=scan.at,
        nonce=scan.nonce,
        persons=scan.persons,
        operator=scan.operator,
    )
