import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.entitlements.admin import Meta, Phase
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.venue import health
from gateway.venue.health import Health


class Stores:
    """Two stores that do as they are told."""

    def __init__(self) -> None:
        self.store_up = self.database_up = True
        self.epoch: int | None = 1
        self.phase: Phase = "ready"
        self.keeps, self.when_full = "always", "noeviction"

    async def meta(self) -> Meta:
        if not self.store_up:
            raise StoreUnavailable
        return Meta(self.epoch, self.phase, {})

    async def settings(self) -> tuple[str, str]:
        return self.keeps, self.when_full

    async def ping(self) -> None:
        if not self.database_up:
            raise DatabaseUnavailable


@asynccontextmanager
async def looked_at(stores: Stores, **facts: object) -> AsyncIterator[Health]:
    state = Health(stores, stores.ping, "always", **facts)  # type: ignore[arg-type]
    looking = asyncio.create_task(state.keep_looking())
    await asyncio.sleep(0.01)
    yield state
    looking.cancel()
    await asyncio.wait([looking])


async def test_all_well_is_ready_and_nothing_degraded() -> None:
    async with looked_at(Stores()) as state:
        assert state.ready
        assert state.degraded == []


async def test_the_database_away_degrades_and_leaves_it_ready() -> None:
    stores = Stores()
    stores.database_up = False
    async with looked_at(stores) as state:
        assert state.ready
        assert state.degraded == ["database_unavailable"]


async def test_a_silent_store_is_not_ready() -> None:
    stores = Stores()
    stores.store_up = False
    async with looked_at(stores) as state:
        assert not state.ready
        assert state.degraded == ["store_unavailable"]


@pytest.mark.parametrize(("epoch", "phase"), [(None, "ready"), (3, "loading"), (3, "stale")])
async def test_an_empty_or_loading_store_is_not_ready(epoch: int | None, phase: Phase) -> None:
    stores = Stores()
    stores.epoch, stores.phase = epoch, phase
    async with looked_at(stores) as state:
        assert not state.ready
        assert state.degraded == ["store_loading"]


async def test_what_the_store_really_keeps_is_told() -> None:
    stores = Stores()
    stores.keeps, stores.when_full = "everysec", "allkeys-lru"
    async with looked_at(stores) as state:
        assert state.durability == "everysec"
        assert state.degraded == ["store_evicts"]


async def test_a_streamer_far_behind_and_what_stands_are_told() -> None:
    async with looked_at(
        Stores(), lag_s=lambda: health.BEHIND_S + 1, standing=("mqtt_off",)
    ) as state:
        assert state.degraded == ["stream_behind", "mqtt_off"]


async def test_a_return_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "EVERY_S", 0.01)
    stores = Stores()
    stores.store_up = False
    async with looked_at(stores) as state:
        stores.store_up = True
        async with asyncio.timeout(5):
            await state.until_ready()
