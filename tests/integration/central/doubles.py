"""The store as streamer and feed see it, and builders of what it writes."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import asyncpg

from gateway.tickets.event import EventRow

NOW = 1_795_255_200_000  # 2026-11-21T10:00:00Z
CODE = "KRSXG5CTNVZA2"


def an_event(**columns: object) -> bytes:
    """Write a line as the store would: a stamp of one person at north-1, unless said otherwise."""
    given: dict[str, object] = {
        "at": NOW,
        "kind": "s",
        "ticket_code": CODE,
        "product": "adult",
        "space": "hall",
        "reader": "north-1",
        "direction": "e",
        "decision": "g",
        "persons": 1,
        "counted_persons": 1,
        "counted_stamps": 1,
        "made": 1,
        "day": 20261121,
        "made_on_day": 1,
        "first_at": 0,
        "first_reader": "=",
        "last_at": 0,
        "last_reader": "=",
        "inside": "=",
        "inside_persons": 1,
        "moved_at": 0,
        **columns,
    }
    for name in ("first_at", "last_at", "moved_at", "destroyed_at"):
        if given.get(name) == 0:
            given[name] = given["at"]
    texts = {name: "" if value is None else str(value) for name, value in given.items()}
    texts["event_id"] = f"0-{NOW}-1"  # every entry of `Stream` lies at this place
    return EventRow(**{name: texts.get(name, "") for name in EventRow._fields}).line().encode()


def a_refusal(**columns: object) -> bytes:
    """Write a refused scan, which touches no ticket's state."""
    nothing: dict[str, object] = dict.fromkeys(
        (*EventRow._fields[EventRow._fields.index("made") :], "counted_persons", "counted_stamps")
    )
    return an_event(**(nothing | {"decision": "d", "reason": "unknown_ticket"} | columns))


@dataclass(slots=True)
class Space:
    id: str
    inside: int


@dataclass(slots=True)
class Stream:
    """A stream of events in memory."""

    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    store_epoch: int | None = 0
    trimmed: list[str] = field(default_factory=list)
    counts: list[Space] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, *lines: bytes) -> str:
        """Add events and answer the last one's place."""
        for line in lines:
            self.entries.append((b"%d-%d" % (NOW, len(self.entries) + 1), line))
        self.news.set()
        return self.entries[-1][0].decode()

    async def epoch(self) -> int | None:
        return self.store_epoch

    async def read_events(self, after: str, count: int) -> Sequence[tuple[bytes, bytes]]:
        return [entry for entry in self.entries if _place(entry[0].decode()) > _place(after)][
            :count
        ]

    async def wait_events(self, after: str, timeout_ms: int) -> bool:
        self.news.clear()
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await self.news.wait()
        except TimeoutError:
            return False
        return True

    async def has_event(self, position: str) -> bool:
        return any(id_.decode() == position for id_, _ in self.entries)

    async def trim(self, position: str) -> None:
        self.trimmed.append(position)

    async def spaces(self) -> Iterable[Space]:
        return self.counts


def _place(position: str) -> tuple[int, ...]:
    return tuple(map(int, position.split("-")))


@dataclass(slots=True)
class Sink:
    """Takes what the feed puts, as a store would: a lower `rev` changes nothing."""

    products: dict[str, asyncpg.Record] = field(default_factory=dict)
    sessions: dict[str, asyncpg.Record] = field(default_factory=dict)
    tickets: dict[str, asyncpg.Record] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    largest: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def put_products(self, rows: Sequence[asyncpg.Record]) -> None:
        self._put("product", self.products, rows, "id")

    async def put_sessions(self, rows: Sequence[asyncpg.Record]) -> None:
        self._put("session", self.sessions, rows, "id")

    async def put_tickets(self, rows: Sequence[asyncpg.Record]) -> None:
        self._put("ticket", self.tickets, rows, "code")

    async def drop_catalogue(
        self, gone: Iterable[tuple[Literal["product", "session"], str, int]]
    ) -> None:
        for kind, id_, _ in gone:
            (self.products if kind == "product" else self.sessions).pop(id_, None)
        self.news.set()

    async def forget_tickets(self, codes: Sequence[str]) -> None:
        for code in codes:
            self.tickets.pop(code, None)
        self.news.set()

    def _put(
        self, kind: str, known: dict[str, Any], rows: Sequence[asyncpg.Record], key: str
    ) -> None:
        self.largest = max(self.largest, len(rows))
        for row in rows:
            self.order.append(kind)
            if row[key] not in known or row["rev"] >= known[row[key]]["rev"]:
                known[row[key]] = row
        self.news.set()

    async def until_put(self, code: str, status: str = "active") -> asyncpg.Record:
        """Wait for a ticket to arrive with this status."""
        async with asyncio.timeout(5):
            while code not in self.tickets or self.tickets[code]["status"] != status:
                self.news.clear()
                await self.news.wait()
        return self.tickets[code]
