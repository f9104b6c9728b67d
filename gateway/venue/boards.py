"""The boards of this gateway: a link for each `[[controller]]`, a lane for each gate and reader.

A changed site file replaces what has changed and nothing else: the other gates go on, in the
middle of a passage if need be. The boards of other gateways are theirs (`[[controller]] gateway`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from config.models import Controller, Equipment, Site
from config.wires import WireSettings
from controllers import events as told
from controllers.commands import Alarm, Mode
from controllers.interlock import Interlock
from controllers.machine import Machine, Refusal
from drivers.drops import Drops
from drivers.link import Device, Link, Surroundings
from drivers.signals import Signal
from gateway.entitlements.place import Direction, Place
from gateway.venue.admitting import Admitting
from gateway.venue.fixtures import Fixture
from gateway.venue.lanes import Lane
from gateway.venue.machines import Abilities
from gateway.venue.needs import Needs
from gateway.venue.readers import place_of
from gateway.venue.scanning import Admission
from gateway.venue.tasks import kept_going
from gateway.venue.wires import Wires

type MakeMachine = Callable[[Equipment, Abilities, Interlock | None], Machine]

LANES: Final = frozenset({"reader", "turnstile", "door"})

log = structlog.get_logger()


@dataclass(slots=True)
class _Kept[Thing]:
    """Something that runs, what it was made from, and its end."""

    thing: Thing
    made_from: object
    life: AsyncExitStack


class Boards:
    """The links and lanes of one gateway.

    Args:
        wires: how links are made, by driver.
        needs: what lanes are given.
        machine: makes the machine of an equipment.
        admitting: lets in at gates of others.
        address: the broker's, where there is one.
    """

    def __init__(
        self,
        wires: Wires,
        needs: Needs,
        machine: MakeMachine,
        admitting: Admitting,
        address: str | None,
    ) -> None:
        self._wires = wires
        self._needs = needs
        self._machine = machine
        self._admitting = admitting
        self._address = address
        self._drops = Drops()
        self._lanes: dict[str, _Kept[Lane | Fixture]] = {}
        self._links: dict[str, _Kept[Link]] = {}

    # --- life

    @asynccontextmanager
    async def running(self, site: Site) -> AsyncIterator[None]:
        """Run the boards of a site until the end of the block."""
        try:
            await self.apply(site)
            yield
        finally:
            await self._end(self._links, set(self._links))
            await self._end(self._lanes, set(self._lanes))

    async def apply(self, site: Site) -> None:
        """Have the boards be those of a site: what is as before goes on undisturbed."""
        ours = {
            each.id: each
            for each in site.controllers
            if each.gateway == site.identity.gateway and each.driver in self._wires
        }
        equipment = {each.id: each for each in site.equipment if each.controller in ours}
        lanes = {name: _Lane.of(site, each) for name, each in equipment.items()}
        links = {name: _Link.of(site, each, lanes) for name, each in ours.items()}
        await self._end(self._links, _changed(self._links, links))
        await self._end(self._lanes, _changed(self._lanes, lanes))
        begun = {
            name: link
            for name, made_from in links.items()
            if name not in self._links and (link := self._link(site, made_from)) is not None
        }
        groups: dict[str, Interlock] = {}
        made = {**{name: kept.thing for name, kept in self._links.items()}, **begun}
        for name, lane in lanes.items():
            if name not in self._lanes:
                await self._begin_lane(name, lane, made, groups)
        self._admitting.own({lane.id: lane for lane in self.lanes})
        lives = {name: self._connect(name, link) for name, link in begun.items()}
        self._hang_up_screens()
        for name, link in begun.items():
            await self._begin_link(name, link, links[name], lives[name])

    def _link(self, site: Site, made_from: "_Link") -> Link | None:
        controller, settings, lanes = made_from
        if settings is None:
            raise TypeError(f"the site was loaded without the wire of {controller.id}")
        surroundings = Surroundings(
            site=site.id,
            gateway=site.identity.gateway,
            address=self._address,
            devices=[
                Device(each.equipment.id, each.equipment.kind, each.equipment.channels)
                for each in lanes
            ],
            take=self._take,
            wall=self._needs.wall,
            drops=self._drops,
        )
        try:
            return self._wires[controller.driver].link(settings, surroundings)
        except ValueError as why:
            log.error("board_off", controller=controller.id, why=str(why))  # noqa: TRY400  # all is told
            return None

    async def _begin_lane(
        self,
        name: str,
        made_from: "_Lane",
        links: Mapping[str, Link],
        groups: dict[str, Interlock],
    ) -> None:
        equipment = made_from.equipment
        thing: Lane | Fixture
        if equipment.kind in LANES:
            link = links.get(equipment.controller or "")
            abilities = Abilities(
                lets_parties_in=link is None
                or (link.speaks == "gate" and made_from.lets_parties_in),
                reports_passages=made_from.reports_passages,
            )
            barrier = None if equipment.opens is None else Beyond(equipment.opens, self)
            group = equipment.interlock
            interlock = None if group is None else groups.setdefault(group, Interlock())
            machine = self._machine(equipment, abilities, interlock)
            thing = Lane(equipment, made_from.places, machine, self._needs, barrier)
        else:
            thing = Fixture(equipment, made_from.places.values(), self._needs)
        life = AsyncExitStack()
        await life.enter_async_context(thing.running())
        self._lanes[name] = _Kept(thing, made_from, life)

    def _hang_up_screens(self) -> None:
        """Have displays show the gates of their board, or else those of their space.

        Who shows a ticket to a reader beside a gate is answered at that gate, too: at its lamps and
        displays, for a scan engine has none.
        """
        lanes = self.lanes
        boards = {lane.equipment.controller for lane in lanes}
        for lane in lanes:
            lane.screens = [each for each in lane.screens if each is lane.screen]
        for kept in self._lanes.values():
            screen = kept.thing.screen if isinstance(kept.thing, Fixture) else None
            if screen is None:
                continue
            shown = screen.equipment
            near = [lane for lane in lanes if lane.equipment.controller == shown.controller]
            if shown.controller not in boards:
                near = [lane for lane in lanes if _serve_the_same(lane.equipment, shown)]
            screen.gates = list(near)
            for lane in near:
                lane.screens.append(screen)
        for lane in lanes:
            gate = self.lane(lane.equipment.opens or "")
            theirs = [] if gate is None else gate.screens
            lane.screens += [each for each in theirs if each not in lane.screens]

    def _connect(self, name: str, link: Link) -> AsyncExitStack:
        """Give a link to those who hang on it; return what takes it away again."""
        life = AsyncExitStack()
        for kept in self._lanes.values():
            if kept.thing.equipment.controller == name:
                kept.thing.connect(link)
                life.callback(kept.thing.disconnect)
        return life

    async def _begin_link(
        self, name: str, link: Link, made_from: "_Link", life: AsyncExitStack
    ) -> None:
        await life.enter_async_context(kept_going(**{f"board-{name}": link.run}))
        self._links[name] = _Kept(link, made_from, life)

    async def _end[Thing](self, kept: dict[str, _Kept[Thing]], names: set[str]) -> None:
        for name in names:
            await kept.pop(name).life.aclose()

    # --- signals and orders

    def _take(self, signal: Signal) -> None:
        kept = self._lanes.get(signal.device)
        if kept is None:
            return
        try:
            kept.thing.take(signal)
        except Exception:  # one gate's trouble is not that of all who share its link
            log.exception("signal_not_taken", device=signal.device)

    @property
    def lanes(self) -> list[Lane]:
        """All lanes."""
        return [kept.thing for kept in self._lanes.values() if isinstance(kept.thing, Lane)]

    def lane(self, name: str) -> Lane | None:
        """Return the lane of an equipment, if it is one of ours."""
        kept = self._lanes.get(name)
        return kept.thing if kept is not None and isinstance(kept.thing, Lane) else None

    def admit(self, gate: str, admission: Admission) -> None:
        """Let somebody in at a gate, ours or another's."""
        self._admitting(gate, admission)

    def set_mode(self, equipment: str, direction: Direction, mode: Mode) -> None:
        """Have an equipment work as usual, free, or locked, if it is one of ours."""
        lane = self.lane(equipment)
        if lane is not None:
            lane.set_mode(direction, mode)

    def acknowledged(self, equipment: str, kind: str) -> None:
        """Tell an equipment of ours that somebody has seen to its alarm; in a turn of its own."""
        lane = self.lane(equipment)
        if lane is not None and kind in Alarm:
            event = told.Acknowledged(Alarm(kind))
            asyncio.get_running_loop().call_soon(lane.tell, event)

    @property
    def dropped(self) -> Mapping[tuple[str, str], int]:
        """What devices said and nobody took: how often, by device and word."""
        return self._drops.by_device

    @property
    def waiting(self) -> int:
        """Count what is still to be written into the books."""
        return sum(len(lane.settlements) for lane in self.lanes)

    def evacuate(self, equipment: str, evacuating: bool) -> None:  # noqa: FBT001  # what is told
        """Tell an equipment of ours that its space is evacuated, or that it is over."""
        kept = self._lanes.get(equipment)
        if kept is None:
            return
        if isinstance(kept.thing, Lane):
            kept.thing.tell(told.EvacuationBegan() if evacuating else told.EvacuationEnded())
        elif kept.thing.screen is not None:
            kept.thing.screen.stand()


