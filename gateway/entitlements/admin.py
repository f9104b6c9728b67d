"""What keeps the store besides scans: feed, stream, occupancy, rebuild; never in a scan's way.

Uses redis-py on connections of its own, built with no retries: what may be repeated is repeated by
its caller, who knows (libraries repeat stamps). Raises `StoreUnavailable` for every trouble.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.entitlements.library import library
from gateway.entitlements.packing import (
    PHASE,
    Row,
    product_text,
    seller_fields,
    session_text,
    stamps_in,
    state_fields,
)
from gateway.errors import StoreUnavailable
from gateway.tickets.event import EventRow

type Phase = Literal["loading", "catching_up", "ready", "stale"]
type SpaceMode = Literal["normal", "free", "locked", "evacuate"]

KEPT_MS = 10 * 60 * 1000
"""How long streamed events stay, for replays, undo and history without the database."""
CHUNK = 50
"""Tickets put in one call: half a millisecond of the store's time, so no scan waits for long."""


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """What the site file says of a space.

    ``full``: refuse or warn at capacity. ``anti_passback_min``: forgiven so many minutes after the
    last move; 0: never.
    """

    id: str
    parent: str | None
    capacity: int | None
    full: Literal["refuse", "warn"] = "refuse"
    anti_passback: Literal["off", "soft", "hard"] = "off"
    anti_passback_min: int = 0


@dataclass(frozen=True, slots=True)
class SpaceState:
    """Persons in a space now, and its mode."""

    id: str
    inside: int
    reserved: int
    mode: SpaceMode


@dataclass(frozen=True, slots=True)
class Meta:
    """The store's epoch and phase; ``epoch`` ``None``: an empty store.

    A store whose records have another version's form is ``stale``.
    """

    epoch: int | None
    phase: Phase
    tally: Mapping[str, int]


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable from error


