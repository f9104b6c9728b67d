"""Who has left unseen, and who is full: what one process of a site does about its occupancies.

The store counts and refuses; `controllers.occupancy` follows it and says who has been inside for so
long that they must have left (`dwell_min`, where no reader stands at the exit) and when a space is
full. Of several gateways one does this: whoever holds the lease in the store.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from redis.exceptions import RedisError, WatchError

from config import Site
from controllers.commands import Alarm, Raise
from controllers.occupancy import Occupancy
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.place import Place
from gateway.entitlements.store import EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.venue.alarms import Alarms
from gateway.venue.bus import Bus
from gateway.venue.readers import SpaceFacts
from gateway.venue.shared import Shared

LOOK_EVERY_S: Final = 1.0
LEASE_MS: Final = 5_000
REASON: Final = "dwell_min"


class Lease:
    """A right that one process has at a time; it goes by itself with the process.

    Args:
        admin: the store.
        name: the key at this site.
    """

    def __init__(self, admin: StoreAdmin, name: str) -> None:
        self._admin = admin
        self._key = admin.key(name)
        self._token = secrets.token_hex(8).encode()

    async def held(self) -> bool:
        """Take the lease, or hold it for longer; False: another has it.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        try:
            if await self._admin.client.set(self._key, self._token, nx=True, px=LEASE_MS):
                return True
            async with self._admin.client.pipeline(transaction=True) as pipe:
                await pipe.watch(self._key)
                if await pipe.get(self._key) != self._token:
                    return False
                pipe.multi()
                pipe.pexpire(self._key, LEASE_MS)
                await pipe.execute()
        except WatchError:
            return False
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        return True


class Occupancies:
    """The occupancies of the site, in the first process of a gateway.

    Args:
        bus: the messages of this process.
        store: counts people out.
        alarms: told of full spaces.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(
        self, bus: Bus, store: EntitlementStore, alarms: Alarms, clock: Callable[[], int]
    ) -> None:
        self._admin = bus.admin
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self._lease = Lease(bus.admin, "occupancy")
        self._dwell = Shared(bus, "dwell", pause_s=1.0)
        self._site: Site | None = None
        self._facts: Mapping[str, SpaceFacts] = {}
        self._spaces: dict[str, Occupancy] = {}
        self._owed: dict[str, int] = {}
        self._told: dict[str, tuple[str, int]] = {}
        """What the store was told of them and has not answered yet: an id, and persons."""

    def lay_out(self, site: Site, facts: Mapping[str, SpaceFacts]) -> None:
        """Follow the spaces of a site from now on; ``facts`` have their capacities now."""
        self._site, self._facts = site, facts

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._dwell.run(), name="occupancy-shared")
            both.create_task(self._keep_following(), name="occupancy-follow")

    async def _keep_following(self) -> None:
        await self._dwell.loaded.wait()
        while True:
            try:
                if await self._lease.held():
                    await self.look()
                else:
                    # another follows, and remembers more than we
                    self._spaces.clear()
                    self._owed.clear()
                    self._told.clear()
            except StoreUnavailable:
                pass
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look at the spaces once.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        site = self._site
        if site is None:
            return
        for space in site.spaces:
            if space.id in self._told:
                await self._count_out(site, space.id)
        now, inside = self._clock(), {each.id: each for each in await self._admin.spaces()}
        for space in site.spaces:
            state = inside.get(space.id)
            if state is None:
                continue
            follows = self._follow(space.id, now, space.dwell_min)
            follows.capacity = self._facts[space.id].capacity
            follows.told(state.inside - self._owed.get(space.id, 0), now)
            for command in follows.alarms():
                if isinstance(command, Raise):
                    self._alarms.raise_(Alarm.SPACE_FULL, space=space.id, text=command.text)
                else:
                    self._alarms.clear(Alarm.SPACE_FULL, space=space.id)
            if space.dwell_min:
                self._owed[space.id] = self._owed.get(space.id, 0) + follows.age(now)
                await self._count_out(site, space.id)
                self._dwell.put(space.id, [list(each) for each in follows.entered])

    def _follow(self, space: str, now: int, dwell_min: int) -> Occupancy:
        known = self._spaces.get(space)
        if known is None or known.dwell_min != dwell_min:
            entered: list[tuple[int, int]] = list(map(tuple, self._dwell.entries.get(space, ())))
            known = Occupancy(
                now,
                dwell_min=dwell_min,
                inside=sum(persons for _, persons in entered),
                entered=entered,
            )
            self._spaces[space] = known
        return known

    async def _count_out(self, site: Site, space: str) -> None:
        """Count those out who are taken to have left, once the store takes it."""
        place = Place("", space, site.chain(space), "exit")
        while owed := self._owed[space]:
            once, persons = self._told.setdefault(space, (secrets.token_urlsafe(8), owed))
            await self._store.count(place, persons=persons, operator="", reason=REASON, once=once)
            del self._told[space]
            self._owed[space] -= persons
