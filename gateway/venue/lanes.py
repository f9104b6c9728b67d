"""A lane: one gate or reader with its machine, its wire, its codes and its books.

Signals of the wire become events of the machine, the machine's commands become commands of the wire
and entries in the books. A step of the machine is synchronous and never waits; what takes its time
(the store's answer to a code, an acknowledgement, an entry) comes back as another event.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, assert_never

from config.models import Equipment
from controllers import commands as asked
from controllers import events as told
from controllers.commands import Alarm, Mode
from controllers.machine import Machine, Refusal
from drivers.commands import Command as WireCommand
from drivers.commands import Ping, ShowDecision
from drivers.link import CommandFailed, Link
from drivers.signals import (
    CodeRead,
    GateEvent,
    GateEventType,
    LinkChanged,
    Signal,
    StateRead,
)
from gateway.entitlements.place import Direction, Place
from gateway.tickets.decision import Decision
from gateway.venue.device import Device, Sent
from gateway.venue.equipment import CannotFollow, NoAnswer, Order
from gateway.venue.needs import Needs
from gateway.venue.scanning import LOCAL, Admission, Barrier, Scanner
from gateway.venue.screens import LAMPS, Screen
from gateway.venue.settlements import (
    Annulment,
    Given,
    LatePassage,
    Passage,
    Untracked,
)
from gateway.venue.tasks import Work, kept_going
from gateway.venue.wiring import Read

GRANTS_KEPT: Final = 256
WRITTEN_WITHIN_S: Final = 1.0
"""What is waiting for the books when a lane ends has so long."""


class Lane:
    """One equipment of a wire of ours.

    Args:
        equipment: what the site file says of it.
        places: where it stands, by direction.
        machine: its turnstile or door, or what stands in for one at a reader.
        needs: the rest of the venue.
        barrier: what its codes open; by default itself.
    """

    def __init__(
        self,
        equipment: Equipment,
        places: Mapping[Direction, Place],
        machine: Machine,
        needs: Needs,
        barrier: Barrier | None = None,
    ) -> None:
        self.equipment = equipment
        self.id = equipment.id
        self.machine = machine
        self.places = dict(places)
        self.settlements = needs.settlements(self.id)
        self._needs = needs
        self._loop = asyncio.get_running_loop()
        self._scanner = Scanner(
            equipment,
            self.places,
            barrier or self,
            needs,
            settle=self.settlements.put,
            decided=self._decided,
        )
        self.screens: list[Screen] = []
        """What shows our decisions beside the gate itself."""
        self.screen = Screen(equipment, self.places.values(), needs, self._switch)
        """Lamps on our own board, or its face; used where there are any."""
        self._device = Device(equipment, needs.wall, self.tell)
        self._told: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._grants: OrderedDict[str, Admission] = OrderedDict()
        self._current: dict[Direction, Admission] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due: int | None = None
        self._sent: list[Sent] = []
        self._modes: dict[Direction, list[Sent]] = {}
        self._shown: dict[str, Any] = {}

    # --- life

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take codes and write the books until the end of the block."""
        works: dict[str, Work] = {
            f"scans-{self.id}-{direction}": partial(self._scanner.keep_judging, direction)
            for direction in self.places
        }
        needs = self._needs
        needs.panel.attach(self.id, self.obey)
        for direction in self.places:
            self.set_mode(direction, needs.mode(self.id, direction))
        if needs.evacuates(self.id):
            self.tell(told.EvacuationBegan())
        try:
            async with kept_going(**{f"books-{self.id}": self.settlements.keep_writing}):
                async with kept_going(**works):
                    yield
                with suppress(TimeoutError):
                    async with asyncio.timeout(WRITTEN_WITHIN_S):
                        await self.settlements.written()
        finally:
            self.screen.end()
            if self._timer is not None:
                self._timer.cancel()
            self._needs.panel.detach(self.id)

    def connect(self, link: Link) -> None:
        """Speak over a link from now on; whether the device is there, it tells by itself."""
        self._device.connect(link)
        self.screen.speaks = link.speaks
        lamps = link.speaks == "contacts" and not LAMPS.isdisjoint(self.equipment.channels)
        shows = lamps or link.speaks == "terminal"
        if shows and self.screen not in self.screens:
            self.screen.gates = [self]
            self.screens.append(self.screen)

    def disconnect(self) -> None:
        """Speak over nothing."""
        self._device.disconnect()

    # --- the wire

    def take(self, signal: Signal) -> None:
        """Take what the wire tells; never waits, never fails."""
        match signal:
            case CodeRead():
                self._scanner.take(signal)
                return
            case GateEvent():
                if self._repeated(signal):
                    return
                signal = self._directed(signal)
                self._tell_people(signal)
            case LinkChanged(up=up):
                self._link_changed(up)
            case StateRead():
                self._show_state(signal)
            case _:
                pass
        self._do(self._device.read(signal, self._now()))

    def _repeated(self, event: GateEvent) -> bool:
        """Tell whether a gate says again, under another id, that somebody of a grant has passed."""
        if event.tx is None or event.at is None or event.type is not GateEventType.PASSED:
            return False
        told_again = (event.tx, event.at) in self._told
        self._told[event.tx, event.at] = None
        if len(self._told) > GRANTS_KEPT:
            self._told.popitem(last=False)
        return told_again

    def _directed(self, event: GateEvent) -> GateEvent:
        """Give a direction to who passes, where the gate names none: their grant's, or the first.

        Nobody goes uncounted because a gate says too little.
        """
        passes = event.type in {GateEventType.PASSED, GateEventType.PASSAGE_STARTED}
        if event.direction is not None or not passes:
            return event
        known = None if event.tx is None else self._grants.get(event.tx)
        let_in = known or next(iter(self._current.values()), None)
        return replace(event, direction=self._first if let_in is None else let_in.direction)

    def _tell_people(self, event: GateEvent) -> None:
        """Raise what a gate reports of itself and no machine knows."""
        if event.type is GateEventType.HELD_OPEN:
            self._raise(asked.Raise(Alarm.HELD_OPEN, event.direction, event.text))
        elif event.type is GateEventType.CLEARED:
            self._clear(asked.Clear(Alarm.HELD_OPEN, event.direction))

    def _link_changed(self, up: bool) -> None:  # noqa: FBT001  # the one fact of the signal
        self._device.up = up
        self._needs.panel.tell(self.id, link="up" if up else "down")
        if up and self.screen in self.screens:
            self.screen.again()

    def _show_state(self, state: StateRead) -> None:
        facts: dict[str, Any] = {}
        if state.counters:
            ways: tuple[Direction, ...] = ("entry", "exit")
            facts["counters"] = {way: state.counters.get(way) for way in ways}
        if state.battery is not None:
            facts["battery"] = state.battery
        if facts:
            self._needs.panel.tell(self.id, **facts)

    def _do(self, read: Read) -> None:
        """Tell the machine what came of a signal, and the device what it needs to be told."""
        for event in read.events:
            if isinstance(event, told.Passed) and self._is_late(event):
                continue
            self._step(event)
        self._device.send_all(read.orders)
        self._settle_down()

    def _is_late(self, passed: told.Passed) -> bool:
        """Put in the books who has passed under a grant that an earlier life of ours gave."""
        tx = passed.tx
        if tx is None or tx in self._grants:
            return False
        if not tx.startswith(LOCAL):  # whoever was let in alone was counted as they were let in
            place = self.places.get(passed.direction) or self.places[self._first]
            self.settlements.put(LatePassage(tx, place, passed.at))
        return True

    @property
    def _first(self) -> Direction:
        return next(iter(self.places))

    # --- the machine

    def tell(self, event: told.Event) -> list[Sent]:
        """Tell the machine something; return the acknowledgements of what the device was told."""
        self._sent = []
        self._step(event)
        self._settle_down()
        return self._sent

    def _step(self, event: told.Event) -> None:
        for command in self.machine.step(event, self._now()):
            self._carry_out(command)

    def _carry_out(self, command: asked.Command) -> None:
        match command:
            case asked.Release() | asked.Revoke() | asked.SetMode() | asked.Unlock() | asked.Lock():
                self._sent += self._device.carry(command, self._now())
            case asked.Commit(tx, persons, at):
                self._commit(tx, persons, at)
            case asked.Annul(tx, _):
                self._annul(tx)
            case asked.Count(direction, persons, why):
                place = self.places.get(direction) or self.places[self._first]
                self.settlements.put(Untracked(place, persons, why))
            case asked.Raise():
                self._raise(command)
            case asked.Clear():
                self._clear(command)
            case asked.AskForCheck():
                pass  # its state says so: `checking`
            case asked.Evacuate():
                self._needs.fire(self.id, self.equipment.space, active=True)
            case asked.EvacuationOver():
                self._needs.fire(self.id, self.equipment.space, active=False)
            case _:
                assert_never(command)

    def _commit(self, tx: str, persons: int, at: int | None) -> None:
        known = self._grants.get(tx)
        if known is None:
            self.settlements.put(Passage(tx, persons, at))
        else:
            more = persons < known.persons
            self.settlements.put(Passage(tx, persons, at, self._given(known), more))

    def _annul(self, tx: str) -> None:
        known = self._grants.get(tx)
        if known is not None:
            self.settlements.put(Annulment(tx, self._given(known)))

    def _given(self, admission: Admission) -> Given:
        place = self.places.get(admission.direction) or self.places[self._first]
        if admission.reader != place.reader:
            place = replace(place, reader=admission.reader)
        return Given(admission.code, place, admission.persons)

    def _raise(self, alarm: asked.Raise) -> None:
        self._needs.alarms.raise_(
            alarm.alarm,
            equipment=self.id,
            space=self.equipment.space,
            direction=alarm.direction,
            text=alarm.text,
        )

    def _clear(self, alarm: asked.Clear) -> None:
        self._needs.alarms.clear(
            alarm.alarm,
            equipment=self.id,
            space=self.equipment.space,
            direction=alarm.direction,
        )

    def _settle_down(self) -> None:
        """After steps: set the timer anew, and show how it stands."""
        dues = (self.machine.next_at, self._device.next_at)
        due = min((each for each in dues if each is not None), default=None)
        if due != self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._due = due
            self._timer = None if due is None else self._loop.call_at(due / 1000, self._tick)
        state = self.state
        inputs = self._device.inputs
        if state != self._shown.get("state") or inputs != self._shown.get("inputs"):
            if state != self._shown.get("state"):
                self._loop.call_soon(self._stand)
            self._shown = {"state": state, "inputs": dict(inputs)}
            self._needs.panel.tell(self.id, **self._shown)

    @property
    def state(self) -> str:
        """How it stands, in a word."""
        return self.machine.state if self._device.up else "unknown"

    def _stand(self) -> None:
        for screen in self.screens:
            screen.stand()

    def _tick(self) -> None:
        self._timer = self._due = None
        self._do(self._device.tick(self._now()))
        self._step(told.Tick())
        self._settle_down()

    def _now(self) -> int:
        """Tell the time of machines: rounded up, so that a timer never comes too early."""
        return int(self._loop.time() * 1000) + 1

    # --- a barrier

    def refusal(self, direction: Direction) -> Refusal | None:
        """Why nobody can be let in just now."""
        return self.machine.refusal(direction)

    def open_for(self, direction: Direction) -> Admission | None:
        """Return whom the machine has let in last."""
        return self._current.get(direction)

    def admit(self, admission: Admission) -> None:
        """Let somebody in who was granted, here or elsewhere; never waits."""
        direction = admission.direction
        self._remember(admission)
        if self.machine.refusal(direction) is None:
            self._current[direction] = admission
        self.tell(
            told.Granted(
                direction,
                admission.tx,
                admission.persons,
                admission.longer,
                self._needs.dice(),
                admission.counted,
            )
        )

    def _remember(self, admission: Admission) -> None:
        self._grants[admission.tx] = admission
        if len(self._grants) > GRANTS_KEPT:
            self._grants.popitem(last=False)

    # --- people

    def _decided(self, read: CodeRead, place: Place, decision: Decision) -> None:
        """Show a decision: at the gate that has read the code, and near it."""
        needs = self._needs
        message = needs.say(decision, place)
        if read.id is not None:
            document = needs.answers.decision(decision, message, operator=False)
            if document["ticket"] is not None:
                document["ticket"].pop("holder", None)
            self._device.say(ShowDecision(read.id, document))
        for screen in self.screens:
            if place.direction in screen.equipment.directions:
                screen.say(place, decision)
        needs.panel.tell(
            self.id,
            last_scan={
                "at": needs.answers.when(needs.wall()),
                "decision": "granted" if decision.granted else "denied",
                "reason": decision.reason,
            },
        )

    def _open(self, direction: Direction, tx: str) -> list[Sent]:
        """Open for one person, for an operator; their act counts whoever passes."""
        self._remember(Admission(direction, tx, counted=True))
        self._current.pop(direction, None)
        return self.tell(told.OpenOnce(direction, tx))

    def set_mode(self, direction: Direction, mode: Mode) -> None:
        """Work as usual, free, or locked in a direction from now on."""
        self._modes[direction] = self.tell(told.ModeSet(direction, mode))

    async def obey(self, order: Order) -> None:
        """Carry an operator's order out; ends when the device has acknowledged it.

        Raises:
            CannotFollow: this equipment has nothing to open.
            NoAnswer: the device cannot be reached, refused, or said nothing in time.
        """
        if not self._device.up:
            raise NoAnswer(f"{self.id} cannot be reached.")
        match order.act:
            case "open":
                sent = self._open(order.directions[0], order.id)
                if not sent:
                    raise CannotFollow(f"{self.id} cannot be opened now ({self.machine.state}).")
            case "lock" | "free" | "normal":
                sent = [each for way in order.directions for each in self._modes.get(way, ())]
            case "test":
                sent = [self._device.ask(Ping())]
            case _:
                assert_never(order.act)
        for future in sent:
            try:
                await asyncio.shield(future)
            except CommandFailed as why:
                raise NoAnswer(str(why)) from why

    def _switch(self, command: WireCommand) -> None:
        """Have our board switch a lamp; nobody waits for it."""
        if self._device.up:
            self._device.say(command)
