"""Those who watch the venue live, and the one poller of this process that serves them.

While somebody listens, the store is asked five times a second for its newest events, its spaces and
the day's decisions; so a dashboard shows all gateways and workers of a site without any bus between
them. What is told is written once, however many listen. A listener that reads slowly keeps the
newest state of each thing, never a growing queue.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import orjson

from config import Site
from gateway.entitlements.admin import SpaceState
from gateway.errors import StoreUnavailable
from gateway.http.services import Services
from gateway.tickets.event import EventRow
from gateway.venue.answers import Answers, Document
from gateway.venue.spaces import space_documents

EVERY_S: Final = 0.2
SCANS_PER_TICK: Final = 4
"""Twenty a second: as many as a person can see go by."""
FIGURES_EVERY: Final = 10
"""Ticks between two looks at the figures; they are told each time, so that silence is a loss."""
LOOKED_AT: Final = 50
SHOWN: Final = 50
QUEUED: Final = 40
"""Scans kept for a dashboard that reads slowly: two seconds of them."""
LISTENERS: Final = 200

type Written = tuple[bytes, bytes]
"""A scan as an event of the stream, without its end: for operators, for all others."""


class Listener:
    """One dashboard: what it has not been sent yet."""

    def __init__(self, *, operator: bool) -> None:
        self.operator = operator
        self.wake = asyncio.Event()
        self._newest: dict[tuple[str, str], bytes] = {}
        self._scans: deque[tuple[bytes, int]] = deque(maxlen=QUEUED)
        self._skipped = 0

    def offer(self, event: str, name: str, written: bytes) -> None:
        """Keep a state; the newest of each name wins."""
        self._newest[event, name] = written
        self.wake.set()

    def offer_scans(self, scans: Sequence[Written], skipped: int) -> None:
        """Keep scans; those that find no room are counted."""
        self._skipped += skipped
        for scan in scans:
            if len(self._scans) == self._scans.maxlen:
                self._skipped += 1 + self._scans.popleft()[1]
            self._scans.append((scan[0] if self.operator else scan[1], self._skipped))
            self._skipped = 0
        self.wake.set()

    def take(self) -> bytes:
        """Return what is new as server-sent events, and forget it."""
        self.wake.clear()
        parts = [self._newest.pop(("snapshot", ""), b"")]
        parts += [b'%b,"skipped":%d}\n\n' % scan for scan in self._scans]
        parts += self._newest.values()
        self._scans.clear()
        self._newest.clear()
        return b"".join(parts)


class Live:
    """The poller and its listeners."""

    def __init__(self, services: Services, answers: Answers) -> None:
        self._services = services
        self._answers = answers
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._spaces: dict[str, Document] = {}
        self._health: Document = {}
        self._figures: Document | None = None
        self._tally: Mapping[str, int] = {}
        self._last = ""
        self._store_ms: float | None = None
        self._changed: set[tuple[str, str]] = set()
        """Equipment and alarms that stand otherwise than they were told."""
        self.closed = False
        operations = services.operations
        operations.panel.on_change(lambda name: self._changed.add(("equipment", name)))
        operations.alarms.on_change(lambda name: self._changed.add(("alarm", name)))
        if services.site_file is not None:
            services.site_file.on_change(self._begin_again)

    @property
    def full(self) -> bool:
        """Whether there are as many listeners as one process serves."""
        return len(self._listeners) >= LISTENERS

    async def join(self, *, operator: bool) -> tuple[Listener, bytes]:
        """Begin to listen; return the listener and its snapshot."""
        listener = Listener(operator=operator)
        self._listeners.add(listener)
        self._services.metrics.live_clients = len(self._listeners)
        async with self._beginning:
            if self._task is None:
                with contextlib.suppress(StoreUnavailable):
                    await self._begin()
                self._task = asyncio.create_task(self._poll(), name="live")
        return listener, sent("snapshot", await self.snapshot(operator=operator))

    async def leave(self, listener: Listener) -> None:
        """Stop listening; the poller ends with its last listener."""
        self._listeners.discard(listener)
        self._services.metrics.live_clients = len(self._listeners)
        if not self._listeners and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def close(self) -> None:
        """Wake every listener to go."""
        self.closed = True
        for listener in self._listeners:
            listener.wake.set()

    async def snapshot(self, *, operator: bool) -> Document:
        """Write how things stand now.

        What the poller has told so far stays as it is: a change that this snapshot is the first to
        see is still news to everybody who listened before.
        """
        admin = self._services.admin
        rows: list[EventRow] = []
        tally, spaces = self._tally, self._spaces
        with contextlib.suppress(StoreUnavailable):
            tally = (await admin.meta()).tally
            spaces = self._documents(await admin.spaces())
            rows = await admin.recent(SHOWN)
        if self._figures is None:
            await self._look_at_figures()
        return {
            "spaces": list((spaces or self._documents(())).values()),
            "equipment": self._services.operations.panel.documents(),
            "alarms": self._services.operations.alarms.documents(),
            "scans": [self._scan(row, operator=operator) for row in rows if row.kind == "s"],
            "health": self._state_of_health(tally),
            "figures": self._figures,
        }

    async def _begin(self) -> None:
        """Note how things stand before the first snapshot: whatever changes from here on is told.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        admin = self._services.admin
        self._changed.clear()
        self._tally = (await admin.meta()).tally
        self._spaces = self._documents(await admin.spaces())
        if rows := await admin.recent(1):
            self._last = rows[0].event_id

    async def _poll(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(EVERY_S)
            ticks += 1
            with contextlib.suppress(StoreUnavailable):
                await self._look()
            self._tell_changed()
            if ticks % FIGURES_EVERY == 0:
                await self._look_at_figures()
                self._tell("figures", "figures", self._figures or {})
            health = self._state_of_health(self._tally)
            if health != self._health:
                self._health = health
                self._tell("health", "health", health)

    async def _look(self) -> None:
        admin, monotonic = self._services.admin, self._services.monotonic
        self._store_ms, asked_at = None, monotonic()
        tally = (await admin.meta()).tally
        self._store_ms = round((monotonic() - asked_at) * 1000, 2)
        rows = await admin.recent(LOOKED_AT)
        if rows and rows[0].event_id != self._last:
            self._tell_scans(rows, sum(tally.values()) - sum(self._tally.values()))
        self._tally = tally
        spaces = self._documents(await admin.spaces())
        for name, document in spaces.items():
            if self._spaces.get(name) != document:
                self._tell("occupancy", name, document)
        self._spaces = spaces

    async def _look_at_figures(self) -> None:
        """Work the figures out; without the store they are those it had, and it is said so."""
        figures = self._services.operations.figures
        with contextlib.suppress(StoreUnavailable):
            await figures.look()
        now = self._answers.when(self._services.store.now())
        self._figures = figures.document(now, self._store_ms)

    def _tell_scans(self, rows: Sequence[EventRow], decided: int) -> None:
        """Show the newest scans; ``decided`` is how many there were by the day's count."""
        unseen: list[EventRow] = []
        for row in rows:
            if row.event_id == self._last:
                break
            unseen.append(row)
        self._last = rows[0].event_id
        scans = [row for row in unseen if row.kind == "s"]
        shown = scans[:SCANS_PER_TICK][::-1]
        if not shown:
            return
        happened = len(scans) if len(unseen) < len(rows) else max(len(scans), decided)
        written = [self._written(row) for row in shown]
        for listener in self._listeners:
            listener.offer_scans(written, happened - len(shown))

    def _tell_changed(self) -> None:
        """Tell of equipment and alarms, each once however often it changed."""
        operations = self._services.operations
        write = {"equipment": operations.panel.document, "alarm": operations.alarms.document}
        changed, self._changed = self._changed, set()
        for event, name in changed:
            with contextlib.suppress(KeyError):  # gone with a change of the site file
                self._tell(event, name, write[event](name))

    async def _begin_again(self, _site: Site) -> None:
        """Show everybody another site."""
        self._figures = None
        for listener in list(self._listeners):
            snapshot = await self.snapshot(operator=listener.operator)
            listener.offer("snapshot", "", sent("snapshot", snapshot))

    def _tell(self, event: str, name: str, document: Document) -> None:
        written = sent(event, document)
        for listener in self._listeners:
            listener.offer(event, name, written)

    def _written(self, row: EventRow) -> Written:
        """Write a scan as an event up to its last brace: for operators, for all others."""
        for_operators = sent("scan", self._scan(row, operator=True))[:-3]
        return for_operators, sent("scan", self._scan(row, operator=False))[:-3]

    def _scan(self, row: EventRow, *, operator: bool) -> Document:
        """Write a scan for a screen: no name, and the code itself for operators only."""
        document = self._answers.event(row)
        code = row.ticket_code
        if code and not operator:
            document["ticket_code"] = f"…{code[-4:]}" if len(code) > 8 else "…"  # noqa: PLR2004
        return document

    def _documents(self, states: Iterable[SpaceState]) -> dict[str, Document]:
        return space_documents(self._services.operations, states)

    def _state_of_health(self, tally: Mapping[str, int]) -> Document:
        report = self._services.health()
        return {
            "ready": report.ready,
            "degraded": list(report.degraded),
            "durability": report.durability,
            "today": dict(tally),
        }


def sent(event: str, document: Document) -> bytes:
    """Write one server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), orjson.dumps(document))
