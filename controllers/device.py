"""What a turnstile and a door have in common: a link, power, faults, and a fire input.

Fire release is wired into the device and never passes through this software: the input is observed.
While an evacuation lasts (latched: until it is clear and acknowledged) nothing is locked.
"""

from controllers.commands import Alarm, Clear, Command, Direction, Evacuate, EvacuationOver, Raise
from controllers.events import (
    BatteryRead,
    EvacuationBegan,
    EvacuationEnded,
    Event,
    FaultCleared,
    FaultSeen,
    FireInput,
    LinkBack,
    LinkLost,
    PowerChanged,
)

BATTERY_LOW, BATTERY_FINE = 20, 25
"""Percent: an alarm below, over above; between them it stays as it was."""


class Device:
    """The device behind a machine.

    Attributes:
        linked: it can be reached, as far as is known.
        evacuating: an evacuation lasts.
    """

    def __init__(self, failures_max: int) -> None:
        self.linked = True
        self.evacuating = False
        self._failures_max = failures_max
        self._failures = 0
        self._fire = False
        self._fault: str | None = None
        self._raised: dict[tuple[Alarm, Direction | None], None] = {}

    @property
    def faulty(self) -> bool:
        """Whether it reports a fault, or has failed too often."""
        return self._fault is not None or self._failures >= self._failures_max

    @property
    def working(self) -> bool:
        """Whether scans can be taken."""
        return self.linked and not self.faulty

    @property
    def down(self) -> str | None:
        """In a word, why it does not work; ``None``: it works."""
        if not self.linked:
            return "out_of_service"
        return "fault" if self.faulty else None

    def step(self, event: Event) -> list[Command]:
        """Take what concerns the device as a whole; anything else is no business of its."""
        commands: list[Command] = []
        match event:
            case LinkLost(why):
                self.linked = False
                commands = self._raise(Alarm.LINK_DOWN, why)
            case LinkBack():
                self.linked = True
                commands = [*self._clear(Alarm.LINK_DOWN), *self.works()]
            case FaultSeen(text):
                changed, self._fault = self._fault != text, text
                commands = self._raise(Alarm.FAULT, text, again=changed)
            case FaultCleared():
                self._fault = None
                commands = self.works()
            case PowerChanged(ok):
                commands = self._clear(Alarm.POWER) if ok else self._raise(Alarm.POWER)
            case BatteryRead(percent):
                commands = self._battery(percent)
            case FireInput() | EvacuationBegan() | EvacuationEnded():
                commands = self._evacuation(event)
            case _:
                pass
        return commands

    def failed(self, direction: Direction, why: str) -> list[Command]:
        """A release was not acknowledged."""
        self._failures += 1
        told: list[Command] = [Raise(Alarm.RELEASE_FAILED, direction, why)]
        if self._failures == self._failures_max and self._fault is None:
            told += self._raise(Alarm.FAULT, f"{self._failures} releases in a row failed: {why}")
        return told

    def works(self) -> list[Command]:
        """It has followed a release, or is there anew: what went wrong before is past."""
        self._failures = 0
        fault = [] if self._fault is not None else self._clear(Alarm.FAULT)
        return [*fault, *self._clear(Alarm.FORCED)]

    def forced(self, direction: Direction | None) -> list[Command]:
        """Somebody has forced it; over when it is well again, or follows a release."""
        self._raised[Alarm.FORCED, direction] = None
        return [Raise(Alarm.FORCED, direction)]

    def _battery(self, percent: int) -> list[Command]:
        if percent < BATTERY_LOW:
            return self._raise(Alarm.BATTERY_LOW, f"{percent} %")
        return self._clear(Alarm.BATTERY_LOW) if percent > BATTERY_FINE else []

    def _evacuation(self, event: FireInput | EvacuationBegan | EvacuationEnded) -> list[Command]:
        match event:
            case EvacuationBegan():
                self.evacuating = True
            case EvacuationEnded():
                # An acknowledgement given while there is fire is none.
                self.evacuating = self._fire
            case FireInput(active) if active != self._fire:
                self._fire = active
                self.evacuating = self.evacuating or active
                return [Evacuate() if active else EvacuationOver()]
            case FireInput():
                pass
        return []

    def _raise(self, alarm: Alarm, text: str = "", *, again: bool = False) -> list[Command]:
        if (alarm, None) in self._raised and not again:
            return []
        self._raised[alarm, None] = None
        return [Raise(alarm, text=text)]

    def _clear(self, alarm: Alarm) -> list[Command]:
        over = [key for key in self._raised if key[0] is alarm]
        for key in over:
            del self._raised[key]
        return [Clear(*key) for key in over]
