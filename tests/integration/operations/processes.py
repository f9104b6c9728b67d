"""Processes of a site as far as operators are concerned, side by side in one loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import override
from zoneinfo import ZoneInfo

from config import Site
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.place import Place
from gateway.entitlements.store import EntitlementStore
from gateway.venue.equipment import Obey, Order
from gateway.venue.operations import Operations, operations
from gateway.venue.tasks import kept_going
from gateway.venue.times import Times

PARIS = ZoneInfo("Europe/Paris")
A_SITE = Site.model_validate(
    {
        "site": {"id": "museum", "name": "Museum", "timezone": "Europe/Paris"},
        "space": [
            {"id": "hall", "name": "Great hall", "capacity": 300},
            {"id": "vault", "name": "Vault", "parent": "hall"},
        ],
        "controller": [{"id": "north", "driver": "mqtt"}],
        "equipment": [
            {"id": "door", "space": "hall", "direction": "both"},
            {"id": "gate", "space": "hall", "kind": "turnstile", "direction": "both"}
            | {"controller": "north", "count_on": "passage"},
            {"id": "safe", "space": "vault", "kind": "door", "controller": "north"},
            {"id": "steward", "space": "hall", "direction": "both", "opens": "gate"},
        ],
    }
)


class SetStore(EntitlementStore):
    """A store whose clock a test may set."""

    at: int | None = None

    @override
    def now(self) -> int:
        return super().now() if self.at is None else self.at


@dataclass
class Process:
    """One process."""

    operations: Operations
    store: EntitlementStore
    admin: StoreAdmin

    def flags(self, equipment: str, direction: str = "entry") -> str:
        place = self.operations.readers[equipment].place(
            "entry" if direction == "entry" else "exit"
        )
        assert isinstance(place, Place)
        return self.operations.flags.of(place)


@dataclass
class Device:
    """A gate at its owner's: takes orders."""

    orders: list[Order] = field(default_factory=list)
    fails: Exception | None = None
    silent: bool = False

    @property
    def obey(self) -> Obey:
        async def obey(order: Order) -> None:
            self.orders.append(order)
            if self.silent:
                await asyncio.sleep(60)
            if self.fails is not None:
                raise self.fails

        return obey


@asynccontextmanager
async def a_process(
    redis_url: str, site: Site = A_SITE, *, first: bool = False
) -> AsyncIterator[Process]:
    """Run a process until the end of the block; ``first``: it acts for its gateway."""
    admin = StoreAdmin(redis_url, site.id)
    store = SetStore(redis_url, site.id, PARIS, wall=time.time)
    assert await store.open()
    people = operations(site, admin, store, Times(PARIS).write)
    works = people.works() | (people.first_works(admin) if first else {})
    try:
        async with kept_going(**works):
            await until(lambda: people.bus.up and people.modes.loaded.is_set())
            yield Process(people, store, admin)
    finally:
        await store.close()
        await admin.close()


async def until(holds: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - it is looked at, not told
            await asyncio.sleep(0.01)
