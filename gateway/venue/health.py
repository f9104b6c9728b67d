"""Whether this gateway can decide, and what is not as it should be.

Looked at twice a second, so that asking costs nothing and an orchestrator may ask often. The words
in `degraded` are stable: programs match on them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from gateway.entitlements.admin import Meta
from gateway.errors import DatabaseUnavailable, StoreUnavailable

EVERY_S = 0.5
SETTINGS_EVERY = 20
BEHIND_S = 60.0
ASKING_S = 2.0

DATABASE_UNAVAILABLE = "database_unavailable"
STORE_UNAVAILABLE = "store_unavailable"
STORE_LOADING = "store_loading"
STORE_EVICTS = "store_evicts"
STREAM_BEHIND = "stream_behind"
MQTT_OFF = "mqtt_off"
LINK_DOWN = "link_down"

log = structlog.get_logger()


class StoreFacts(Protocol):
    """What is asked of the entitlement store."""

    async def meta(self) -> Meta:
        """Tell epoch and phase."""

    async def settings(self) -> tuple[str, str]:
        """Tell how it keeps what it acknowledged, and what it does when it is full."""


@dataclass(slots=True)
class Health:
    """The state of one gateway process."""

    store: StoreFacts
    ping_database: Callable[[], Awaitable[None]]
    durability: str
    lag_s: Callable[[], float] = lambda: 0.0
    """How far the streamer is behind; 0 in a process that has none."""
    on_loading: Callable[[], None] = lambda: None
    """Called while the store answers and is not ready: whoever can put it right may look."""
    standing: tuple[str, ...] = ()
    """What is degraded for as long as this process runs."""
    words: list[Callable[[], list[str]]] = field(default_factory=list)
    """Others who know of something that is not as it should be."""
    store_up: bool = False
    loading: bool = True
    evicts: bool = False
    database_up: bool = True

    @property
    def ready(self) -> bool:
        """Whether this process can decide about any ticket."""
        return self.store_up and not self.loading

    @property
    def degraded(self) -> list[str]:
        """Name what is not as it should be."""
        found = {
            STORE_UNAVAILABLE: not self.store_up,
            STORE_LOADING: self.store_up and self.loading,
            STORE_EVICTS: self.evicts,
            DATABASE_UNAVAILABLE: not self.database_up,
            STREAM_BEHIND: self.lag_s() > BEHIND_S,
        }
        ours = [word for word, holds in found.items() if holds]
        return [*ours, *self.standing, *(word for told in self.words for word in told())]

    async def keep_looking(self) -> None:
        """Look at the stores until cancelled; tell once when one goes and when it returns."""
        async with asyncio.TaskGroup() as looking:
            looking.create_task(self._watch_store(), name="health-store")
            looking.create_task(self._watch_database(), name="health-database")

    async def until_ready(self) -> None:
        """Wait until this process can decide."""
        while not self.ready:  # noqa: ASYNC110  # asked for at start only; readiness is no event
            await asyncio.sleep(0.02)

    async def _watch_store(self) -> None:
        looks, told = 0, True
        while True:
            up = True
            try:
                async with asyncio.timeout(ASKING_S):
                    meta = await self.store.meta()
                    if looks % SETTINGS_EVERY == 0:
                        self._settings(*await self.store.settings())
                    self.loading = meta.epoch is None or meta.phase != "ready"
                    looks += 1
                if self.loading:
                    self.on_loading()
            except (StoreUnavailable, TimeoutError):
                up, looks = False, 0
            self.store_up = up
            if up != told:
                told = up
                log.info("store_up") if up else log.error("store_down")
            await asyncio.sleep(EVERY_S if self.ready else EVERY_S / 10)

    async def _watch_database(self) -> None:
        while True:
            up = True
            try:
                async with asyncio.timeout(ASKING_S):
                    await self.ping_database()
            except (DatabaseUnavailable, TimeoutError):
                up = False
            if up != self.database_up:
                self.database_up = up
                log.info("database_up") if up else log.error("database_down")
            await asyncio.sleep(EVERY_S)

    def _settings(self, keeps: str, when_full: str) -> None:
        if keeps != self.durability:
            log.warning("durability", found=keeps, wanted=self.durability)
            self.durability = keeps
        self.evicts = when_full != "noeviction"
