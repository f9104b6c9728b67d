"""Brings an entitlement store to the state of the central database.

An empty store, one that has gone back in time (an old file, a failover), one filled from another
database: each gets a new epoch, is told to be loading, takes one snapshot of the tickets with their
state, then the to-do list, and is ready. Of several gateways one does it; the others wait. While it
loads, tickets that are there are decided and the others are ``store_unavailable``, never unknown.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from gateway.central.connection import Central, unavailable
from gateway.central.feed import Feed
from gateway.central.streamer import START, Streamer
from gateway.entitlements.admin import Meta, SpaceFacts, StoreAdmin
from gateway.errors import DatabaseUnavailable, StoreUnavailable

log = structlog.get_logger(__name__)

RETRY_S = 0.25
_LOCK = "SELECT pg_try_advisory_lock(hashtext('composteur.rebuild'), hashtext($1))"


@dataclass(slots=True)
class Progress:
    """How far a rebuild is: tickets loaded of those to be loaded."""

    loaded: int = 0
    total: int = 0


class Rebuild:
    """Keeps the store of a site the one its database means.

    Args:
        admin: the store.
        central: the database.
        feed: its tickets.
        streamer: its events; rests while the store is put right.
        spaces: the site's spaces, written into the store.
        report: told of the progress.
    """

    def __init__(
        self,
        admin: StoreAdmin,
        central: Central,
        feed: Feed,
        streamer: Streamer,
        spaces: Sequence[SpaceFacts],
        *,
        report: Callable[[Progress], None] = lambda _progress: None,
    ) -> None:
        self.progress = Progress()
        self.ready = asyncio.Event()
        """Set while the store is the one its database means."""
        self.looked = asyncio.Event()
        """Set once the store has been compared: a wrong one decides about nobody any more."""
        self._admin = admin
        self._central = central
        self._feed = feed
        self._streamer = streamer
        self._spaces = spaces
        self._report = report
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._distrusted: int | None = None
        self._busy = False

    def want(self) -> None:
        """Look at the store: it has no epoch."""
        if not self._wanted.is_set():
            self.ready.clear()
            self._wanted.set()

    async def distrust(self) -> None:
        """Put the store right from the database: it has lost what the database has seen.

        Unless it has just been put right, or is about to be: the streamer then only has to look at
        its new epoch.
        """
        if self._busy:
            return
        epoch, _ = await self._books()
        if self._streamer.epoch != epoch:
            self._streamer.resume()
            return
        self._distrusted = epoch  # by its number: another gateway may be first to replace it
        self.want()

    async def run(self) -> None:
        """Put the store right whenever that is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                done = await self._look()
            except (StoreUnavailable, DatabaseUnavailable):
                done = False
            self.looked.set()
            if done:
                self.ready.set()
            else:
                self._wanted.set()
                await asyncio.sleep(RETRY_S)

    async def _look(self) -> bool:
        """Look, and put right what is wrong; False where another gateway is at it."""
        site = self._admin.site
        await self._central.execute("sites.register", site)
        if await self._is_right():
            await self._go_on()
            return True
        async with self._alone() as alone:
            if not alone:
                return False
            self._busy = True
            try:
                if not await self._is_right():
                    await self._put_right()
                await self._go_on()
            finally:
                self._busy = False
            return True

    async def _is_right(self) -> bool:
        meta = await self._admin.meta()
        epoch, position = await self._books()
        return (
            meta.epoch == epoch
            and meta.phase == "ready"
            and epoch != self._distrusted
            and (position == START or await self._admin.has_event(position))
        )

    async def _go_on(self) -> None:
        await self._admin.configure_spaces(self._spaces)
        self._distrusted = None
        self._streamer.resume()

    async def _books(self) -> tuple[int, str]:
        """Tell the epoch and the position that the database knows."""
        row = await self._central.fetchrow("sites.read", self._admin.site)
        if row is None:
            raise DatabaseUnavailable("The database does not know this site.")
        return int(row["epoch"]), str(row["position"])

    async def _put_right(self) -> None:
        meta = await self._admin.meta()
        epoch, _ = await self._books()
        goes_on = meta.epoch == epoch and meta.phase in {"loading", "catching_up"}
        if not goes_on or epoch == self._distrusted:
            await self._start_over(meta)
        self.looked.set()
        await self._load()

    async def _start_over(self, meta: Meta) -> None:
        site = self._admin.site
        log.info("store.rebuild", site=site, epoch=meta.epoch, phase=meta.phase)
        if meta.epoch is not None:
            await self._admin.set_phase("stale")
            await self._streamer.drain_all()
            await self._admin.wipe()
        epoch = await self._central.fetchval("sites.new_epoch", site)
        inside = await self._central.fetch("sites.spaces", site)
        await self._admin.configure_spaces(self._spaces)
        await self._admin.restore_inside({row["space"]: row["inside"] for row in inside})
        await self._admin.begin(epoch)

    async def _load(self) -> None:
        self.progress = Progress()

        def loaded(count: int, total: int) -> None:
            self.progress = Progress(count, total)
            self._report(self.progress)

        async for chunk in self._feed.snapshot(loaded):
            match chunk.kind:
                case "product":
                    await self._admin.put_products(chunk.rows)
                case "session":
                    await self._admin.put_sessions(chunk.rows)
                case _:
                    await self._admin.load_tickets(chunk.rows)
        for row in await self._central.fetch("sites.reservations", self._admin.site):
            await self._admin.reopen(row["code"], event=row["event_id"], deadline=row["deadline"])
        await self._admin.set_phase("catching_up")
        await self._feed.catch_up()
        await self._admin.set_phase("ready")
        log.info("store.ready", site=self._admin.site, tickets=self.progress.loaded)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """Hold the site's lock in the database; it goes with the connection."""
        connection = await self._central.connect()
        try:
            with unavailable():
                alone = bool(await connection.fetchval(_LOCK, self._admin.site))
            yield alone
        finally:
            await connection.close(timeout=1)
