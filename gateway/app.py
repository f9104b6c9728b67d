"""The composition root: builds a gateway from a site file, starts it in order and stops it.

Every resource is one context manager, so that its start and its end stand together; `serve` enters
them one after the other and leaves them backwards, whether it is told to stop or fails half-way.
Clock and environment come into the gateway here and nowhere else.
"""

import asyncio
import os
import random
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import socket
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog
from aiohttp import web

import config
from config import Site
from gateway import process
from gateway.central.connection import Central
from gateway.central.feed import Feed
from gateway.central.keys import KeyTable
from gateway.central.schema import migrate
from gateway.central.streamer import Streamer
from gateway.embedded.stores import Addresses, open_stores
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.store import EntitlementStore
from gateway.errors import AlreadyRunning, DatabaseUnavailable, StoreUnavailable
from gateway.http.application import build_application
from gateway.http.metrics import Metrics
from gateway.http.services import HealthReport, Services, SiteFacts
from gateway.people.browser_sessions import BrowserSessions
from gateway.people.desk import KeyDesk
from gateway.people.idempotency import Idempotency
from gateway.people.identity import Key
from gateway.people.keyring import Keyring
from gateway.people.shelf import RedisShelf
from gateway.tickets.messages import message
from gateway.venue import health as health_words
from gateway.venue import listening, run_file
from gateway.venue.admitting import Admitting
from gateway.venue.answers import Answers
from gateway.venue.boards import Boards
from gateway.venue.health import Health
from gateway.venue.home_assistant import Showing
from gateway.venue.late import LateScans
from gateway.venue.late_journal import Journal
from gateway.venue.machines import machine_of
from gateway.venue.needs import Needs
from gateway.venue.operations import Operations, moving, operations
from gateway.venue.readers import places
from gateway.venue.rebuild import Rebuild
from gateway.venue.reload import SiteFile
from gateway.venue.run_file import Running
from gateway.venue.settlements import Settlements
from gateway.venue.settling import keep_settling, prolong
from gateway.venue.tasks import Work, kept_going
from gateway.venue.times import Times
from gateway.venue.wires import SETTINGS, wires
from gateway.venue.workers import workers as run_workers

STORE_PATIENCE_S: Final = 5.0
DATABASE_RETRY_S: Final = 0.5
MIRROR_EVERY_S: Final = 0.5
REBUILD_LOOK_S: Final = 0.05
HTTP_STOPS_WITHIN_S: Final = 1.0
TOOLS_PATIENCE_S: Final = 60.0
FIRST: Final = 1
"""The number of a gateway's first process."""

log = structlog.get_logger()


@dataclass(slots=True)
class Core:
    """What every process of a site has: its stores, and what is built on them."""

    site: Site
    addresses: Addresses
    store: EntitlementStore
    admin: StoreAdmin
    central: Central
    shelf: RedisShelf
    rows: KeyTable[Key]
    desk: KeyDesk
    health: Health
    late: LateScans
    operations: Operations
    admitting: Admitting
    metrics: Metrics
    site_file: SiteFile | None
    """Of a process that serves."""


@dataclass(slots=True)
class First:
    """What only the first process of a gateway has."""

    feed: Feed
    streamer: Streamer
    rebuild: Rebuild


