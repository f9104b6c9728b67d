"""A venue in the test's own process: real stores, real wires, the runtime between them."""

import asyncio
import inspect
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import config
from config import Site
from gateway.central.connection import Central
from gateway.central.streamer import Streamer
from gateway.entitlements.admin import SpaceFacts, StoreAdmin
from gateway.entitlements.store import EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.tickets.messages import message
from gateway.venue.admitting import Admitting
from gateway.venue.answers import Answers
from gateway.venue.boards import Boards
from gateway.venue.late import LateScans
from gateway.venue.machines import machine_of
from gateway.venue.needs import Needs
from gateway.venue.operations import Operations, operations
from gateway.venue.settlements import Settlements
from gateway.venue.settling import keep_settling, prolong
from gateway.venue.tasks import kept_going
from gateway.venue.times import Times
from gateway.venue.wires import SETTINGS, Wires

SITE = "museum"
PARIS = ZoneInfo("Europe/Paris")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def a_site(*tables: str, space: str = "") -> Site:
    """Read a site of one hall with these further tables."""
    text = f"""
[site]
id = "{SITE}"
timezone = "Europe/Paris"
[stores]
mqtt = "embedded"
[[space]]
id = "hall"
name = "Great hall"
{space}
"""
    return config.parse("\n".join([text, *tables]), Path("/site.toml"), None, SETTINGS)


def a_gate(name: str, *, direction: str = "entry", keys: str = "") -> str:
    """Write a gate of ours on MQTT, on a board of its own."""
    return f"""
[[controller]]
id = "board-{name}"
driver = "mqtt"
[[equipment]]
id = "{name}"
kind = "turnstile"
space = "hall"
direction = "{direction}"
controller = "board-{name}"
count_on = "passage"
{keys}
"""


@dataclass
class Floor:
    """The runtime of one process and what it stands on."""

    site: Site
    store: EntitlementStore
    admin: StoreAdmin
    central: Central
    operations: Operations
    boards: Boards
    late: LateScans
    scanned: list[tuple[str | None, float]] = field(default_factory=list)

    async def sell(self, *codes: str, product: str = "day", persons: int = 1) -> None:
        """Sell tickets as a seller does, and carry them to the store."""
        async with self.central.acquire() as connection:
            await connection.executemany(
                "INSERT INTO composteur.ticket (code, product, persons, audience)"
                " VALUES ($1, $2, $3, $4)",
                [(code, product, persons, "group" if persons > 1 else "individual")
                 for code in codes],
            )  # fmt: skip
        rows = await self.central.fetch("feed.tickets", list(codes), [1] * len(codes))
        await self.admin.put_tickets(rows)

    async def made(self, code: str) -> int:
        """Count the stamps of a ticket."""
        view = await self.store.look(code)
        assert view is not None
        return view.made

    async def inside(self, space: str = "hall") -> tuple[int, int]:
        """Count the persons in a space, and those who are expected at its gates."""
        for state in await self.admin.spaces():
            if state.id == space:
                return state.inside, state.reserved
        return 0, 0

    async def attendance(self) -> tuple[int, int]:
        """Sum persons and stamps that the database has counted."""
        async with self.central.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT coalesce(sum(persons), 0) AS persons, coalesce(sum(stamps), 0) AS stamps"
                " FROM composteur.attendance"
            )
        assert row is not None
        return int(row["persons"]), int(row["stamps"])

    def made_is(self, code: str, expected: int) -> Callable[[], Awaitable[bool]]:
        """Tell whether a ticket has so many stamps."""

        async def holds() -> bool:
            with suppress(StoreUnavailable):
                return await self.made(code) == expected
            return False

        return holds

    def inside_is(
        self, inside: int, reserved: int, space: str = "hall"
    ) -> Callable[[], Awaitable[bool]]:
        """Tell whether so many are in a space, and so many expected."""

        async def holds() -> bool:
            return await self.inside(space) == (inside, reserved)

        return holds

    def attendance_is(self, persons: int, stamps: int) -> Callable[[], Awaitable[bool]]:
        """Tell whether the database has counted so many."""

        async def holds() -> bool:
            return await self.attendance() == (persons, stamps)

        return holds

    def kinds_are(self, kinds: list[str]) -> Callable[[], Awaitable[bool]]:
        """Tell whether these are the kinds of all events, newest first."""

        async def holds() -> bool:
            return [event.kind for event in await self.events()] == kinds

        return holds

    async def up(self, *names: str) -> None:
        """Wait until gates are there."""
        for name in names:
            await until(lambda name=name: self.operations.panel.document(name)["link"] == "up")  # type: ignore[misc]

    async def quiet(self) -> None:
        """Wait until what is under way has arrived: books written, events in the database."""
        await asyncio.sleep(0.1)
        for lane in self.boards.lanes:
            await lane.settlements.written()

        async def streamed() -> bool:
            newest = await self.admin.recent(1)
            if not newest:
                return True
            async with self.central.acquire() as connection:
                return bool(
                    await connection.fetchval(
                        "SELECT count(*) FROM composteur.scan_event WHERE event_id = $1",
                        newest[0].event_id,
                    )
                )

        await until(streamed)

    async def events(self) -> list[Any]:
        """Read all events of the stream."""
        return list(await self.admin.recent(1000))


