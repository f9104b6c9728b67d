"""A real entitlement store on the bench: one-line builders, a clock that tests move."""

import itertools
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, override
from zoneinfo import ZoneInfo

from gateway.entitlements.admin import SpaceFacts, StoreAdmin
from gateway.entitlements.packing import fields_of
from gateway.entitlements.place import Direction, Place, Way
from gateway.entitlements.store import EntitlementStore
from gateway.tickets.event import EventRow
from gateway.tickets.model import NEW, Product, Session, Ticket, TicketState, TicketWindow
from gateway.tickets.scan import Scan, Space, Venue
from tests.integration.entitlements.records import Record, state_of_record

PARIS = ZoneInfo("Europe/Paris")
NOON = 1_781_344_800_000
"""12:00 on Saturday 13 June 2026 in Paris."""
MINUTE = 60_000
HOLD_MS = 20_000
FOR_EVER = 2**53
"""Later than any deadline: by then every reservation still open is overdue."""

type Fields = dict[str, Any]

_sites = itertools.count(1)


class ClockedStore(EntitlementStore):
    """The store with a clock that stands still until a test moves it; nothing comes too late."""

    def __init__(self, url: str, site: str, **options: Any) -> None:
        super().__init__(url, site, PARIS, wall=time.time, **options)
        self.time = NOON

    @override
    def now(self) -> int:
        return self.time

    @override
    def _today(self, now: int) -> str:
        return self.day_of(now)

    @override
    def _how(self, place: Place, way: Way) -> bytes:
        operation, flags, _, day, persons, operator = way
        return super()._how(place, (operation, flags, None, day, persons, operator))


class Bench:
    """A store with its admin, on a site of its own."""

    def __init__(self, url: str, site: str) -> None:
        self.url = url
        self.store = ClockedStore(url, site)
        self.admin = StoreAdmin(url, site)
        self.venue = Venue()
        self.hold_ms = HOLD_MS
        self._codes = itertools.count(1)
        self._revs = itertools.count(1)

    # --- building

    async def set_venue(self, venue: Venue) -> None:
        """Write the spaces with their modes and their persons."""
        self.venue = venue
        spaces = venue.spaces.values()
        await self.admin.configure_spaces(map(facts_of, spaces))
        await self.admin.restore_inside({space.id: space.inside for space in spaces})
        for space in spaces:
            await self.admin.set_mode(space.id, space.mode.value)
            if space.reserved:
                await self.admin.client.hset(
                    self.admin.key("spaces"), f"r:{space.id}", space.reserved
                )

    async def a_space(self, name: str = "hall", **fields: Any) -> None:
        """Add a space."""
        space = Space(name, **fields)
        await self.set_venue(replace(self.venue, spaces={**self.venue.spaces, name: space}))

    async def a_product(self, name: str = "visit", **fields: Any) -> Product:
        """Put a product."""
        product = Product(name, **fields)
        await self.admin.put_products([{"rev": next(self._revs)} | asdict(product)])
        return product

    async def a_session(self, name: str, **fields: Any) -> Session:
        """Put a session, usually at noon."""
        usual: Fields = {"product": "visit", "starts_at": NOON}
        session = Session(name, **usual | fields)
        await self.admin.put_sessions([{"rev": next(self._revs)} | asdict(session)])
        return session

    async def a_ticket(
        self,
        code: str | None = None,
        *,
        stamps: int | None = 1,
        state: TicketState = NEW,
        product: Fields | None = None,
        **fields: Any,
    ) -> str:
        """Put a ticket of a product of its own; return its code."""
        code = code or f"TICKET{next(self._codes):06}"
        name = fields.pop("of", None) or f"of-{code[-12:]}"
        await self.a_product(name, **{"max_stamps": stamps} | (product or {}))
        await self.load(Ticket(code, name, **fields), state)
        return code

    async def put(self, ticket: Ticket, *, rev: int | None = None) -> None:
        """Put a ticket as the feed does."""
        await self.admin.put_tickets([ticket_row(ticket, rev or next(self._revs))])

    async def load(self, ticket: Ticket, state: TicketState) -> None:
        """Put a ticket with its state as a rebuild does."""
        await self.admin.load_tickets([ticket_row(ticket, next(self._revs)) | state_row(state)])

    def place(
        self,
        reader: str = "north-1",
        space: str = "hall",
        direction: Direction = "entry",
        *,
        reserves: bool = False,
    ) -> Place:
        """Return a reader's place."""
        chain = self.venue.chain(space)
        return Place(reader, space, chain, direction, self.hold_ms if reserves else None)

    # --- looking

    async def record(self, code: str) -> Record:
        """Read a ticket's record as it lies there."""
        return fields_of((await self.admin.client.get(self.admin.key(f"t:{code}"))).decode())

    async def state(self, code: str) -> TicketState:
        """Read a ticket's state from its record."""
        return state_of_record(await self.record(code))

    async def events(self) -> list[EventRow]:
        """Read the whole stream."""
        epoch = await self.admin.epoch()
        return [
            EventRow.parse(f"{epoch}-{place.decode()}", line.decode())
            for place, line in await self.admin.read_events("0-0", 1_000_000)
        ]

    async def inside(self) -> dict[str, int]:
        """Read how many persons are in each space."""
        return {space.id: space.inside for space in await self.admin.spaces()}

    async def reserved(self) -> dict[str, int]:
        """Read how many persons are awaited in each space."""
        return {space.id: space.reserved for space in await self.admin.spaces()}


