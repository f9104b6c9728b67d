"""Carries what sellers write to the entitlement store: the ticket feed.

The to-do list names what has changed, not how: the feed reads the rows as they are afterwards, so
that ten changes of a ticket are one put. Its entries are deleted once applied, by their numbers; an
entry that is applied twice changes nothing, for every put carries its `rev` and the store keeps the
greatest. A notification only wakes the feed; without it, it looks once a second.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import asyncpg
import structlog

from gateway.central.connection import Central, unavailable
from gateway.central.pool import told as text_of
from gateway.errors import DatabaseUnavailable, StoreUnavailable

if TYPE_CHECKING:
    from gateway.central.pool import Connection

log = structlog.get_logger(__name__)

CHANNEL = "composteur_change"
_CATALOGUE: tuple[Literal["product"], Literal["session"]] = ("product", "session")

LONGEST_PAUSE_S = 1.0

NEWEST_PART = 4
"""The newest changes taken before their turn are this part of a batch of the oldest."""

type Rows = Sequence[asyncpg.Record]
"""Rows with the columns of their query in queries/feed.sql, instants in integer milliseconds."""


class FeedStore(Protocol):
    """The side of the entitlement store that the feed sees.

    Every row has `deleted` and `rev`; a put of a lower `rev` than the store has changes nothing. A
    deleted ticket comes as a cancelled one whose `product` is null.
    """

    async def put_products(self, rows: Rows) -> object:
        """Take products."""

    async def put_sessions(self, rows: Rows) -> object:
        """Take sessions."""

    async def put_tickets(self, rows: Rows) -> object:
        """Take tickets, and leave their stamps alone."""

    async def drop_catalogue(
        self, gone: Iterable[tuple[Literal["product", "session"], str, int]]
    ) -> object:
        """Forget products and sessions that were deleted: kind, id, `rev`."""

    async def forget_tickets(self, codes: Sequence[str]) -> object:
        """Forget that there ever were these tickets."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a snapshot: rows of one kind."""

    kind: Literal["product", "session", "ticket"]
    rows: Rows


