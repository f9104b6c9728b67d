"""When the spaces are open: plannings, turned into flags and capacities at the very second.

Each process keeps its own by the store's clock. A timer may be late; so the first scan at or after
a boundary turns it itself (`Flags.at`), and the timer does it only where nobody scans. The first
process of a gateway writes the capacities of exceptions into the store.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config import Site
from config.planning import Timetable, timetables
from gateway.entitlements.admin import SpaceFacts as StoredSpace
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import StoreUnavailable
from gateway.venue.flags import Flags
from gateway.venue.readers import SpaceFacts

LOOK_EVERY_S: Final = 1.0
"""The clock may be put: never sleep for longer."""
RETRY_S: Final = 0.25
JUMPED_MS: Final = 2_000


class Opening:
    """The opening hours of all spaces, in one process.

    Args:
        flags: of this process; `c` is ours.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, flags: Flags, clock: Callable[[], int]) -> None:
        self._flags = flags
        self._clock = clock
        self._site: Site | None = None
        self._spaces: Mapping[str, SpaceFacts] = {}
        self._timetables: dict[str, Timetable] = {}
        self._due: int | None = None
        self._turned_at = 0
        self._changed = asyncio.Event()
        self._written: list[StoredSpace] = []
        self.stored: list[StoredSpace] = []
        """What the store is to know of the spaces now; the list itself stays the same."""

    def lay_out(self, site: Site, spaces: Mapping[str, SpaceFacts]) -> None:
        """Keep the spaces of a site from now on.

        Args:
            site: the site.
            spaces: its spaces as the interface shows them; ``open`` and ``capacity`` are kept true.
        """
        self._site, self._spaces = site, spaces
        by_planning = timetables(site)
        self._timetables = {
            space.id: by_planning[space.planning]
            for space in site.spaces
            if space.planning is not None
        }
        self.turn()

    def is_open(self, space: str) -> bool:
        """Tell whether the plannings of a space and of those around it have it open now."""
        return space in self._spaces and self._spaces[space].open

    def turn(self) -> None:
        """Set what the plannings say now, and when they say something else."""
        site = self._site
        if site is None:
            return
        now = self._turned_at = self._clock()
        shut = {space for space, hours in self._timetables.items() if not hours.is_open(now)}
        for space in site.spaces:
            facts = self._spaces[space.id]
            facts.open = shut.isdisjoint(site.chain(space.id))
            hours = self._timetables.get(space.id)
            capacity = None if hours is None else hours.capacity_on(now)
            facts.capacity = space.capacity if capacity is None else capacity
        for equipment in site.equipment:
            shut_here = not self._spaces[equipment.space].open
            for direction in equipment.directions:
                if direction == "entry":  # an exit opens, whatever the hour
                    self._flags.set(equipment.id, direction, "c", "planning", holds=shut_here)
        self._note_stored(site)
        self._due = self._next(site, now)
        self._flags.at(float("inf") if self._due is None else self._due, self.turn)

    def _note_stored(self, site: Site) -> None:
        self.stored[:] = [
            StoredSpace(
                each.id,
                each.parent,
                self._spaces[each.id].capacity,
                each.full,
                each.anti_passback,
                each.anti_passback_min,
            )
            for each in site.spaces
        ]
        self._changed.set()

    def _next(self, site: Site, now: int) -> int | None:
        """Tell when a planning changes: it opens, it closes, or a day with its capacity begins."""
        hours = set(self._timetables.values())
        turns = {turn for each in hours if (turn := each.next_change(now)) is not None}
        if any(each.capacity is not None for one in hours for each in one.planning.exceptions):
            turns.add(_midnight_after(now, ZoneInfo(site.identity.timezone)))
        return min(turns, default=None)

    async def run(self) -> None:
        """Turn at each boundary until cancelled."""
        while True:
            now = self._clock()
            if now < self._turned_at - JUMPED_MS or (self._due is not None and now >= self._due):
                self.turn()
            wait_s = LOOK_EVERY_S
            if self._due is not None:
                wait_s = min(wait_s, max(0.001, (self._due - now) / 1000))
            await asyncio.sleep(wait_s)

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


def _midnight_after(now: int, zone: ZoneInfo) -> int:
    """Return the next midnight on the clock of the venue, in ms."""
    day = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone).date() + timedelta(days=1)
    moment = datetime.combine(day, time(), zone).astimezone(UTC)
    return round(moment.timestamp() * 1000)