class StoreAdmin:
    """The store of one site for everything but scans."""

    def __init__(self, url: str, site: str) -> None:
        self.site = site
        # Any: redis-py annotates its commands for its blocking and its asynchronous client at once
        self.client: Any = redis.Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=5,
            socket_connect_timeout=2,
            health_check_interval=0,
            decode_responses=False,
        )
        self._library = library()

    def key(self, name: str) -> str:
        """Name a key of this site."""
        return f"{{{self.site}}}{name}"

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.aclose()

    async def _call(self, function: str, keys: Sequence[str], *arguments: str | int) -> Any:
        async with _asking():
            return await self.client.fcall(
                self._library.name(function), len(keys), *keys, *arguments
            )

    # --- the stream of events

    async def read_events(self, after: str, count: int) -> list[tuple[bytes, bytes]]:
        """Read events behind a place in the stream: (stream id, line), at most ``count``."""
        async with _asking():
            found = await self.client.xrange(self.key("events"), f"({after}", "+", count)
        return [(place, fields[b"e"]) for place, fields in found]

    async def wait_events(self, after: str, timeout_ms: int) -> bool:
        """Wait until there is an event behind ``after``, at most ``timeout_ms`` (< 5,000)."""
        async with _asking():
            return bool(
                await self.client.xread({self.key("events"): after}, count=1, block=timeout_ms)
            )

    async def has_event(self, place: str) -> bool:
        """Tell whether the stream still has the event at a place."""
        async with _asking():
            return bool(await self.client.xrange(self.key("events"), place, place))

    async def trim(self, position: str, *, exactly: bool = False) -> None:
        """Drop events behind the streamer's position that are older than ten minutes.

        By whole pieces of the stream, which costs the store nothing, or ``exactly``.
        """
        async with _asking():
            seconds, _ = await self.client.time()
            limit = min(int(position.partition("-")[0]), int(seconds) * 1000 - KEPT_MS)
            await self.client.xtrim(
                self.key("events"), minid=str(max(limit, 0)), approximate=not exactly
            )

    async def recent(self, count: int) -> list[EventRow]:
        """Read the newest events, newest first."""
        async with _asking(), self.client.pipeline(transaction=False) as pipe:
            pipe.hget(self.key("meta"), "epoch")
            pipe.xrevrange(self.key("events"), count=count)
            epoch, entries = await pipe.execute()
        if epoch is None:
            return []
        return [
            EventRow.parse(f"{epoch.decode()}-{place.decode()}", fields[b"e"].decode())
            for place, fields in entries
        ]

    async def events_of(self, code: str, after: str) -> list[EventRow]:
        """Find a ticket's events behind a place in the stream (a look through all of them)."""
        meta = await self.meta()
        written = code.replace("\\", "\\\\")  # as a line of COPY text has it
        needle, found, place = f"\t{written}\t".encode(), [], after
        while batch := await self.read_events(place, 5000):
            found += [
                EventRow.parse(f"{meta.epoch}-{stream_id.decode()}", line.decode())
                for stream_id, line in batch
                if needle in line
            ]
            place = batch[-1][0].decode()
        return [row for row in found if row.ticket_code == code]

    # --- spaces

    async def configure_spaces(self, spaces: Iterable[SpaceFacts]) -> None:
        """Write what the site file says of the spaces."""
        facts = {space.id: _facts(space) for space in spaces}
        if facts:
            async with _asking():
                await self.client.hset(self.key("spaces"), mapping=facts)

    async def spaces(self) -> list[SpaceState]:
        """Tell occupancy and mode of every configured space."""
        async with _asking():
            found = await self.client.hgetall(self.key("spaces"))
        return [
            SpaceState(
                id=name.decode(),
                inside=int(found.get(b"i:" + name, 0)),
                reserved=int(found.get(b"r:" + name, 0)),
                mode=found.get(b"m:" + name, b"normal").decode(),
            )
            for name in sorted(found)
            if b":" not in name
        ]

    async def set_mode(self, space: str, mode: SpaceMode) -> None:
        """Set a space's mode."""
        async with _asking():
            if mode == "normal":
                await self.client.hdel(self.key("spaces"), f"m:{space}")
            else:
                await self.client.hset(self.key("spaces"), f"m:{space}", mode)

    async def restore_inside(self, inside: Mapping[str, int]) -> None:
        """Put occupancy back after a rebuild."""
        if inside:
            async with _asking():
                await self.client.hset(
                    self.key("spaces"),
                    mapping={f"i:{space}": persons for space, persons in inside.items()},
                )

    # --- the feed

    async def put_products(self, rows: Iterable[Row]) -> None:
        """Put products; an older ``rev`` than known changes nothing."""
        await self._put_catalogue((f"p:{row['id']}", row["rev"], product_text(row)) for row in rows)

    async def put_sessions(self, rows: Iterable[Row]) -> None:
        """Put sessions; an older ``rev`` than known changes nothing."""
        await self._put_catalogue((f"s:{row['id']}", row["rev"], session_text(row)) for row in rows)

    async def drop_catalogue(
        self, gone: Iterable[tuple[Literal["product", "session"], str, int]]
    ) -> None:
        """Forget products and sessions that were deleted: (kind, id, rev)."""
        await self._put_catalogue((f"{kind[0]}:{name}", rev, "") for kind, name, rev in gone)

    async def _put_catalogue(self, entries: Iterable[tuple[str, int, str]]) -> None:
        arguments: list[str | int] = [value for entry in entries for value in entry]
        for start in range(0, len(arguments), 3 * CHUNK):
            await self._call(
                "put_catalogue", [self.key("catalogue")], *arguments[start : start + 3 * CHUNK]
            )

    async def put_tickets(self, rows: Sequence[Row]) -> None:
        """Put tickets as sellers wrote them (columns of the ticket, and ``rev``).

        The gate's own fields are never touched; a destroyed ticket stays destroyed; an older
        ``rev`` than known changes nothing.

        Raises:
            StoreUnavailable: no answer, or a rebuild is loading: put again later.
        """
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            arguments: list[str | int] = ["feed"]
            for row in chunk:
                arguments += (row["rev"], seller_fields(row), "")
            await self._put(chunk, arguments)

    async def forget_tickets(self, codes: Sequence[str]) -> None:
        """Forget tickets as if they had never been.

        Raises:
            StoreUnavailable: no answer, or a rebuild is loading: forget again later.
        """
        if (await self.meta()).phase not in {"ready", "catching_up"}:
            raise StoreUnavailable
        prefix = self.key("t:")
        async with _asking():
            await self.client.unlink(*(prefix + code for code in codes))

    async def rewrite(self, position: str) -> None:
        """Have the store keep nothing of what it has forgotten, in its stream and in its file."""
        with suppress(RedisError, OSError, StoreUnavailable):
            await self.trim(position, exactly=True)
            await self.client.bgrewriteaof()

    async def forget_events(self, code: str, position: str) -> None:
        """Take a ticket's events up to the streamer's position out of the stream.

        The one at the position stays until it is trimmed: by it the streamer knows the stream.
        """
        places = [row.event_id.partition("-")[2] for row in await self.events_of(code, "0-0")]
        gone = [place for place in places if _place(place) < _place(position)]
        if gone:
            async with _asking():
                await self.client.xdel(self.key("events"), *gone)

    async def load_tickets(self, rows: Sequence[Row]) -> None:
        """Put tickets together with their state, while a rebuild loads.

        A ticket that is there already keeps its state: it has been used meanwhile.
        """
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            arguments: list[str | int] = ["load"]
            for row in chunk:
                arguments += (row["rev"], seller_fields(row), state_fields(row))
            await self._put(chunk, arguments)
            await asyncio.sleep(0)

    async def _put(self, rows: Sequence[Row], arguments: Sequence[str | int]) -> None:
        prefix = self.key("t:")
        keys = [self.key("meta"), *(prefix + row["code"] for row in rows)]
        if await self._call("put", keys, *arguments) == b"unavailable":
            raise StoreUnavailable

    # --- epochs and rebuild

    async def meta(self) -> Meta:
        """Read epoch, phase and the day's decisions by outcome."""
        async with _asking():
            found = await self.client.hgetall(self.key("meta"))
        epoch = found.get(b"epoch")
        return Meta(
            epoch=int(epoch) if epoch else None,
            phase=found.get(PHASE.encode(), b"stale" if epoch else b"loading").decode(),
            tally={
                name[2:].decode(): int(value)
                for name, value in found.items()
                if name.startswith(b"n:")
            },
        )

    async def epoch(self) -> int | None:
        """Tell the epoch; ``None``: an empty store."""
        async with _asking():
            found = await self.client.hget(self.key("meta"), "epoch")
        return None if found is None else int(found)

    async def tally(self) -> Mapping[str, int]:
        """Tell the day's decisions: ``granted`` and each reason, with how often."""
        return (await self.meta()).tally

    async def begin(self, epoch: int) -> None:
        """Start an epoch: codes that are not there get ``store_unavailable`` until `finish`."""
        await self._ensure_library()
        async with _asking():
            await self.client.hset(self.key("meta"), mapping={"epoch": epoch, PHASE: "loading"})

    async def set_phase(self, phase: Phase) -> None:
        """Set the phase; in ``stale`` nothing is decided."""
        async with _asking():
            await self.client.hset(self.key("meta"), PHASE, phase)

    async def wipe(self) -> None:
        """Remove tickets, catalogue, events and occupancy; modes and keys of people stay."""
        async with _asking():
            await self.client.unlink(*map(self.key, ("catalogue", "open", "events")))
            spaces = await self.client.hkeys(self.key("spaces"))
            counted = [name for name in spaces if name[:2] in {b"i:", b"r:", b"l:"}]
            if counted:
                await self.client.hdel(self.key("spaces"), *counted)
        async for batch in self._ticket_keys():
            async with _asking():
                await self.client.unlink(*batch)

    async def _ticket_keys(self) -> AsyncIterator[list[bytes]]:
        """Walk through the keys of all tickets, some hundred at a time."""
        cursor, pattern = 0, self.key("t:*")
        while True:
            async with _asking():
                cursor, batch = await self.client.scan(cursor, match=pattern, count=500)
            if batch:
                yield batch
            if int(cursor) == 0:
                return

    async def reopen(self, code: str, *, event: str, deadline: int) -> None:
        """Put an open reservation back, to be settled by its deadline (ms)."""
        keys = [self.key("t:" + code), self.key("spaces"), self.key("open")]
        await self._call("reopen", keys, event, deadline)

    async def _ensure_library(self) -> None:
        async with _asking():
            name = f"composteur_{self._library.version}"
            if not await self.client.function_list(name):
                await self.client.function_load(self._library.text, replace=True)

    # --- settling, proofs, settings

    async def overdue(self, now: int, count: int = 100) -> list[tuple[str, str]]:
        """List reservations whose deadline has passed: (event, code)."""
        async with _asking():
            found = await self.client.zrangebyscore(
                self.key("open"), "-inf", now, start=0, num=count
            )
        return [tuple(member.decode().split("\t", 1)) for member in found]

    async def made_by_ticket(self) -> AsyncIterator[tuple[str, int]]:
        """Walk through all stamped tickets: (code, stamps made, reservations included)."""
        prefix = len(self.key("t:").encode())
        async for batch in self._ticket_keys():
            async with _asking():
                records = await self.client.mget(batch)
            for key, record in zip(batch, records, strict=True):
                if record and (made := stamps_in(record)):
                    yield key[prefix:].decode(), made

    async def settings(self) -> tuple[str, str]:
        """Tell ``appendfsync`` (``off`` without a log) and ``maxmemory-policy``."""
        async with _asking():
            found = await self.client.config_get("appendonly", "appendfsync", "maxmemory-policy")
        texts = {_text(name): _text(value) for name, value in found.items()}
        sync = texts.get("appendfsync", "unknown") if texts.get("appendonly") == "yes" else "off"
        return sync, texts.get("maxmemory-policy", "unknown")


def _facts(space: SpaceFacts) -> str:
    """Write a space's facts as the functions read them (``functions/spaces.lua``)."""
    capacity = "" if space.capacity is None else space.capacity
    forgiven_ms = space.anti_passback_min * 60_000
    return f"{space.parent or ''}|{capacity}|{space.full[0]}|{space.anti_passback[0]}|{forgiven_ms}"


def _place(text: str) -> tuple[int, int]:
    ms, _, number = text.partition("-")
    return int(ms), int(number)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