@asynccontextmanager
async def a_bench(url: str, site: str | None = None) -> AsyncIterator[Bench]:
    """Open a store on a site nobody else has: epoch 1, ready."""
    bench = Bench(url, site or f"site{next(_sites)}")
    try:
        await bench.admin.begin(1)
        await bench.admin.set_phase("ready")
        assert await bench.store.open()
        yield bench
    finally:
        await bench.store.close()
        await bench.admin.close()


def facts_of(space: Space) -> SpaceFacts:
    """Say of a space what the site file says."""
    return SpaceFacts(
        id=space.id,
        parent=space.parent,
        capacity=space.capacity,
        full=space.full.value,
        anti_passback=space.anti_passback.value,
        anti_passback_min=space.anti_passback_min,
    )


def ticket_row(ticket: Ticket, rev: int) -> Fields:
    """Return a ticket as a row of the feed."""
    windows = None if ticket.windows is None else [*map(_window_row, ticket.windows)]
    return asdict(ticket) | {"rev": rev, "windows": windows}


def _window_row(window: TicketWindow) -> Fields:
    row: Fields = {"session": window.session} if window.session else {}
    for name, at in () if window.session else (("from", window.starts), ("until", window.until)):
        row[name] = None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat()
    if window.spaces:
        row["spaces"] = list(window.spaces)
    if window.stamps is not None:
        row["stamps"] = window.stamps
    return row


def state_row(state: TicketState) -> Fields:
    """Return a state as the columns a rebuild reads; of a new ticket there is no row."""
    fields: Fields = {name: getattr(state, name) for name in TicketState.__slots__}
    if state.destroyed_at is None:
        del fields["destroyed_at"]  # the seller may have destroyed it
    return fields | {"made": None if state == NEW else state.made}


def flags_of(scan: Scan) -> str:
    """Write what is known before the ticket is looked at as the store's letters."""
    letters: Mapping[str, bool] = {
        "c": scan.closed,
        "o": scan.out_of_service,
        "f": scan.free,
        "b": scan.bad_signature,
        "t": scan.stale_code,
    }
    return "".join(letter for letter, is_set in letters.items() if is_set)


def counted(rows: Iterable[EventRow]) -> tuple[int, int]:
    """Add up what events count: persons in (exits taken off) and stamps."""
    persons = stamps = 0
    for row in rows:
        sign = -1 if row.direction == "x" else 1
        persons += sign * int(row.counted_persons or 0)
        stamps += int(row.counted_stamps or 0)
    return persons, stamps
