"""Has orders be here as they are at their seller's: asked, read, written, one at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import aiohttp

from config import Source
from gateway.central.connection import Central
from gateway.errors import DatabaseValueError
from gateway.venue.alarms import Alarms
from gateway.venue.sources.orders import nothing, sold
from gateway.venue.sources.pretix import Date, Item, Order, Pretix, SourceUnavailable

AT_ONCE: Final = 4
"""Orders fetched side by side, each with a connection to the database."""
ALARM: Final = "source"
OVERLAP: Final = timedelta(minutes=5)
"""So far may the seller's clock be behind ours."""

type _Write = Callable[["_Shop", Order | None], Awaitable["Refreshed"]]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of orders: their tickets, how many have changed; and what cannot be kept."""

    tickets: int
    changed: int
    rejected: tuple[str, ...] = ()


class Sources:
    """The sources of a site.

    Args:
        central: The central database.
        sources: Those of the site file as it is now.
        zone: The site's, where an event names none.
        clock: Milliseconds since the epoch.
        alarms: Told of a seller that does not answer, or says what cannot be kept.
    """

    def __init__(
        self,
        central: Central,
        sources: Callable[[], Sequence[Source]],
        zone: ZoneInfo,
        clock: Callable[[], int],
        alarms: Alarms | None = None,
    ) -> None:
        self._central = central
        self._sources = sources
        self._zone = zone
        self._clock = clock
        self._alarms = alarms
        self._turns = asyncio.Semaphore(AT_ONCE)

    def find(self, name: str) -> Source | None:
        """Return a source by its id."""
        return next((each for each in self._sources() if each.id == name), None)

    async def refresh(self, source: Source, event: str, code: str) -> Refreshed:
        """Fetch one order and write it as it is.

        Raises:
            SourceUnavailable: The seller does not answer; nothing has changed.
            DatabaseUnavailable: The database does not.
            DatabaseValueError: It does not take what the seller says.
        """
        with self._telling(source):
            async with self._turns, _asking(source) as shop, self._writing(event, code) as write:
                found = await shop.pretix.order(event, code)
                return await write(shop, found)

    async def refresh_all(
        self, source: Source, event: str, progress: Callable[[int], object] = lambda _: None
    ) -> Refreshed:
        """Fetch all orders of an event, for the first time or after messages were lost.

        Raises:
            SourceUnavailable: The seller does not answer; what was fetched stands.
            DatabaseUnavailable: The database does not.
        """
        tickets = changed = 0
        rejected: list[str] = []
        begun_at = datetime.fromtimestamp(self._clock() / 1000, UTC) - OVERLAP
        async with _asking(source) as shop:
            async for listed in shop.pretix.orders(event):
                try:
                    async with self._writing(event, listed.code) as write:
                        done = await write(shop, listed)
                except DatabaseValueError as error:
                    rejected.append(f"{listed.code}: {error.field}: {error.detail}")
                    continue
                tickets, changed = tickets + done.tickets, changed + done.changed
                progress(tickets)
        # A list is older than the orders in it: what has changed meanwhile is asked for by itself.
        async with _asking(source) as shop:
            async for listed in shop.pretix.orders(event, begun_at.isoformat()):
                with suppress(DatabaseValueError):
                    changed += (await self.refresh(source, event, listed.code)).changed
        return Refreshed(tickets, changed, tuple(rejected))

    @contextmanager
    def _telling(self, source: Source) -> Iterator[None]:
        """Have operators know of what went wrong, until an order is written again."""
        try:
            yield
        except (SourceUnavailable, DatabaseValueError) as error:
            if self._alarms is not None:
                said = (
                    str(error) if isinstance(error, SourceUnavailable) else _unkept(source, error)
                )
                self._alarms.raise_(ALARM, reason=source.id, text=said)
            raise
        if self._alarms is not None:
            self._alarms.clear(ALARM, reason=source.id)

    @asynccontextmanager
    async def _writing(self, event: str, code: str) -> AsyncIterator[_Write]:
        """Hold an order until it is written: whoever asks later writes later."""
        async with self._central.acquire() as connection, connection.transaction():
            lock = self._central.queries["sold.lock"]
            await connection.execute(lock, f"{event} {code}")

            async def write(shop: "_Shop", order: Order | None) -> Refreshed:
                if order is None or order.testmode:
                    rows = nothing(event, code)
                else:
                    items = {
                        each.item: await shop.item(event, each.item) for each in order.positions
                    }
                    dates = {
                        each.subevent: await shop.date(event, each.subevent)
                        for each in order.positions
                    }
                    zone = ZoneInfo((await shop.date(event, None)).timezone or str(self._zone))
                    rows = sold(order, event, items, dates, zone)
                changed = await self._central.put_order(connection, rows)
                return Refreshed(len(rows.tickets), changed)

            yield write


class _Shop:
    """A shop while it is asked for a while: what many orders name is asked for once."""

    def __init__(self, pretix: Pretix) -> None:
        self.pretix = pretix
        self._items: dict[tuple[str, int], Item] = {}
        self._dates: dict[tuple[str, int | None], Date] = {}

    async def item(self, event: str, id_: int) -> Item:
        key = (event, id_)
        if key not in self._items:
            self._items[key] = await self.pretix.item(event, id_)
        return self._items[key]

    async def date(self, event: str, subevent: int | None) -> Date:
        key = (event, subevent)
        if key not in self._dates:
            self._dates[key] = await self.pretix.date(event, subevent)
        return self._dates[key]


@asynccontextmanager
async def _asking(source: Source) -> AsyncIterator[_Shop]:
    async with aiohttp.ClientSession() as session:
        yield _Shop(Pretix(session, source))


def _unkept(source: Source, error: DatabaseValueError) -> str:
    """Say which field of an order cannot be kept, without its value."""
    return f"{source.id}: an order cannot be kept: {error.field}: {error.detail}"
