"""What every process of a site has: its stores, and what is built on them."""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

import config
from config import Examined, Site
from gateway import process
from gateway.central.code_keys import CodeKeyTable
from gateway.central.connection import Central
from gateway.central.keys import KeyTable
from gateway.embedded.stores import Addresses
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.code_keys import CodeKeyShelf
from gateway.entitlements.store import EntitlementStore
from gateway.http.metrics import Metrics
from gateway.people.desk import KeyDesk
from gateway.people.identity import Key
from gateway.people.shelf import RedisShelf
from gateway.venue import health as health_words
from gateway.venue.admitting import Admitting
from gateway.venue.audit import Anchors
from gateway.venue.code_desk import CodeDesk
from gateway.venue.health import Health
from gateway.venue.late import LateScans
from gateway.venue.late_journal import Journal
from gateway.venue.operations import Operations, operations
from gateway.venue.readers import places
from gateway.venue.reload import SiteFile
from gateway.venue.tasks import kept_going
from gateway.venue.times import Times
from gateway.venue.wires import SETTINGS

STORE_PATIENCE_S: Final = 5.0
FIRST: Final = 1
"""The number of a gateway's first process."""


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
    code_desk: CodeDesk
    health: Health
    late: LateScans
    operations: Operations
    admitting: Admitting
    metrics: Metrics
    site_file: SiteFile | None
    """Of a process that serves."""


def clock() -> int:
    """Tell the time: milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def core_of(
    site: Site,
    addresses: Addresses,
    *,
    process: int | None = None,
    file: Path | None = None,
    read_only: bool = False,
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
        metrics = Metrics()
        people = operations(site, admin, store, times.write, lambda: metrics.tallies)
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
        code_desk = CodeDesk(
            CodeKeyTable(central, site.id), CodeKeyShelf(admin), clock, secrets.token_bytes
        )
        site_file = None
        if file is not None:
            first = process == FIRST
            site_file = SiteFile(
                file, site, _examine, people.bus, people.alarms, speaks=first, read_only=read_only
            )
            site_file.on_change(people.take_up)
            health.words += [lambda: site_file.degraded, people.degraded]
        yield Core(
            site, addresses, store, admin, central, shelf, rows, desk, code_desk, health, late,
            people, Admitting(people.bus), metrics, site_file,
        )  # fmt: skip


def anchors_of(core: Core) -> Anchors:
    """Return where the end of the audit's chain is written down."""
    return Anchors(core.admin, core.site.stores.state_dir / "audit.anchor")


def _examine(text: str, path: Path) -> Examined:
    return config.examine_text(text, path, os.environ, SETTINGS)


@asynccontextmanager
async def taking_up(core: Core) -> AsyncIterator[None]:
    """Follow the site file; SIGHUP has every process look at it at once."""
    file = core.site_file
    if file is None:
        yield
        return
    with process.at_hangup(file.tell):
        async with kept_going(site_file=file.run):
            yield


def site_now(core: Core) -> Site:
    """Return the site as its file says it now."""
    return core.site if core.site_file is None else core.site_file.site


async def _ping(central: Central) -> None:
    async with central.acquire() as connection:
        await connection.execute("SELECT 1")