class Beyond:
    """The gate that a reader opens without being it: a lane of ours, or of another gateway."""

    def __init__(self, gate: str, boards: Boards) -> None:
        self._gate = gate
        self._boards = boards

    def refusal(self, direction: Direction) -> Refusal | None:
        """Why nobody can be let in just now; nothing is known of a gate elsewhere."""
        lane = self._boards.lane(self._gate)
        return None if lane is None else lane.refusal(direction)

    def open_for(self, direction: Direction) -> Admission | None:
        """Return whom it is letting in."""
        lane = self._boards.lane(self._gate)
        return None if lane is None else lane.open_for(direction)

    def admit(self, admission: Admission) -> None:
        """Let somebody in."""
        self._boards.admit(self._gate, admission)


def _serve_the_same(gate: Equipment, shown: Equipment) -> bool:
    same_way = not set(gate.directions).isdisjoint(shown.directions)
    return gate.space == shown.space and same_way


class _Lane(NamedTuple):
    """What a lane is made from; the doors of an interlock are made anew together."""

    equipment: Equipment
    places: dict[Direction, Place]
    settings: WireSettings | None
    group: list[Equipment]

    @classmethod
    def of(cls, site: Site, equipment: Equipment) -> "_Lane":
        places = {way: place_of(site, equipment, way) for way in equipment.directions}
        group = [
            each
            for each in site.equipment
            if equipment.interlock is not None and each.interlock == equipment.interlock
        ]
        return cls(equipment, places, site.wire(equipment.controller or ""), group)

    @property
    def lets_parties_in(self) -> bool:
        return self.settings is None or self.settings.lets_parties_in

    @property
    def reports_passages(self) -> bool:
        settings, equipment = self.settings, self.equipment
        return settings is None or settings.reports_passages(equipment.kind, equipment.channels)


class _Link(NamedTuple):
    """What a link is made from: a lane made anew has to learn from its link how it stands."""

    controller: Controller
    settings: WireSettings | None
    lanes: list[_Lane]

    @classmethod
    def of(cls, site: Site, controller: Controller, lanes: Mapping[str, _Lane]) -> "_Link":
        on_it = [each for each in lanes.values() if each.equipment.controller == controller.id]
        return cls(controller, site.wire(controller), on_it)


def _changed[Thing](kept: Mapping[str, _Kept[Thing]], wanted: Mapping[str, object]) -> set[str]:
    """Name what runs and is to run no more, or otherwise."""
    return {name for name, each in kept.items() if wanted.get(name) != each.made_from}