def clock() -> int:
    """Tell the time: milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


# --- commands -------------------------------------------------------------------------------------


async def serve(
    site: Site, site_file: Path, *, workers: int, attached: bool, say: process.Say
) -> None:
    """Run a gateway until it is told to stop."""
    process.configure_logging()
    async with process.until_told(attached=attached), _gateway(site, site_file, workers, say):
        await asyncio.Event().wait()


async def serve_as_worker(number: int, orders: bytes) -> None:
    """Serve HTTP beside the first process, which sends its orders and ends us with it."""
    process.configure_logging()
    structlog.contextvars.bind_contextvars(worker=number)
    process.die_with_parent()
    told = msgspec.json.decode(orders, type=Orders)
    site = await asyncio.to_thread(config.load, Path(told.site_file), os.environ, SETTINGS)
    async with (
        process.until_told(attached=True),
        _core(site, told.addresses, process=number, file=Path(told.site_file)) as core,
        _taking_up(core),
    ):
        opened = listening.listener(site.http.host, told.port, shared=True)
        async with _http(core, opened):
            process.settle_memory()
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


@asynccontextmanager
async def tools(site: Site) -> AsyncIterator[Core]:
    """Give a command the stores of the running gateway; else start them, and stop them again."""
    process.configure_logging("error")
    running = run_file.find(site.stores.state_dir)
    if running is not None:
        async with _core(site, Addresses(running.redis, running.postgres, running.mqtt)) as core:
            yield core
        return
    async with (
        _stores(site, lambda _: None) as addresses,
        _kept_migrated(addresses.postgres) as migrated,
        _core(site, addresses) as core,
        _first(core, migrated=migrated) as first,
    ):
        async with asyncio.timeout(TOOLS_PATIENCE_S):
            await core.health.until_ready()
            await first.feed.catch_up()
        yield core
        async with asyncio.timeout(TOOLS_PATIENCE_S):
            await _until_streamed(core.admin, first.streamer)


async def rebuild_store(site: Site, say: process.Say) -> None:
    """Have the store filled anew: by the running gateway, else by us."""
    async with tools(site) as core:
        before = (await core.admin.meta()).epoch
        since = time.monotonic()
        await core.admin.set_phase("stale")  # a gateway sees it and puts it right
        meta = await core.admin.meta()
        while meta.epoch == before or meta.phase != "ready":
            await asyncio.sleep(REBUILD_LOOK_S)
            meta = await core.admin.meta()
        say(f"rebuilt in {time.monotonic() - since:.1f} s; the store is ready, epoch {meta.epoch}")


async def _until_streamed(admin: StoreAdmin, streamer: Streamer) -> None:
    """Wait until the database has every event."""
    while await admin.read_events(streamer.position, 1):  # noqa: ASYNC110  # two clocks apart
        await asyncio.sleep(0.02)


class Orders(msgspec.Struct, frozen=True):
    """What the first process tells a worker."""

    site_file: str
    port: int
    addresses: Addresses


def _worker_command(number: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "gateway.cli", "serve", "--worker", str(number))


# --- a gateway ------------------------------------------------------------------------------------


@asynccontextmanager
async def _gateway(
    site: Site, site_file: Path, count: int, say: process.Say
) -> AsyncIterator[None]:
    """Start everything in order; leave it in the opposite order."""
    if running := run_file.find(site.stores.state_dir):
        raise AlreadyRunning(site.stores.state_dir, running.pid)
    opened = listening.first_listener(site.http.host, site.http.port, shared=count > 1)
    url = listening.url(opened, secure=site.http.tls_cert is not None)
    async with AsyncExitStack() as stack:
        stack.callback(opened.close)
        steps = process.Steps(say)
        addresses = await stack.enter_async_context(_stores(site, say, mqtt=site.stores.mqtt))
        steps.done("stores started")
        migrated = await stack.enter_async_context(_kept_migrated(addresses.postgres))
        core = await stack.enter_async_context(
            _core(site, addresses, process=FIRST, file=site_file)
        )
        first = await stack.enter_async_context(_first(core, migrated=migrated))
        if migrated.is_set():
            # A store gone back in time decides about nobody before that is noticed.
            await first.rebuild.looked.wait()
        await stack.enter_async_context(_boards(core))
        await stack.enter_async_context(_http(core, opened, first))
        await stack.enter_async_context(_taking_up(core))
        running = Running(
            pid=os.getpid(),
            http=url,
            redis=addresses.redis,
            postgres=addresses.postgres,
            mqtt=addresses.mqtt,
        )
        stack.enter_context(run_file.published(site.stores.state_dir, running))
        if count > 1:
            orders = Orders(str(site_file), opened.getsockname()[1], addresses)
            await stack.enter_async_context(
                run_workers(count - 1, _worker_command, msgspec.json.encode(orders))
            )
        await core.health.until_ready()
        process.settle_memory()
        steps.done("entitlement store ready")
        say(f"ready {url}")
        yield


@asynccontextmanager
async def _stores(
    site: Site, say: process.Say, *, mqtt: str | None = None
) -> AsyncIterator[Addresses]:
    stores = site.stores
    async with open_stores(
        redis=stores.redis,
        postgres=stores.postgres,
        state_dir=stores.state_dir,
        durability=stores.durability,
        mqtt=mqtt,
        say=say,
    ) as addresses:
        yield addresses


@asynccontextmanager
async def _kept_migrated(dsn: str) -> AsyncIterator[asyncio.Event]:
    """Bring the database's schema up to date: now, or, while it is away, as soon as it answers."""
    done = asyncio.Event()

    async def keep_trying() -> None:
        while not done.is_set():
            try:
                await migrate(dsn)
            except DatabaseUnavailable:
                await asyncio.sleep(DATABASE_RETRY_S)
            else:
                done.set()
        await asyncio.Event().wait()

    try:
        await migrate(dsn)
        done.set()
    except DatabaseUnavailable as away:
        log.error("database_down", error=str(away))  # noqa: TRY400  # expected, so no traceback
    async with kept_going(migration=keep_trying):
        yield done


