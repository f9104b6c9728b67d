"""Between machines and wires: commands of a machine for its device, and what the device tells it.

A gate understands releases and reports passages (one to one); a board has outputs and inputs,
which `controllers.contacts` knows how to use.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol, assert_never, override

import drivers.commands as to_wire
from config.models import Equipment
from controllers import commands as asked
from controllers import events as told
from controllers.contacts import Contacts
from controllers.outputs import Output, Pulse, Wiring
from drivers.link import Speaks
from drivers.signals import GateEvent, GateEventType, InputChanged, LinkChanged, Signal, StateRead

UNLOCKED: Final = "unlocked"
"""The name of a release that no grant is behind."""


class Order(NamedTuple):
    """A command for the device; ``tx``: its acknowledgement is that of this release."""

    command: to_wire.Command
    tx: str | None = None


class Read(NamedTuple):
    """What came of a signal: for the machine, and for the device."""

    events: Sequence[told.Event] = ()
    orders: Sequence[Order] = ()


class Outlet(Protocol):
    """How one equipment is spoken to; ``now`` is in ms of a clock that only rises."""

    @property
    def next_at(self) -> int | None:
        """When `tick` is wanted."""

    @property
    def inputs(self) -> dict[str, bool]:
        """How its inputs stand, as far as it is known."""

    def carry(self, command: asked.Command, now: int) -> Sequence[Order]:
        """Return what the device is told so that a machine's command is carried out."""

    def read(self, signal: Signal, now: int) -> Read:
        """Take what the device tells."""

    def tick(self, now: int) -> Read:
        """Let time pass."""


class Gate(Outlet):
    """A device that knows passages itself."""

    next_at = None

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._only = equipment.directions[0] if len(equipment.directions) == 1 else None
        self._inputs: dict[str, bool] = {}

    @property
    @override
    def inputs(self) -> dict[str, bool]:
        return self._inputs

    @override
    def carry(self, command: asked.Command, now: int) -> Sequence[Order]:
        equipment = self._equipment
        match command:
            case asked.Release(direction, tx, persons):
                release = to_wire.Release(direction, equipment.pulse_ms, persons, tx)
                return (Order(release, tx),)
            case asked.Revoke(_, tx):
                return (Order(to_wire.Revoke(tx)),)
            case asked.SetMode(direction, mode):
                return (Order(to_wire.SetMode(direction, mode)),)
            case asked.Unlock():
                first = equipment.directions[0]
                return (Order(to_wire.Release(first, equipment.pulse_ms, 1, UNLOCKED)),)
            case asked.Lock():
                return (Order(to_wire.Revoke(UNLOCKED)),)
            case _:
                return ()

    @override
    def read(self, signal: Signal, now: int) -> Read:
        match signal:
            case GateEvent():
                return Read(_events_of(signal, self._only))
            case InputChanged(_, name, value):
                return Read(self._stands({name: value}))
            case StateRead(inputs=inputs, battery=battery):
                charge = () if battery is None else (told.BatteryRead(battery),)
                return Read((*self._stands(inputs), *charge))
            case LinkChanged(up=up, why=why):
                self._inputs = {}
                return Read((told.LinkBack() if up else told.LinkLost(why),))
            case _:
                return Read()

    @override
    def tick(self, now: int) -> Read:
        return Read()

    def _stands(self, inputs: Mapping[str, bool]) -> list[told.Event]:
        """Tell how inputs stand that have changed, and those seen for the first time."""
        new = {name: value for name, value in inputs.items() if self._inputs.get(name) != value}
        self._inputs = {**self._inputs, **new}
        return [event for name, value in new.items() for event in _input(name, on=value)]


