"""When the spaces are open: plannings, turned into flags and capacities at the very second.

Each process keeps its own by the store's clock. A timer may be late; so the first scan at or after
a boundary turns it itself (`Flags.at`), and the timer does it only where nobody scans. A space that
waits for the first of its staff (`first_in`) is closed for all others until then; when they came is
shared (`{S}first`). The first process of a gateway writes into the store what the decisions need:
the capacities of exceptions, and how far back anti-passback is forgiven.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from config import Site, Space
from config.planning import timetables
from controllers.space import DailyReset
from controllers.space import Opening as Hours
from gateway.entitlements.admin import SpaceFacts as StoredSpace
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.place import Place
from gateway.entitlements.store import EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.venue.bus import Bus
from gateway.venue.flags import Flags
from gateway.venue.readers import SpaceFacts
from gateway.venue.shared import Shared

LOOK_EVERY_S: Final = 1.0
"""The clock may be put: never sleep for longer."""
RETRY_S: Final = 0.25
JUMPED_MS: Final = 2_000
MINUTE_MS: Final = 60_000
CLOSED: Final = "c"


class Opening:
    """The opening hours of all spaces, in one process.

    Args:
        bus: the messages of this process.
        flags: of this process; ``c`` is ours.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, bus: Bus, flags: Flags, clock: Callable[[], int]) -> None:
        self._flags = flags
        self._clock = clock
        self._site: Site | None = None
        self._spaces: Mapping[str, SpaceFacts] = {}
        self._hours: dict[str, Hours] = {}
        self._resets: dict[str, DailyReset] = {}
        self._awaiting: dict[str, frozenset[str]] = {}
        self._due: int | None = None
        self._turned_at = 0
        self._changed = asyncio.Event()
        self._written: list[StoredSpace] = []
        self._first = Shared(bus, "first")
        self._first.on_change(self._heard)
        self.stored: list[StoredSpace] = []
        """What the store is to know of the spaces now; the list itself stays the same."""

    def lay_out(self, site: Site, spaces: Mapping[str, SpaceFacts]) -> None:
        """Keep the spaces of a site from now on.

        Args:
            site: the site.
            spaces: its spaces as the interface shows them; ``open`` and ``capacity`` are kept true.
        """
        self._site, self._spaces = site, spaces
        zone, plannings = ZoneInfo(site.identity.timezone), timetables(site)
        self._hours = {
            space.id: Hours(
                None if space.planning is None else plannings[space.planning],
                zone,
                first_in=bool(space.first_in),
                came_at=self._first.entries.get(space.id),
            )
            for space in site.spaces
        }
        self._resets = {
            space.id: DailyReset(space.anti_passback_reset, zone, done_at=0)
            for space in site.spaces
            if space.anti_passback_reset is not None
        }
        self.turn()

    def turn(self) -> None:
        """Set what the plannings say now, and when they say something else."""
        site = self._site
        if site is None:
            return
        now = self._turned_at = self._clock()
        shut = {space for space, hours in self._hours.items() if not hours.is_open(now)}
        waits = {space for space in shut if self._hours[space].awaits_first(now)}
        self._awaiting = {
            space.id: frozenset(space.first_in) for space in site.spaces if space.id in waits
        }
        for space in site.spaces:
            facts = self._spaces[space.id]
            facts.open = shut.isdisjoint(site.chain(space.id))
            facts.capacity = self._hours[space.id].capacity(now, space.capacity)
        for equipment in site.equipment:
            if "entry" in equipment.directions:  # an exit opens, whatever the hour
                chain = set(site.chain(equipment.space))
                for cause, spaces in (("planning", shut - waits), ("first", waits)):
                    holds = not chain.isdisjoint(spaces)
                    self._flags.set(equipment.id, "entry", CLOSED, cause, holds=holds)
        self._note_stored(site, now)
        self._due = min((at for at in self._turns(now) if at is not None), default=None)
        self._flags.at(float("inf") if self._due is None else self._due, self.turn)

    def _turns(self, now: int) -> list[int | None]:
        """Tell when something changes: hours, a day's capacity, how much is forgiven."""
        turns = [hours.next_change(now) for hours in self._hours.values()]
        site = self._site
        if site is not None and any(
            each.capacity is not None for one in site.plannings for each in one.exceptions
        ):
            midnight = DailyReset("00:00", ZoneInfo(site.identity.timezone), done_at=now)
            turns.append(midnight.next_at(now))
        if self._resets:
            turns.append(now + MINUTE_MS)
        return turns

    async def run(self) -> None:
        """Turn at each boundary until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._first.run(), name="opening-first")
            both.create_task(self._keep_turning(), name="opening-turn")

    async def _keep_turning(self) -> None:
        while True:
            now = self._clock()
            if now < self._turned_at - JUMPED_MS or (self._due is not None and now >= self._due):
                self.turn()
            wait_s = LOOK_EVERY_S
            if self._due is not None:
                wait_s = min(wait_s, max(0.001, (self._due - now) / 1000))
            await asyncio.sleep(wait_s)

    # --- the first of the staff

    def awaits_first(self, place: Place, flags: str) -> bool:
        """Tell whether only the first of the staff is missing for a scan at a place."""
        return (
            bool(self._awaiting)
            and CLOSED in flags
            and place.direction == "entry"
            and not self._awaiting.keys().isdisjoint(place.chain)
            and not self._flags.holds(place, CLOSED, "planning")
        )

    async def flags_of_first(
        self, code: str, place: Place, flags: str, store: EntitlementStore, *, within_ms: int
    ) -> str:
        """Return the flags of a scan where `awaits_first`: staff is let in, all others are not.

        Raises:
            StoreUnavailable: the store does not answer in time.
        """
        waiting = [space for space in place.chain if space in self._awaiting]
        try:
            async with asyncio.timeout(within_ms / 1000):
                view = await store.look(code)
        except TimeoutError:
            raise StoreUnavailable from None
        if view is None or any(view.product not in self._awaiting[space] for space in waiting):
            return flags
        return flags.replace(CLOSED, "")

    def came(self, place: Place) -> None:
        """Open the spaces of a place for all: somebody of the staff was let in."""
        now = self._clock()
        for space in place.chain:
            if space in self._awaiting:
                self._first.put(space, now)

    def _heard(self, space: str, came_at: int | None) -> None:
        hours = self._hours.get(space)
        if hours is not None and came_at is not None:
            hours.came(came_at)
            self.turn()

    # --- the first process of a gateway

    async def keep_stored(self, admin: StoreAdmin) -> None:
        """Keep the store's knowledge of the spaces true until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = list(self.stored)
            if wanted == self._written:
                continue
            try:
                await admin.configure_spaces(wanted)
                self._written = wanted
            except StoreUnavailable:
                await asyncio.sleep(RETRY_S)
                self._changed.set()

    def _note_stored(self, site: Site, now: int) -> None:
        self.stored[:] = [
            StoredSpace(
                each.id,
                each.parent,
                self._spaces[each.id].capacity,
                each.full,
                each.anti_passback,
                self._forgiven_min(each, now),
            )
            for each in site.spaces
        ]
        self._changed.set()

    def _forgiven_min(self, space: Space, now: int) -> int:
        """Return how many minutes after a move anti-passback forgives; 0: never.

        A daily reset forgives the moves before it: as many minutes as have passed since, told anew
        each minute. So those of the minute after it may be forgiven too.
        """
        reset = self._resets.get(space.id)
        if reset is None:
            return space.anti_passback_min
        since = max(1, (now - reset.next_at(now)) // MINUTE_MS)
        return min(since, space.anti_passback_min) if space.anti_passback_min else since
