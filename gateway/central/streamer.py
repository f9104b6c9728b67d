"""Carries the events of a site's stream into the central database, each exactly once.

The position, the last entry taken, lies in the database and moves in the same transaction as the
events, what they add to attendance and the state of their tickets. So nothing needs to be told to
the store: after any crash the streamer reads its position and goes on from there. Lines are not
looked into here; PostgreSQL reads them as the store wrote them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import asyncpg
import structlog

from gateway.central.connection import Central, told, unavailable
from gateway.central.rolling import Roller
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.tickets.event import EventRow

if TYPE_CHECKING:
    from gateway.central.pool import Connection

log = structlog.get_logger(__name__)

STAGED = (
    "event_id",
    "placed_at",
    "after_place",
    *EventRow._fields[2:-2],
    "told_memory",
    "deadline",
)
"""The columns of a line as it is staged: its id, its place, then as the store wrote it."""

SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
"""Between attempts to reach the database again."""

ROLL_EVERY_S = 15.0
"""Between looks whether an hour is over, which is then rolled up for the reports."""

ROLL_AGAIN_S = 0.05
"""Where years are to be rolled up: between two steps, of a few tenths of a second each."""

IDLE_S = 1.0
"""Between looks while nothing happens."""

LOOK_S = 60.0
"""After a ticket's first stamp met a state in the database: all are looked for, for so long."""

START = "0-0"
"""The position before the first entry."""