@asynccontextmanager
async def _core(
    site: Site, addresses: Addresses, *, process: int | None = None, file: Path | None = None
) -> AsyncIterator[Core]:
    """Connect a process to its stores; ``process`` is its number where it serves a site file."""
    store = EntitlementStore(
        addresses.redis, site.id, ZoneInfo(site.identity.timezone), wall=time.time
    )
    admin = StoreAdmin(addresses.redis, site.id)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(admin.close)
        central = await stack.enter_async_context(Central(addresses.postgres))
        stack.push_async_callback(store.close)
        await store.open(patience_s=STORE_PATIENCE_S)
        shelf = RedisShelf(admin.client, site.id)
        rows = KeyTable(central, site.id, partial(msgspec.convert, type=Key))
        off = site.stores.mqtt is not None and addresses.mqtt is None
        standing = (health_words.MQTT_OFF,) if off else ()
        health = Health(admin, partial(_ping, central), site.stores.durability, standing=standing)
        journal = None if process is None else Journal(site.stores.state_dir, process)
        late = LateScans(store, journal)
        await late.restore(places(site), adopt=process == FIRST)
        times = Times(ZoneInfo(site.identity.timezone))
        people = operations(site, admin, store, times.write)
        await stack.enter_async_context(
            kept_going(
                health=health.keep_looking,
                clock=store.keep_clock,
                late_scans=late.keep_recording,
                **({} if journal is None else {"late_journal": late.keep_writing}),
                **({"acts": people.acts.run} if process is None else people.works()),
            )
        )
        desk = KeyDesk(rows, shelf, clock)
        site_file = None
        if file is not None:
            first = process == FIRST
            site_file = SiteFile(file, site, _parse, people.bus, people.alarms, speaks=first)
            site_file.on_change(people.take_up)
            health.words += [lambda: site_file.degraded, people.degraded]
        yield Core(
            site, addresses, store, admin, central, shelf, rows, desk, health, late, people,
            Admitting(people.bus), Metrics(), site_file,
        )  # fmt: skip


def _parse(text: str, path: Path) -> Site:
    return config.parse(text, path, os.environ, SETTINGS)


@asynccontextmanager
async def _taking_up(core: Core) -> AsyncIterator[None]:
    """Follow the site file; SIGHUP has every process look at it at once."""
    file = core.site_file
    if file is None:
        yield
        return
    with process.at_hangup(file.tell):
        async with kept_going(site_file=file.run):
            yield


@asynccontextmanager
async def _first(core: Core, *, migrated: asyncio.Event) -> AsyncIterator[First]:
    """Run what one process of a gateway does for all: feed, streamer, rebuild, settling."""
    site, admin, central = core.site, core.admin, core.central
    feed = Feed(central, admin, site.id)
    streamer = Streamer(
        central,
        admin,
        site.id,
        clock=core.store.now,
        timezone=site.identity.timezone,
        store_went_back=lambda: rebuild.distrust(),  # noqa: PLW0108  # made below
    )
    rebuild = Rebuild(admin, central, feed, streamer, core.operations.opening.stored)
    core.store.on_empty = rebuild.want
    core.health.on_loading = rebuild.want
    core.health.lag_s = lambda: streamer.lag_s

    def once_migrated(work: Work) -> Work:
        async def wait_and_work() -> None:
            await migrated.wait()
            await work()

        return wait_and_work

    async with kept_going(
        rebuild=once_migrated(rebuild.run),
        feed=once_migrated(feed.run),
        streamer=once_migrated(streamer.run),
        keys=once_migrated(partial(_keep_mirrored, core)),
        settling=partial(keep_settling, admin, core.store, central, core.store.now),
        audit=once_migrated(moving(admin, central)),
        **core.operations.first_works(admin),
    ):
        yield First(feed, streamer, rebuild)