@asynccontextmanager
async def a_floor(
    site: Site,
    wires: Wires,
    redis_url: str,
    database_url: str,
    *,
    address: str | None = None,
    dice: Callable[[], float] = random.random,
) -> AsyncIterator[Floor]:
    """Run the venue runtime of a site."""
    admin = StoreAdmin(redis_url, SITE)
    store = EntitlementStore(redis_url, SITE, PARIS, wall=time.time)
    async with AsyncExitStack() as stack:
        central = await stack.enter_async_context(Central(database_url))
        stack.push_async_callback(admin.close)
        stack.push_async_callback(store.close)
        await _fill(admin, central, site)
        assert await store.open()
        late = LateScans(store)
        people = operations(site, admin, store, Times(PARIS).write)
        scanned: list[tuple[str | None, float]] = []
        admitting = Admitting(people.bus)
        needs = Needs(
            store=store,
            settlements=lambda lane: Settlements(
                lane, store, central, admin.read_events, partial(prolong, admin)
            ),
            late=late,
            flags=people.flags,
            panel=people.panel,
            alarms=people.alarms,
            fire=people.evacuation.fire,
            answers=Answers(Times(PARIS), SITE),
            say=lambda decision, place, language=None: message(
                decision, place, language or "en", zone=PARIS
            ),
            languages=lambda: ("en",),
            scanned=lambda _reader, reason, took_s, _persons: scanned.append((reason, took_s)),
            wall=now_ms,
            dice=dice,
            mode=people.modes.mode,
            evacuates=people.evacuation.at,
            codes=people.codes,
        )
        boards = Boards(wires, needs, machine_of, admitting, address)
        people.modes.on_change(boards.set_mode)
        people.evacuation.on_change(boards.evacuate)

        async def went_back() -> None:
            raise AssertionError("the store went back in time")

        streamer = Streamer(
            central,
            admin,
            SITE,
            clock=store.now,
            timezone=PARIS.key,
            store_went_back=went_back,
        )
        await stack.enter_async_context(
            kept_going(
                streamer=streamer.run,
                late=late.keep_recording,
                settling=partial(keep_settling, admin, store, central, store.now),
                **people.works(),
                **people.first_works(admin),
            )
        )
        await people.modes.loaded.wait()
        await stack.enter_async_context(boards.running(site))
        yield Floor(site, store, admin, central, people, boards, late, scanned)


async def _fill(admin: StoreAdmin, central: Central, site: Site) -> None:
    await central.execute("sites.register", SITE)
    async with central.acquire() as connection:
        await connection.execute("UPDATE composteur.site SET epoch = 1")
        await connection.execute(
            "INSERT INTO composteur.product (id, label) VALUES ('day', 'Day ticket')"
        )
        await connection.execute(
            "INSERT INTO composteur.product (id, label, max_stamps) VALUES ('ten', 'Ten', 10)"
        )
    await admin.begin(1)
    await admin.set_phase("ready")
    await admin.configure_spaces(
        [SpaceFacts(each.id, each.parent, each.capacity, each.full) for each in site.spaces]
    )
    await admin.put_products(await central.fetch("feed.products", ["day", "ten"], [1, 1]))


async def until(holds: Callable[[], Any], *, within_s: float = 5.0) -> None:
    """Wait until something holds; it may be a coroutine function."""
    async with asyncio.timeout(within_s):
        while True:
            found = holds()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.01)