_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What PostgreSQL raises for a line it will never take."""

type Entry = tuple[bytes, bytes]
"""An entry of the stream: its id and its line."""


class SpaceCount(Protocol):
    """How many persons a space holds."""

    @property
    def id(self) -> str:
        """The space."""

    @property
    def inside(self) -> int:
        """Persons in it."""


class EventStore(Protocol):
    """The side of the entitlement store that the streamer sees."""

    async def epoch(self) -> int | None:
        """Answer the epoch the store was built with; ``None``: it is empty."""

    async def read_events(self, after: str, count: int) -> Sequence[Entry]:
        """Answer the entries after a position, oldest first."""

    async def wait_events(self, after: str, timeout_ms: int) -> object:
        """Return when there is an entry after the position, or in vain when the time is over."""

    async def has_event(self, position: str) -> bool:
        """Tell whether the entry at this position is in the stream."""

    async def trim(self, position: str) -> object:
        """Let go what lies before the position and is old enough."""

    async def spaces(self) -> Iterable[SpaceCount]:
        """Answer the spaces with the persons inside."""


class Streamer:
    """Streams one site's events; of several gateways of a site one streams, the others stand by.

    Args:
        central: The central database.
        store: The entitlement store of the site.
        site: The site's id.
        clock: The time in milliseconds.
        timezone: The site's, by name: the local day of an event is left out of its line.
        store_went_back: Awaited when the stream no longer holds the entry at our position or the
            store is of another epoch. Streaming rests until `resume`.
        calls: Which webhooks are to be told of what: pairs of both names. Calls are made in the
            transaction of their events.
        batch: Entries of one transaction at most.
        gather_ms: With much traffic, how long to let entries gather for one transaction.
    """

    def __init__(
        self,
        central: Central,
        store: EventStore,
        site: str,
        *,
        clock: Callable[[], int],
        timezone: str,
        store_went_back: Callable[[], Awaitable[object]],
        calls: Callable[[], Sequence[tuple[str, str]]] = tuple,
        batch: int = 2_000,
        gather_ms: int = 200,
    ) -> None:
        self.position = START
        self.epoch = 0
        self.lag_events = 0
        """Entries known to wait; at least: more may lie behind a full batch."""
        self.healthy = False
        """Events arrive in the database, from here or from another gateway."""
        self.leading = False
        """It is this gateway that streams."""
        self.last_error: str | None = None
        self.rejected = 0
        """Lines the database refused since the start: an alarm while it is not 0."""
        self.counted = 0
        """Events taken since the start."""
        self._central = central
        self._store = store
        self._site = site
        self._clock = clock
        self._timezone = timezone
        self._store_went_back = store_went_back
        self._calls = calls
        self._batch = batch
        self._gather_s = gather_ms / 1000
        self._waiting_since: int | None = None
        self._months: set[int] = set()
        self._may_stream = asyncio.Event()
        self._may_stream.set()
        self._look_until = 0.0
        self._trim_at = 0.0
        self._mirror_at = 0.0
        self._roll_at = 0.0

    @property
    def lag_s(self) -> float:
        """Age of the oldest entry known to wait."""
        if self._waiting_since is None:
            return 0.0
        return max(0.0, (self._clock() - self._waiting_since) / 1000)

    async def run(self) -> None:
        """Stream until cancelled, over every absence of the database and of the store."""
        pause_s = SHORTEST_PAUSE_S
        while True:
            try:
                await self._session()
            except StoreUnavailable as error:
                self.last_error = str(error)  # who owns the store's link says so in the log
                pause_s = 0.2
            except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                if _is_cancelled():
                    raise asyncio.CancelledError from error
                self.last_error = str(error)
                if self.healthy:
                    pause_s = SHORTEST_PAUSE_S
                if isinstance(error, asyncpg.PostgresError) and pause_s == SHORTEST_PAUSE_S:
                    # An absence is told once for the whole gateway, by its health.
                    log.warning("streamer.failed", error=told(error), position=self.position)
                self.healthy = False
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                await self._look_at_backlog()
            finally:
                self.leading = False
            await asyncio.sleep(pause_s)

    def resume(self) -> None:
        """Stream again after `store_went_back`; position and epoch are read anew."""
        self._may_stream.set()

    # --- one connection --------------------------------------------------------------------------

    async def _session(self) -> None:
        connection = await self._central.connect()
        try:
            with unavailable():
                await self._prepare(connection)
                while not await self._lead(connection):
                    await self._read_site(connection)
                    self._well()
                    await asyncio.sleep(1)
                await self._read_site(connection)
                await self._stream(connection)
        finally:
            await _close(connection)

    async def _prepare(self, connection: "Connection") -> None:
        await connection.execute(self._sql("settings"))
        await connection.execute(self._sql("stage"))

    async def _lead(self, connection: "Connection") -> bool:
        self.leading = bool(await connection.fetchval(self._sql("lead"), self._site))
        return self.leading

    async def _read_site(self, connection: "Connection") -> None:
        await connection.execute(self._central.queries["sites.register"], self._site)
        row = await connection.fetchrow(self._central.queries["sites.read"], self._site)
        if row is None:
            raise DatabaseUnavailable("The central database has lost this site.")
        self.position, self.epoch = row["position"], row["epoch"]

    async def _stream(self, connection: "Connection") -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun_at = loop.time()
            entries = await self._store.read_events(self.position, self._batch)
            if not await self._store_is_ours():
                await self._give_back_to_the_store()
                await self._read_site(connection)
                continue
            if not entries:
                self._well()
                self.lag_events, self._waiting_since = 0, None
                await self._housekeeping(connection, loop.time())
                wait_s = min(IDLE_S, max(0.0, self._roll_at - loop.time()))
                await self._store.wait_events(self.position, round(wait_s * 1_000) + 1)
                continue
            self.lag_events = len(entries)
            self._waiting_since = _ms(entries[0][0])
            if not await self._take(connection, entries):
                await self._read_site(connection)
                continue
            self._well()
            self.lag_events, self._waiting_since = 0, None
            await self._housekeeping(connection, loop.time())
            if len(entries) < self._batch and len(entries) > 8:  # noqa: PLR2004 - a lone scan is not kept waiting
                await asyncio.sleep(max(0.0, self._gather_s - (loop.time() - begun_at)))

    async def _store_is_ours(self) -> bool:
        """Tell, after a read, whether it was from the store our position belongs to."""
        return await self._store.epoch() == self.epoch and (
            self.position == START or await self._store.has_event(self.position)
        )

    async def _give_back_to_the_store(self) -> None:
        if self.epoch:  # 0: a site that has had no store yet
            log.warning("streamer.store_went_back", position=self.position, epoch=self.epoch)
        self._may_stream.clear()
        self.healthy = False
        self.last_error = "The entitlement store has gone back in time."
        await self._store_went_back()
        await self._may_stream.wait()

    def _well(self) -> None:
        if not self.healthy and self.last_error is not None:
            log.info("streamer.streaming_again", position=self.position)
        self.healthy, self.last_error = True, None

    async def _housekeeping(self, connection: "Connection", now_s: float) -> None:
        if now_s >= self._mirror_at:
            self._mirror_at = now_s + 1
            spaces = list(await self._store.spaces())
            if await self._store.epoch() != self.epoch:
                return  # emptied since the read: its spaces are not those of our position
            await self._central.execute(
                "sites.mirror_spaces",
                self._site,
                [space.id for space in spaces],
                [space.inside for space in spaces],
            )
        if now_s >= self._trim_at and self.position != START:
            self._trim_at = now_s + 5
            await self._store.trim(self.position)
        if now_s >= self._roll_at:
            await self._roll(connection, now_s)

    async def _roll(self, connection: "Connection", now_s: float) -> None:
        """Roll up what is over; a failure keeps no event waiting: reports read what is not."""
        try:
            more = await self._roller().step(connection, self._clock())
        except asyncpg.PostgresError as error:
            if _is_cancelled():
                raise
            log.warning("streamer.rolling_failed", error=told(error))
            more = False
        self._roll_at = now_s + (ROLL_AGAIN_S if more else ROLL_EVERY_S)

    async def _look_at_backlog(self) -> None:
        """With the database away, keep telling how long events have been waiting."""
        try:
            entries = await self._store.read_events(self.position, 1)
        except StoreUnavailable:
            return
        if entries:
            self.lag_events = max(self.lag_events, 1)
            self._waiting_since = _ms(entries[0][0])

    # --- one batch -------------------------------------------------------------------------------

    async def _take(self, connection: "Connection", entries: Sequence[Entry]) -> bool:
        """Take entries that follow our position; ``False``: somebody else has moved it."""
        try:
            return await self._first_or_later(connection, entries)
        except _REFUSED as error:
            if len(entries) == 1:
                return await self._reject(connection, entries[0], error)
            middle = len(entries) // 2
            return await self._take(connection, entries[:middle]) and await self._take(
                connection, entries[middle:]
            )

    async def _first_or_later(self, connection: "Connection", entries: Sequence[Entry]) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._look_until:
            try:
                return await self._transaction(connection, entries, may_be_first=True)
            except asyncpg.UniqueViolationError as error:
                if error.table_name != "ticket_state":
                    raise
                # Undone stamps, deleted tickets, another site's: where one is, there are others.
                self._look_until = now_s + LOOK_S
        return await self._transaction(connection, entries, may_be_first=False)

    async def _transaction(
        self, connection: "Connection", entries: Sequence[Entry], *, may_be_first: bool
    ) -> bool:
        position = entries[-1][0].decode()
        async with connection.transaction():
            await self._copy(connection, entries, self.epoch)
            row = await connection.fetchrow(self._sql("lock"), self._site, self._timezone)
            if row is None or row["position"] != self.position or row["epoch"] != self.epoch:
                return False
            months = await self._partitions(connection, row["earliest"], row["latest"])
            await connection.execute(self._sql("record"), self._site)
            if row["earliest"] < row["rolled_until"]:
                await self._roller().late(connection, row["hours_until"])
            await self._call(connection)
            first = may_be_first and row["first_stamps"]
            if not first and _repeats(entries):
                await connection.execute(self._sql("fold"))
            day = row["last_day"] if row["first_day"] == row["last_day"] else None
            state = "first_state" if first else "state"
            await connection.execute(self._sql(state), self._timezone, day)
            await connection.execute(self._sql("advance"), self._site, position)
        # Old months are asked for each time: their partitions may be dropped (retention.py).
        if months:
            known = self._months | months
            self._months = {month for month in known if month > max(known) - 3}
        self.position = position
        self.counted += len(entries)
        return True

    async def _copy(self, connection: "Connection", entries: Sequence[Entry], epoch: int) -> None:
        prefix = b"%d-" % epoch
        lines = [
            b"%b%b\t%b\t%b\n" % (prefix, id_, id_.partition(b"-")[0], line) for id_, line in entries
        ]
        await connection.copy_to_table(
            "staged_line",
            schema_name="pg_temp",
            columns=STAGED,
            source=_whole(b"".join(lines)),
            format="text",
            null="",
        )

    async def _call(self, connection: "Connection") -> None:
        """Make calls to webhooks of what is staged; whoever sends them reads them from here."""
        if wanted := self._calls():
            webhooks, types = zip(*wanted, strict=True)
            await connection.execute(
                self._central.queries["webhooks.call"], self._site, webhooks, types
            )

    async def _partitions(self, connection: "Connection", earliest: int, latest: int) -> set[int]:
        """Make the partitions that a batch needs; answer the months that are there then."""
        months = set(range(_month(earliest), _month(latest) + 1))
        if months <= self._months:
            return set()
        await connection.execute(self._sql("partitions"))
        # Months between that no event fell in were not made.
        return {min(months), max(months)}

    async def _reject(
        self, connection: "Connection", entry: Entry, error: asyncpg.PostgresError
    ) -> bool:
        position = entry[0].decode()
        async with connection.transaction():
            row = await connection.fetchrow(self._sql("lock"), self._site, self._timezone)
            if row is None or row["position"] != self.position or row["epoch"] != self.epoch:
                return False
            await connection.execute(
                self._sql("reject"), self._site, position, entry[1], str(error)
            )
            await connection.execute(self._sql("skip"), self._site, position)
        self.position = position
        self._note_refused(entry, error)
        return True

    # --- recovery --------------------------------------------------------------------------------

    async def drain_all(self) -> int:
        """Save every event of the stream that the database does not have; answer how many.

        For a store that has gone back in time and is about to be emptied: what it did since then is
        kept. The position stays; the next epoch starts its own.
        """
        epoch = await self._store.epoch()
        if epoch is None:
            return 0
        connection = await self._central.connect(command_timeout=60)
        try:
            with unavailable():
                await self._prepare(connection)
                # The stream is about to go: here a commit has to wait for the disk.
                await connection.execute("SET synchronous_commit = on")
                saved, after = 0, START
                while entries := await self._store.read_events(after, self._batch):
                    saved += await self._save(connection, entries, epoch)
                    after = entries[-1][0].decode()
                return saved
        finally:
            await _close(connection)

    async def _save(self, connection: "Connection", entries: Sequence[Entry], epoch: int) -> int:
        try:
            async with connection.transaction():
                await self._copy(connection, entries, epoch)
                await connection.execute(self._sql("drop_known"))
                row = await connection.fetchrow(self._sql("lock"), self._site, self._timezone)
                if row is None or row["earliest"] is None:
                    return 0
                await connection.execute(self._sql("partitions"))
                count: int = await connection.fetchval("SELECT count(*) FROM staged_event")
                await connection.execute(self._sql("record"), self._site)
                await self._roller().late(connection, row["hours_until"])
                await self._call(connection)
                await connection.execute(self._sql("recovered"), self._timezone)
                await connection.execute(self._sql("advance"), self._site, None)
                return count
        except _REFUSED as error:
            if len(entries) > 1:
                middle = len(entries) // 2
                return await self._save(connection, entries[:middle], epoch) + await self._save(
                    connection, entries[middle:], epoch
                )
            self._note_refused(entries[0], error)
            await connection.execute(
                self._sql("reject"), self._site, entries[0][0].decode(), entries[0][1], str(error)
            )
            return 0

    def _note_refused(self, entry: Entry, error: asyncpg.PostgresError) -> None:
        self.rejected += 1
        log.error("streamer.line_refused", position=entry[0].decode(), error=told(error))

    def _roller(self) -> Roller:
        return Roller(self._central.queries, self._site, self._timezone)

    def _sql(self, name: str) -> str:
        return self._central.queries[f"streamer.{name}"]


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    """Hand all bytes over at once: asyncpg takes plain bytes for the name of a file."""
    yield data


def _repeats(entries: Sequence[Entry]) -> bool:
    """Tell whether a ticket may have several lines here, all of which the database could read."""
    codes = {line.split(b"\t", 4)[3] for _, line in entries}
    return len(codes) < len(entries)


def _ms(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])


def _month(ms: int) -> int:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.year * 12 + moment.month


async def _close(connection: "Connection") -> None:
    try:
        await connection.close(timeout=1)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


def _is_cancelled() -> bool:
    """Tell whether an error of asyncpg stands in the place of our own cancellation."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