class Board(Outlet):
    """A device with outputs and inputs."""

    def __init__(self, equipment: Equipment) -> None:
        self._contacts = Contacts(wiring_of(equipment))

    @property
    @override
    def next_at(self) -> int | None:
        return self._contacts.next_at

    @property
    @override
    def inputs(self) -> dict[str, bool]:
        return self._contacts.inputs

    @override
    def carry(self, command: asked.Command, now: int) -> Sequence[Order]:
        return [_switched(each) for each in self._contacts.carry(command, now)]

    @override
    def read(self, signal: Signal, now: int) -> Read:
        match signal:
            case InputChanged(_, name, value, reading, at):
                found = self._contacts.read({name: value}, now, at=at, reading=reading)
            case StateRead(inputs=inputs, at=at):
                found = self._contacts.read(inputs, now, at=at)
            case LinkChanged(up=False, why=why):
                self._contacts.lost()
                return Read((told.LinkLost(why),))
            case LinkChanged():
                return Read((told.LinkBack(),))
            case GateEvent(type=GateEventType.PASSED, direction=str() as way, id=reading, at=at):
                found = self._contacts.passed(way, now, at=at, reading=reading)
            case GateEvent():
                return Read(_events_of(signal, None))
            case _:
                return Read()
        return Read(found.events, [_switched(each) for each in found.outputs])

    @override
    def tick(self, now: int) -> Read:
        found = self._contacts.tick(now)
        return Read(found.events, [_switched(each) for each in found.outputs])


def outlet_of(equipment: Equipment, speaks: Speaks) -> Outlet:
    """Return how an equipment is spoken to by a link that speaks so."""
    match speaks:
        case "gate" | "reader":
            return Gate(equipment)
        case "contacts" | "terminal":
            return Board(equipment)
        case _:
            assert_never(speaks)


def wiring_of(equipment: Equipment) -> Wiring:
    """Return how an equipment is wired to its board, as the site file says."""
    channels = equipment.channels
    return Wiring(
        channels=frozenset(channels),
        inverted=frozenset(name for name, each in channels.items() if each.inverted),
        debounce_ms=equipment.debounce_ms,
        release=equipment.release,
        pulse_ms=equipment.pulse_ms,
        open_ms=round(equipment.open_s * 1000),
        longer_ms=round(equipment.longer_s * 1000),
        fail_safe=equipment.lock == "fail-safe",
    )


def _switched(output: Output) -> Order:
    if isinstance(output, Pulse):
        return Order(to_wire.Pulse(output.channel, output.ms, output.on), output.tx)
    return Order(to_wire.Set(output.channel, output.on, output.closes), output.tx)


def _events_of(event: GateEvent, only: asked.Direction | None) -> list[told.Event]:
    """Return what a gate's report is to its machine; ``only``: the one direction it serves."""
    direction = event.direction or only
    found: told.Event | None = None
    match event.type:
        case GateEventType.PASSED if direction is not None:
            found = told.Passed(direction, event.tx, event.id, event.at)
        case GateEventType.PASSAGE_STARTED if direction is not None:
            found = told.PassageStarted(direction)
        case GateEventType.PASSAGE_TIMEOUT:
            found = told.PassageTimedOut(direction, event.tx)
        case GateEventType.WRONG_WAY:
            found = told.WrongWay(direction)
        case GateEventType.TAILGATING:
            found = told.TailgatingSeen(direction)
        case GateEventType.FORCED:
            found = told.ForcedSeen(direction)
        case GateEventType.FAULT:
            found = told.FaultSeen(event.text)
        case GateEventType.CLEARED:
            found = told.FaultCleared()
        case _:
            pass  # without its direction; or what a lane tells people itself: held open
    return [] if found is None else [found]


def _input(name: str, *, on: bool) -> list[told.Event]:
    """Return what an input of a gate is to its machine; a gate says what its inputs mean."""
    match name:
        case "fire":
            return [told.FireInput(on)]
        case "contact":
            return [told.ContactChanged(on)]
        case "bond":
            return [told.BondChanged(on)]
        case "rex" if on:
            return [told.ExitRequested()]
        case "power":
            return [told.PowerChanged(on)]
        case _:
            return []
