"""Equipment that is a board's outputs and inputs: how they stand becomes what its machine is told.

`config.contacts` says what the channels are called and are for, `controllers.inputs` how they
bounce, `controllers.outputs` how a machine's commands become switching. Pure; knows no wire.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from config.contacts import BY_NAME
from controllers.commands import Command, Direction
from controllers.events import (
    BatteryRead,
    BondChanged,
    ContactChanged,
    Event,
    ExitRequested,
    FaultCleared,
    FaultSeen,
    FireInput,
    ForcedSeen,
    PassageStarted,
    Passed,
    PowerChanged,
    TailgatingSeen,
    WrongWay,
)
from controllers.inputs import Instant, Level, Moment
from controllers.outputs import Output, Outputs, Pulse, Set, Wiring

__all__ = ("BATTERY_FINE", "BATTERY_LOW", "Contacts", "Output", "Pulse", "Set", "Told", "Wiring")

BATTERY_LOW, BATTERY_FINE = 0, 100
"""What a contact that knows only ``battery_low`` is told as, in percent."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a reading, or of time passing: for the machine, and for the board."""

    events: list[Event] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)


class Contacts:
    """The contacts of one equipment; ``now`` is in milliseconds of a clock that only rises."""

    def __init__(self, wiring: Wiring) -> None:
        self._outputs = Outputs(wiring)
        self._inverted = wiring.inverted
        self._flipped = wiring.inverted ^ (wiring.normally_closed & wiring.channels)
        inputs = [BY_NAME[name] for name in sorted(wiring.channels & BY_NAME.keys())]
        inputs = [each for each in inputs if not each.output]
        self._levels = {
            each.name: Level(wiring.debounce_ms) for each in inputs if each.shape == "level"
        }
        self._moments = {
            each.name: Moment(wiring.debounce_ms) for each in inputs if each.shape == "moment"
        }
        self._fault = ""

    @property
    def inputs(self) -> dict[str, bool]:
        """Whether that holds which each input's name says, as far as it is known."""
        known = {
            **{name: level.value for name, level in self._levels.items()},
            **{name: moment.value for name, moment in self._moments.items()},
        }
        return {name: value for name, value in known.items() if value is not None}

    @property
    def next_at(self) -> int | None:
        """When `tick` is wanted; ``None``: nothing is due."""
        dues = [self._outputs.due, *(level.due for level in self._levels.values())]
        return min((due for due in dues if due is not None), default=None)

    def read(
        self,
        levels: Mapping[str, bool],
        now: int,
        *,
        at: int | None = None,
        reading: str | None = None,
    ) -> Told:
        """Take how inputs stand: one that has changed, or all that a device says of itself.

        Args:
            levels: by the channel's name, as the board reads them; other names mean nothing.
            now: when the reading came.
            at: when it was, by the device's own clock.
            reading: the device's id of this reading, handed on with a passage.
        """
        told = self.tick(now)
        instant = Instant(now, at)
        for name, raw in levels.items():
            value = raw != (name in self._flipped)
            if level := self._levels.get(name):
                self._stood(name, level.read(value, instant), told)
            elif (moment := self._moments.get(name)) and moment.read(value, instant):
                self._closed(name, instant, reading, told)
        told.events.extend(self._faults())
        return told

    def passed(
        self, direction: Direction, now: int, *, at: int | None = None, reading: str | None = None
    ) -> Told:
        """Take that a person has passed, as a board tells that counts passages itself."""
        told = self.tick(now)
        told.events.append(Passed(direction, id=reading, at=at))
        told.outputs.extend(self.wired(self._outputs.passed(direction, now)))
        return told

    def tick(self, now: int) -> Told:
        """Let time pass: levels have stood long enough, the next person gets their pulse."""
        told = Told()
        for name, level in self._levels.items():
            self._stood(name, level.tick(now), told)
        told.events.extend(self._faults())
        told.outputs.extend(self.wired(self._outputs.tick(now)))
        return told

    def lost(self) -> None:
        """The device is out of sight: nothing is given later, and what it says next is no edge."""
        for level in self._levels.values():
            level.forget()
        for moment in self._moments.values():
            moment.forget()
        self._outputs.lost()

    def carry(self, command: Command, now: int) -> list[Output]:
        """Return the switching that a machine's command comes to, in order.

        The output with a ``tx`` is the one whose acknowledgement is that release's. It comes with a
        later `tick` where the pulse before must end first.
        """
        return self.wired(self._outputs.carry(command, now))

    def wired(self, outputs: Iterable[Output]) -> list[Output]:
        """Return outputs as the board is to switch them: an inverted one the other way round."""
        return [
            replace(each, on=not each.on) if each.channel in self._inverted else each
            for each in outputs
        ]

    def _stood(self, name: str, levels: Iterable[bool], told: Told) -> None:
        """Tell how an input stands that matters as a level; faults are told together."""
        for value in levels:
            match name:
                case "contact":
                    told.events.append(ContactChanged(open=value))
                case "bond":
                    told.events.append(BondChanged(locked=value))
                case "power":
                    told.events.append(PowerChanged(ok=value))
                case "battery_low":
                    told.events.append(BatteryRead(BATTERY_LOW if value else BATTERY_FINE))
                case "fire":
                    self._outputs.fire = value
                    told.events.append(FireInput(active=value))
                case _:
                    pass

    def _closed(self, name: str, instant: Instant, reading: str | None, told: Told) -> None:
        """Tell that a momentary input has closed."""
        direction = BY_NAME[name].direction
        match name.removesuffix(f"_{direction}"):
            case "passage" if direction is not None:
                told.events.append(Passed(direction, id=reading, at=instant.at))
                told.outputs.extend(self.wired(self._outputs.passed(direction, instant.now)))
            case "passage_started":
                for each in [direction] if direction is not None else self._outputs.released():
                    told.events.append(PassageStarted(each))
                    told.outputs.extend(self.wired(self._outputs.started(each, instant.now)))
            case "tailgating":
                told.events.append(TailgatingSeen())
            case "wrong_way":
                told.events.append(WrongWay())
            case "forced":
                told.events.append(ForcedSeen())
            case "rex":
                told.events.append(ExitRequested())
            case _:
                pass

    def _faults(self) -> Iterable[Event]:
        """Tell of the device's faults, all in one, when they have changed."""
        says = {name: level.value for name, level in self._levels.items()}
        bad = [name for name in ("fault", "tamper") if says.get(name)]
        if says.get("ready") is False:
            bad.append("not ready")
        before, self._fault = self._fault, ", ".join(bad)
        if self._fault and self._fault != before:
            yield FaultSeen(self._fault)
        elif before and not self._fault:
            yield FaultCleared()