@asynccontextmanager
async def _boards(core: Core) -> AsyncIterator[Boards]:
    """Keep the wires of this gateway, and let in at its gates."""
    site, people = core.site, core.operations
    zone = ZoneInfo(site.identity.timezone)
    needs = Needs(
        store=core.store,
        settlements=lambda lane: Settlements(
            lane, core.store, core.central, core.admin.read_events, partial(prolong, core.admin)
        ),
        late=core.late,
        flags=people.flags,
        panel=people.panel,
        alarms=people.alarms,
        fire=people.evacuation.fire,
        answers=Answers(Times(zone), site.id),
        say=lambda decision, place, language=None: message(
            decision, place, language or _language(core), zone=zone
        ),
        languages=lambda: (_language(core),),
        scanned=core.metrics.scanned,
        wall=clock,
        dice=random.random,
        mode=people.modes.mode,
        evacuates=people.evacuation.at,
        first=people.opening,
    )
    on_wires = wires()
    boards = Boards(on_wires, needs, machine_of, core.admitting, core.addresses.mqtt)
    people.modes.on_change(boards.set_mode)
    people.evacuation.on_change(boards.evacuate)

    def alarm_changed(name: str) -> None:
        alarm = people.alarms.document(name)
        if alarm["acked_at"] is not None and alarm["equipment"] is not None:
            boards.acknowledged(alarm["equipment"], alarm["kind"])

    people.alarms.on_change(alarm_changed)
    waiting = "Passages and annulments that are still to be written into the store."
    core.metrics.gauge("settlements_waiting", waiting, lambda: float(boards.waiting))
    if core.site_file is not None:
        core.site_file.on_change(boards.apply)
    showing: dict[str, Work] = {}
    if site.stores.home_assistant and core.addresses.mqtt is not None:
        showing["home_assistant"] = Showing(
            on_wires,
            core.addresses.mqtt,
            operations=people,
            admin=core.admin,
            site=partial(_site_now, core),
            wall=clock,
        ).run
    async with boards.running(site), kept_going(**showing):
        yield boards


def _site_now(core: Core) -> Site:
    return core.site if core.site_file is None else core.site_file.site


def _language(core: Core) -> str:
    return _site_now(core).identity.language


async def _keep_mirrored(core: Core) -> None:
    """Make the store's copy of the keys right at start, and whenever either store returns."""
    seen = None
    while True:
        state = (core.health.store_up, core.health.database_up, core.health.loading)
        if state != seen and state == (True, True, False):
            with suppress(StoreUnavailable, DatabaseUnavailable):
                await core.desk.mirror()
                seen = state
        elif state != seen:
            seen = None
        await asyncio.sleep(MIRROR_EVERY_S)


async def _ping(central: Central) -> None:
    async with central.acquire() as connection:
        await connection.execute("SELECT 1")


@asynccontextmanager
async def _http(core: Core, opened: socket, first: First | None = None) -> AsyncIterator[None]:
    """Answer HTTP on a socket."""
    site = core.site
    application = build_application(_services(core, first))
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=HTTP_STOPS_WITHIN_S,
    )
    await runner.setup()
    try:
        await web.SockSite(
            runner, opened, ssl_context=_tls(site), backlog=listening.BACKLOG
        ).start()
        yield
    finally:
        await runner.cleanup()


def _services(core: Core, first: First | None) -> Services:
    site = core.site
    zone = ZoneInfo(site.identity.timezone)
    health = core.health
    keyring = Keyring(core.shelf, core.rows, time.monotonic)
    services = Services(
        site=_facts(site),
        store=core.store,
        admin=core.admin,
        central=core.central,
        operations=core.operations,
        keyring=keyring,
        sessions=BrowserSessions(core.shelf, keyring, time.monotonic),
        desk=core.desk,
        idempotency=Idempotency(core.shelf),
        degraded=core.late,
        health=lambda: HealthReport(health.ready, health.degraded, health.durability),
        clock=clock,
        monotonic=time.monotonic,
        message=partial(message, zone=zone),
        admit=core.admitting,
        metrics=core.metrics,
        site_file=core.site_file,
    )
    if core.site_file is not None:

        async def take_up(site: Site) -> None:
            services.site = _facts(site)

        core.site_file.on_change(take_up)
    gauge = services.metrics.gauge
    gauge("store_up", "Whether the entitlement store answers.", lambda: float(health.store_up))
    gauge("database_up", "Whether the database answers.", lambda: float(health.database_up))
    late = "Exits granted while the store was silent that are still to be recorded."
    gauge("late_scans", late, lambda: float(len(core.late)))
    links = "Equipment on wires that cannot be reached."
    gauge("links_down", links, lambda: float(core.operations.panel.links_down))
    alarms = "Alarms that are not over, or not acknowledged."
    gauge("alarms", alarms, lambda: float(len(core.operations.alarms.documents())))
    if first is not None:
        lag_s = "Age of the oldest event that is not in the database."
        gauge("stream_lag_seconds", lag_s, lambda: first.streamer.lag_s)
    return services


def _facts(site: Site) -> SiteFacts:
    return SiteFacts(
        id=site.id,
        name=site.identity.name,
        language=site.identity.language,
        timezone=ZoneInfo(site.identity.timezone),
        secure=site.http.tls_cert is not None,
    )


def _tls(site: Site) -> ssl.SSLContext | None:
    if site.http.tls_cert is None or site.http.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(site.http.tls_cert, site.http.tls_key)
    return context