class Feed:
    """Feeds one site's store.

    Args:
        central: The central database.
        store: The entitlement store.
        site: The site's id.
        poll_s: How often to look without being told.
        batch: Entries of the to-do list taken at once.
        chunk: Rows put at once; between chunks the scans have their turn.
    """

    def __init__(
        self,
        central: Central,
        store: FeedStore,
        site: str,
        *,
        poll_s: float = 1,
        batch: int = 2_000,
        chunk: int = 200,
    ) -> None:
        self.healthy = False
        """Changes arrive in the store."""
        self.last_error: str | None = None
        self.applied = 0
        """Entries of the to-do list applied since the start."""
        self.waiting = 0
        """Entries known to wait."""
        self._central = central
        self._store = store
        self._site = site
        self._poll_s = poll_s
        self._batch = batch
        self._chunk = chunk
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Feed until cancelled, over every absence of the database and of the store."""
        pause_s = 0.1
        told = False
        while True:
            try:
                async with self._listening() as connection:
                    while True:
                        self._wake.clear()
                        await self.apply_all(connection)
                        if told:
                            log.info("feed.feeding_again", site=self._site)
                        self.healthy, self.last_error, told, pause_s = True, None, False, 0.1
                        await self._woken()
            except StoreUnavailable as error:
                self.healthy, self.last_error = False, str(error)
                pause_s = 0.2
            except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                self.healthy, self.last_error = False, str(error)
                if isinstance(error, asyncpg.PostgresError) and not told:
                    # An absence is told once for the whole gateway, by its health.
                    log.warning("feed.failed", site=self._site, error=text_of(error))
                    told = True
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def apply_all(self, connection: "Connection") -> int:
        """Work off the to-do list and answer how many entries it had."""
        applied = 0
        while count := await self._apply(connection):
            applied += count
            if count < self._batch:
                break
        self.waiting = 0
        return applied

    async def catch_up(self) -> int:
        """Work off the to-do list once, after a snapshot; answer how many entries it had."""
        connection = await self._central.connect(command_timeout=60)
        try:
            with unavailable():
                return await self.apply_all(connection)
        finally:
            connection.terminate()

    # --- the to-do list --------------------------------------------------------------------------

    @asynccontextmanager
    async def _listening(self) -> "AsyncIterator[Connection]":
        connection = await self._central.connect(command_timeout=60)
        try:
            with unavailable():
                await connection.add_listener(CHANNEL, self._notified)
                connection.add_termination_listener(self._ended)
                await register_site(self._central, self._site)
                yield connection
        finally:
            # Not `close`: it waits for a database that may not be there.
            connection.terminate()

    def _notified(self, *_: object) -> None:
        self._wake.set()

    def _ended(self, *_: object) -> None:
        self._wake.set()

    async def _woken(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _apply(self, connection: "Connection") -> int:
        changes = await connection.fetch(
            self._sql("changes"), self._site, self._batch, self._batch // NEWEST_PART
        )
        if not changes:
            return 0
        self.waiting = len(changes)
        # The last entry of an id stands for those before it.
        todo: dict[str, dict[str, int]] = {
            "product": {},
            "session": {},
            "forget": {},
            "ticket": {},
        }
        for rev, kind, id_ in changes:
            todo[kind][id_] = rev
        await self._put(connection, "products", todo["product"], self._put_products)
        await self._put(connection, "sessions", todo["session"], self._put_sessions)
        if todo["forget"]:
            await self._store.forget_tickets(list(todo["forget"]))
        await self._put(connection, "tickets", todo["ticket"], self._store.put_tickets)
        await connection.execute(self._sql("done"), [rev for rev, _, _ in changes])
        self.applied += len(changes)
        return len(changes)

    async def _put(
        self,
        connection: "Connection",
        query: str,
        revs: dict[str, int],
        put: Callable[[Rows], Awaitable[object]],
    ) -> None:
        """Read the rows as they are now and put them.

        They are read by chunks as they are put: decoding thousands at once would hold up a scan.
        """
        ids = list(revs)
        for start in range(0, len(ids), self._chunk):
            some = ids[start : start + self._chunk]
            rows = await connection.fetch(self._sql(query), some, [revs[id_] for id_ in some])
            await put(rows)
            await asyncio.sleep(0)

    async def _put_products(self, rows: Rows) -> None:
        await self._put_catalogue("product", rows, self._store.put_products)

    async def _put_sessions(self, rows: Rows) -> None:
        await self._put_catalogue("session", rows, self._store.put_sessions)

    async def _put_catalogue(
        self,
        kind: Literal["product", "session"],
        rows: Rows,
        put: Callable[[Rows], Awaitable[object]],
    ) -> None:
        there = [row for row in rows if not row["deleted"]]
        gone = [(kind, row["id"], row["rev"]) for row in rows if row["deleted"]]
        if there:
            await put(there)
        if gone:
            await self._store.drop_catalogue(gone)

    # --- everything ------------------------------------------------------------------------------

    async def snapshot(
        self, progress: Callable[[int, int], object] | None = None, *, chunk: int = 200
    ) -> AsyncIterator[Chunk]:
        """Yield all there is, as it was at one instant: tickets with the gate's record of them.

        Products come before sessions and sessions before tickets. What changes meanwhile is in the
        to-do list.

        Args:
            progress: Told how many tickets were taken, and of how many.
            chunk: Rows yielded at once.
        """
        connection = await self._central.connect(command_timeout=None)
        try:
            with unavailable():
                # A plan for all rows, not for the first ones soon.
                await connection.execute("SET cursor_tuple_fraction = 1; SET work_mem = '64MB'")
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    total = await connection.fetchval(self._sql("snapshot_size"))
                    for kind in _CATALOGUE:
                        rows = await connection.fetch(self._sql(f"snapshot_{kind}s"))
                        for start in range(0, len(rows), chunk):
                            yield Chunk(kind, rows[start : start + chunk])
                    done = 0
                    cursor = await connection.cursor(self._sql("snapshot_tickets"))
                    while rows := await cursor.fetch(chunk):
                        yield Chunk("ticket", rows)
                        done += len(rows)
                        if progress is not None:
                            progress(done, max(total, done))
        finally:
            connection.terminate()

    def _sql(self, name: str) -> str:
        return self._central.queries[f"feed.{name}"]


async def register_site(central: Central, site: str) -> None:
    """Give the site its row: from now on changes are noted for it."""
    await central.execute("sites.register", site)
