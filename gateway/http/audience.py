"""Those who watch the venue live, and the one poller of this process that serves them.

While somebody listens, the store is asked ten times a second for its newest events, its spaces and
the day's decisions; so a dashboard shows all gateways and workers of a site without any bus between
them. A listener that reads slowly keeps the newest state of each thing, never a growing queue.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import orjson

from config import Site
from gateway.entitlements.admin import SpaceState
from gateway.errors import StoreUnavailable
from gateway.http.services import Services
from gateway.tickets.event import EventRow
from gateway.venue.answers import Answers, Document
from gateway.venue.spaces import space_documents

EVERY_S = 0.1
SCANS_PER_TICK = 2
"""Twenty a second: as many as a person can see go by."""
LOOKED_AT = 25
SHOWN = 50
QUEUED = 40
"""Scans kept for a dashboard that reads slowly: two seconds of them."""
LISTENERS = 200


class Listener:
    """One dashboard: what it has not been sent yet."""

    def __init__(self, *, operator: bool) -> None:
        self.operator = operator
        self.wake = asyncio.Event()
        self._newest: dict[tuple[str, str], Document] = {}
        self._scans: deque[Document] = deque(maxlen=QUEUED)
        self._skipped = 0

    def offer(self, event: str, name: str, document: Document) -> None:
        """Keep a state; the newest of each name wins."""
        self._newest[event, name] = document
        self.wake.set()

    def offer_scans(self, rows: Sequence[Document], skipped: int) -> None:
        """Keep scans; those that find no room are counted."""
        self._skipped += skipped
        for row in rows:
            if len(self._scans) == self._scans.maxlen:
                self._skipped += 1 + self._scans.popleft().get("skipped", 0)
            self._scans.append({**row, "skipped": self._skipped})
            self._skipped = 0
        self.wake.set()

    def take(self) -> bytes:
        """Return what is new as server-sent events, and forget it."""
        self.wake.clear()
        anew = self._newest.pop(("snapshot", ""), None)
        parts = [] if anew is None else [sent("snapshot", anew)]
        parts += [sent("scan", scan) for scan in self._scans]
        parts += [sent(event, document) for (event, _), document in self._newest.items()]
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
        self._spaces: dict[str, Document] = {}
        self._health: Document = {}
        self._tally: Mapping[str, int] = {}
        self._last = ""
        self.closed = False
        operations = services.operations
        operations.panel.on_change(partial(self._tell_one, "equipment", operations.panel.document))
        operations.alarms.on_change(partial(self._tell_one, "alarm", operations.alarms.document))
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
        snapshot = await self.snapshot(operator=operator)
        if self._task is None:
            self._task = asyncio.create_task(self._poll(), name="live")
        return listener, sent("snapshot", snapshot)

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
        """Write how things stand now."""
        admin = self._services.admin
        rows: list[EventRow] = []
        with contextlib.suppress(StoreUnavailable):
            self._tally = (await admin.meta()).tally
            self._spaces = self._documents(await admin.spaces())
            rows = await admin.recent(SHOWN)
            if rows and not self._last:
                self._last = rows[0].event_id
        return {
            "spaces": list((self._spaces or self._documents(())).values()),
            "equipment": self._services.operations.panel.documents(),
            "alarms": self._services.operations.alarms.documents(),
            "scans": [self._scan(row, operator=operator) for row in rows if row.kind == "s"],
            "health": self._state_of_health(),
        }

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            with contextlib.suppress(StoreUnavailable):
                await self._look()
            health = self._state_of_health()
            if health != self._health:
                self._health = health
                self._tell("health", "health", health)

    async def _look(self) -> None:
        admin = self._services.admin
        tally = (await admin.meta()).tally
        rows = await admin.recent(LOOKED_AT)
        if rows and rows[0].event_id != self._last:
            self._tell_scans(rows, sum(tally.values()) - sum(self._tally.values()))
        self._tally = tally
        spaces = self._documents(await admin.spaces())
        for name, document in spaces.items():
            if self._spaces.get(name) != document:
                self._tell("occupancy", name, document)
        self._spaces = spaces

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
        happened = len(scans) if len(unseen) < len(rows) else max(len(scans), decided)
        for listener in self._listeners:
            documents = [self._scan(row, operator=listener.operator) for row in shown]
            if documents:
                listener.offer_scans(documents, happened - len(shown))

    def _tell_one(self, event: str, write: Callable[[str], Document], name: str) -> None:
        if self._listeners:
            self._tell(event, name, write(name))

    async def _begin_again(self, _site: Site) -> None:
        """Show everybody another site."""
        for listener in list(self._listeners):
            listener.offer("snapshot", "", await self.snapshot(operator=listener.operator))

    def _tell(self, event: str, name: str, document: Document) -> None:
        for listener in self._listeners:
            listener.offer(event, name, document)

    def _scan(self, row: EventRow, *, operator: bool) -> Document:
        """Write a scan for a screen: no name, and the code itself for operators only."""
        document = self._answers.event(row)
        code = row.ticket_code
        if code and not operator:
            document["ticket_code"] = f"…{code[-4:]}" if len(code) > 8 else "…"  # noqa: PLR2004
        return document

    def _documents(self, states: Iterable[SpaceState]) -> dict[str, Document]:
        return space_documents(self._services.operations, states)

    def _state_of_health(self) -> Document:
        report = self._services.health()
        return {
            "ready": report.ready,
            "degraded": list(report.degraded),
            "durability": report.durability,
            "today": dict(self._tally),
        }


def sent(event: str, document: Document) -> bytes:
    """Write one server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), orjson.dumps(document))
