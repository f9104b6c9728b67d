"""What one process of a gateway does for all: feed, streamer, rebuild, settling, migrations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from gateway.app.core import Core, anchors_of, clock, site_now
from gateway.app.keeping import keeper_of
from gateway.central.feed import Feed
from gateway.central.schema import migrate
from gateway.central.streamer import Streamer
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.venue.answers import Answers
from gateway.venue.operations import moving
from gateway.venue.rebuild import Rebuild
from gateway.venue.settling import keep_settling
from gateway.venue.tasks import Work, kept_going
from gateway.venue.times import Times
from gateway.venue.webhooks import Webhooks

DATABASE_RETRY_S: Final = 0.5
MIRROR_EVERY_S: Final = 0.5

log = structlog.get_logger()


@dataclass(slots=True)
class First:
    """What only the first process of a gateway has."""

    feed: Feed
    streamer: Streamer
    rebuild: Rebuild
    webhooks: Webhooks


@asynccontextmanager
async def first_of(core: Core, *, migrated: asyncio.Event) -> AsyncIterator[First]:
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
        calls=lambda: webhooks.wanted(),  # noqa: PLW0108  # made below
    )
    webhooks = Webhooks(
        central,
        site.id,
        lambda: site_now(core).webhooks,
        alarms=core.operations.alarms,
        answers=Answers(Times(ZoneInfo(site.identity.timezone)), site.id),
        clock=clock,
    )
    rebuild = Rebuild(admin, central, feed, streamer, core.operations.opening.stored)
    core.store.on_empty = rebuild.want
    core.health.on_loading = rebuild.want
    core.health.lag_s = lambda: streamer.lag_s
    core.operations.vitals.read = partial(_vitals, core, streamer, webhooks)

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
        audit=once_migrated(moving(admin, central, anchors_of(core))),
        webhooks=once_migrated(webhooks.send),
        webhook_alarms=once_migrated(webhooks.tell_alarms),
        retention=once_migrated(
            partial(keeper_of(core).run, core.store.now, core.operations.alarms)
        ),
        **core.operations.first_works(admin),
    ):
        yield First(feed, streamer, rebuild, webhooks)


@asynccontextmanager
async def kept_migrated(dsn: str) -> AsyncIterator[asyncio.Event]:
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


async def _keep_mirrored(core: Core) -> None:
    """Make the store's copy of the keys right at start, and whenever either store returns."""
    seen = None
    while True:
        state = (core.health.store_up, core.health.database_up, core.health.loading)
        if state != seen and state == (True, True, False):
            with suppress(StoreUnavailable, DatabaseUnavailable):
                await core.desk.mirror()
                await core.code_desk.mirror()
                seen = state
        elif state != seen:
            seen = None
        await asyncio.sleep(MIRROR_EVERY_S)


def _vitals(core: Core, streamer: Streamer, webhooks: Webhooks) -> dict[str, Any]:
    """Tell how this gateway does: its health, its clock against the store's, what waits."""
    return {
        "ready": core.health.ready,
        "database": core.health.database_up,
        "unsent_s": round(streamer.lag_s, 1),
        "late": len(core.late),
        "clock_ms": round(core.store.now() - clock()),
        "webhooks": webhooks.documents(),
    }
