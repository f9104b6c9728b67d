"""Evacuations: begun by an operator or a fire input, over when it is clear and acknowledged.

The release itself is wired into the gates and never waits for us (DESIGN 5). Here a space is marked
in the store, whose decisions then let everybody out and nobody in, and every equipment of the space
and of those within it is told. What leads back is `controllers.evacuation`'s to say.

Kept in the store (`{S}evacuation`): ``SPACE`` → since when, by whom, whether an operator has set it
to normal since; ``SPACE/EQUIPMENT`` → its fire input is active. The spaces' modes, by which scans
are decided, follow.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from config import Site
from controllers.commands import Alarm
from controllers.evacuation import Change, Record, Stage
from controllers.evacuation import Evacuation as Procedure
from gateway.entitlements.admin import SpaceMode, StoreAdmin
from gateway.errors import ComposteurError, StoreUnavailable
from gateway.venue.acts import Acts
from gateway.venue.alarms import Alarms, name_of
from gateway.venue.bus import Bus
from gateway.venue.shared import Shared

type Told = Callable[[str, bool], None]
"""Told of an equipment, and whether it evacuates from now on."""

LOOK_EVERY_S: Final = 1.0
PAUSE_S: Final = 0.2
EVACUATE: Final = "evacuate"

log = structlog.get_logger()


class NotClear(ComposteurError):
    """It is not clear yet."""

    def __init__(self, why: list[str]) -> None:
        super().__init__(" ".join(why))
        self.why = why


class Evacuation:
    """The evacuations of the site, in one process.

    Args:
        bus: the messages of this process.
        alarms: where people are told.
        acts: where each step is written down.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, bus: Bus, alarms: Alarms, acts: Acts, clock: Callable[[], int]) -> None:
        self._admin: StoreAdmin = bus.admin
        self._alarms = alarms
        self._acts = acts
        self._clock = clock
        self._shared = Shared(bus, "evacuation")
        self._shared.on_change(lambda _field, _value: self._tell())
        self._chains: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, str] = {}
        self._evacuating: set[str] = set()
        self._modes: dict[str, SpaceMode] = {}
        self._wake = asyncio.Event()
        self._told: list[Told] = []

    def lay_out(self, site: Site) -> None:
        """Know a site's spaces and equipment from now on."""
        self._chains = {each.id: site.chain(each.id) for each in site.spaces}
        self._places = {each.id: each.space for each in site.equipment}
        self._forget_gone()
        self._tell()

    def on_change(self, told: Told) -> None:
        """Tell somebody when an equipment begins to evacuate and when it is over."""
        self._told.append(told)

    # --- how it stands

    def at(self, equipment: str) -> bool:
        """Tell whether an equipment evacuates."""
        return equipment in self._evacuating

    def holds(self, space: str) -> bool:
        """Tell whether a space, or one around it, is evacuated."""
        return any(around in self._shared.entries for around in self._chains.get(space, (space,)))

    @property
    def spaces(self) -> list[str]:
        """The spaces that are evacuated, in the order of the site file."""
        return [space for space in self._chains if space in self._shared.entries]

    def not_clear(self) -> list[str]:
        """Say why people may not return yet; nothing: they may once somebody acknowledges."""
        return [f"{space}: {why}." for space in self.spaces for why in self._under(space).not_clear]

    def _under(self, space: str) -> Procedure:
        """Return the procedure of a space as it stands."""
        known = self._shared.entries.get(space)
        if known is None:
            return Procedure()
        beyond = len(space) + 1
        fires = (name[beyond:] for name in self._shared.entries if name.startswith(f"{space}/"))
        return Procedure(Record(known["since"], known["by"], tuple(fires), known["normal"]))

    # --- steps

    async def begin(self, space: str, by: str) -> None:
        """Evacuate a space, for an operator; it holds here although the store may be away."""
        under = self._under(space)
        change = under.begin(by, self._clock())
        self._keep(space, under, change, f"begun by {by}")
        self._acts.note(by, "evacuate", space)
        with suppress(StoreUnavailable):
            await self._set_modes()

    def fire(self, equipment: str, space: str, *, active: bool) -> None:
        """Tell how the fire input of an equipment stands. Never waits."""
        field = f"{space}/{equipment}"
        if active == (field in self._shared.entries):
            return
        under = self._under(space)
        change = under.fire(equipment, self._clock(), active=active)
        self._shared.put(field, self._clock() if active else None)
        self._keep(space, under, change, f"fire input of {equipment}")
        self._acts.note(equipment, "evacuate" if active else "fire_input_clear", space, fire=True)

    def clear(self, space: str, by: str) -> None:
        """Take an operator's word that a space is clear; its end waits for the acknowledgement."""
        under = self._under(space)
        self._keep(space, under, under.normal())
        self._acts.note(by, "evacuation_clear", space)

    async def acknowledge(self, by: str) -> list[str]:
        """End all evacuations; return their spaces.

        Raises:
            NotClear: one of them is not clear; none has ended.
        """
        if why := self.not_clear():
            raise NotClear(why)
        ended = self.spaces
        for space in ended:
            self._shared.put(space, None)
            self._alarms.clear(Alarm.EVACUATION, space=space)
            with suppress(KeyError):
                self._alarms.ack(name_of(Alarm.EVACUATION, space), by)
            self._acts.note(by, "evacuation_ack", space)
            log.warning("evacuation_over", space=space, by=by)
        await self._shared.settled()
        self._modes |= dict.fromkeys(ended, "normal")
        self._wake.set()
        with suppress(StoreUnavailable):
            await self._set_modes()
        return ended

    def _keep(self, space: str, under: Procedure, change: Change | None, text: str = "") -> None:
        """Remember where a space's evacuation stands, and tell people what has changed."""
        record = under.record
        if record is None:
            return
        self._shared.put(space, {"since": record.since, "by": record.by, "normal": record.normal})
        if under.stage is Stage.EVACUATING and self._modes.get(space) != EVACUATE:
            self._modes[space] = EVACUATE
            self._wake.set()
        if change is Change.BEGAN or change is Change.AGAIN:
            self._alarms.raise_(Alarm.EVACUATION, space=space, text=text)
            log.error("evacuation", space=space, by=record.by)

    async def _set_modes(self) -> None:
        """Set the modes by which scans are decided; what fails is tried again (`keep`)."""
        for space, mode in list(self._modes.items()):
            await self._admin.set_mode(space, mode)
            if self._modes.get(space) == mode:
                del self._modes[space]

    # --- keeping it true

    async def run(self) -> None:
        """Keep equal with the other processes, and our word to the store, until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._shared.run(), name="evacuation-shared")
            both.create_task(self._keep_setting(), name="evacuation-modes")

    async def _keep_setting(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._modes:
                try:
                    await self._set_modes()
                except StoreUnavailable:
                    await asyncio.sleep(PAUSE_S)

    async def keep(self) -> None:
        """Keep the store's modes true to what is evacuated, until cancelled: the first process's.

        Seen twice before it is put right: another process may be half-way through a step. A space
        that the store has evacuated and nobody remembers is one that people have to end.
        """
        await self._shared.loaded.wait()
        self._forget_gone()
        for space in self.spaces:
            self._alarms.raise_(Alarm.EVACUATION, space=space)
        seen: set[tuple[str, bool]] = set()
        while True:
            try:
                seen = await self._look(seen)
            except StoreUnavailable:
                seen = set()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, before: set[tuple[str, bool]]) -> set[tuple[str, bool]]:
        modes = {state.id: state.mode for state in await self._admin.spaces()}
        differing = {
            (space, space in self._shared.entries)
            for space in self._chains
            if (modes.get(space) == EVACUATE) != (space in self._shared.entries)
        }
        for space, wanted in differing & before:
            if wanted:
                await self._admin.set_mode(space, EVACUATE)
            else:
                await self.begin(space, "unknown")
        return differing

    def _forget_gone(self) -> None:
        """Forget the fire inputs of equipment that is no longer in the site file."""
        if not self._shared.loaded.is_set():
            return
        for field in list(self._shared.entries):
            space, _, equipment = field.partition("/")
            if equipment and self._places.get(equipment) != space:
                self._shared.put(field, None)

    def _tell(self) -> None:
        evacuating = {name for name, space in self._places.items() if self.holds(space)}
        changed = evacuating ^ self._evacuating
        self._evacuating = evacuating
        for name in sorted(changed):
            for told in self._told:
                told(name, name in evacuating)
