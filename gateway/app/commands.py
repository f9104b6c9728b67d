"""What can be done with a site: serve it, alone or beside a first process; use its stores."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

import config
from config import Site
from gateway import process
from gateway.app.boards import boards_of
from gateway.app.core import FIRST, Core, core_of, taking_up
from gateway.app.first import first_of, kept_migrated
from gateway.app.http import http_at
from gateway.central.streamer import Streamer
from gateway.embedded.stores import Addresses, open_stores
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import AlreadyRunning
from gateway.venue import listening, run_file
from gateway.venue.run_file import Running
from gateway.venue.wires import SETTINGS
from gateway.venue.workers import workers as run_workers

REBUILD_LOOK_S: Final = 0.05
TOOLS_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Serving:
    """How a gateway is served: its site file, which it may write or not, by so many processes."""

    site_file: Path
    read_only: bool
    workers: int
    attached: bool


async def serve(site: Site, serving: Serving, say: process.Say) -> None:
    """Run a gateway until it is told to stop."""
    process.configure_logging()
    async with process.until_told(attached=serving.attached), _gateway(site, serving, say):
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
        core_of(
            site,
            told.addresses,
            process=number,
            file=Path(told.site_file),
            read_only=told.read_only,
        ) as core,
        taking_up(core),
    ):
        opened = listening.listener(site.http.host, told.port, shared=True)
        async with http_at(core, opened):
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
        async with core_of(site, Addresses(running.redis, running.postgres, running.mqtt)) as core:
            yield core
        return
    async with (
        stores_of(site, lambda _: None) as addresses,
        kept_migrated(addresses.postgres) as migrated,
        core_of(site, addresses) as core,
        first_of(core, migrated=migrated) as first,
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
    read_only: bool
    port: int
    addresses: Addresses


def _worker_command(number: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "gateway.cli", "serve", "--worker", str(number))


# --- a gateway ------------------------------------------------------------------------------------


@asynccontextmanager
async def _gateway(site: Site, serving: Serving, say: process.Say) -> AsyncIterator[None]:
    """Start everything in order; leave it in the opposite order."""
    site_file, count = serving.site_file, serving.workers
    if running := run_file.find(site.stores.state_dir):
        raise AlreadyRunning(site.stores.state_dir, running.pid)
    opened = listening.first_listener(site.http.host, site.http.port, shared=count > 1)
    url = listening.url(opened, secure=site.http.tls_cert is not None)
    async with AsyncExitStack() as stack:
        stack.callback(opened.close)
        steps = process.Steps(say)
        addresses = await stack.enter_async_context(stores_of(site, say, mqtt=site.stores.mqtt))
        steps.done("stores started")
        migrated = await stack.enter_async_context(kept_migrated(addresses.postgres))
        core = await stack.enter_async_context(
            core_of(site, addresses, process=FIRST, file=site_file, read_only=serving.read_only)
        )
        first = await stack.enter_async_context(first_of(core, migrated=migrated))
        if migrated.is_set():
            # A store gone back in time decides about nobody before that is noticed.
            await first.rebuild.looked.wait()
        await stack.enter_async_context(boards_of(core))
        await stack.enter_async_context(http_at(core, opened, first))
        await stack.enter_async_context(taking_up(core))
        running = Running(
            pid=os.getpid(),
            http=url,
            redis=addresses.redis,
            postgres=addresses.postgres,
            mqtt=addresses.mqtt,
        )
        stack.enter_context(run_file.published(site.stores.state_dir, running))
        if count > 1:
            port = opened.getsockname()[1]
            orders = Orders(str(site_file), serving.read_only, port, addresses)
            await stack.enter_async_context(
                run_workers(count - 1, _worker_command, msgspec.json.encode(orders))
            )
        await core.health.until_ready()
        process.settle_memory()
        steps.done("entitlement store ready")
        say(f"ready {url}")
        yield


@asynccontextmanager
async def stores_of(
    site: Site, say: process.Say, *, mqtt: str | None = None
) -> AsyncIterator[Addresses]:
    """Make a site's stores available: its own, or private ones."""
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
