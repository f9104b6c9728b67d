"""Displays, lamps and buzzers at a gate: each decision for a while, else how the gate stands.

What they show is `controllers.displays`' to say; here it is carried to the device, in time. A
display that hangs on the board of a gate is that gate's; one on a board of its own is of all gates
of its space and direction.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, assert_never

from config.models import Equipment
from controllers.displays import (
    STANDING_LIGHTS,
    Display,
    Panel,
    ShowLight,
    Shown,
    ShowText,
    SoundBuzzer,
    Standing,
    Timing,
    buzzes,
    lamps,
)
from controllers.looks import LOOKS, SOUNDS, Light, answer
from controllers.outputs import Output, Pulse
from drivers import commands as to_wire
from drivers.link import Speaks
from gateway.entitlements.place import Place
from gateway.tickets.decision import Decision
from gateway.venue.needs import Needs

LAMPS: Final = frozenset({"granted", "denied", "buzzer"})
STANDINGS: Final[Mapping[str, Standing]] = {
    "free": Standing.FREE,
    "locked": Standing.LOCKED,
    "checking": Standing.CHECK,
    "fault": Standing.OUT_OF_SERVICE,
    "out_of_service": Standing.OUT_OF_SERVICE,
    "unknown": Standing.OUT_OF_SERVICE,
    "evacuation": Standing.EVACUATION,
}
"""What a gate's state is to those who come; in any other it takes tickets."""

type Send = Callable[[to_wire.Command], None]


class Gate(Protocol):
    """A gate whose decisions are shown."""

    @property
    def state(self) -> str:
        """How it stands, in a word."""


class Screen:
    """What one equipment shows.

    Args:
        equipment: the display or lamp; or a gate or reader with lamps on its own board.
        places: where it stands.
        needs: the rest of the venue.
        send: has the device do something.
    """

    def __init__(
        self, equipment: Equipment, places: Iterable[Place], needs: Needs, send: Send
    ) -> None:
        self.equipment = equipment
        self.gates: list[Gate] = []
        """Whose decisions it shows."""
        self.speaks: Speaks = "gate"
        self._places = tuple(places)
        self._needs = needs
        self._send = send
        self._languages = equipment.languages or needs.languages()
        self._timing = Timing(
            granted_ms=round(equipment.open_s * 1000),
            longer_ms=round(equipment.longer_s * 1000),
            denied_ms=round(equipment.deny_s * 1000),
        )
        self._display = Display(Panel(), self._languages, self._timing)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._later: list[asyncio.TimerHandle] = []

    def say(self, place: Place, decision: Decision) -> None:
        """Show a decision to who has shown a ticket."""
        look = answer(
            granted=decision.granted, reason=decision.reason, attention=decision.attention
        )
        messages = {each: self._needs.say(decision, place, each) for each in self._languages}
        self._show(self._display.say(look, messages, self._now(), longer=decision.attention))

    def stand(self) -> None:
        """Show how the gates stand, unless an answer is being shown."""
        self._show(self._display.stand(self._standing(), self._now()))

    def again(self) -> None:
        """Show it anew: the device is back."""
        self._display.stand(self._standing(), self._now())
        self._show(self._display.again(self._now()))

    def end(self) -> None:
        """Show nothing more."""
        for handle in (*self._later, *([self._timer] if self._timer else [])):
            handle.cancel()

    def _standing(self) -> Standing:
        """Tell what those who come must know: as good as the best of the gates."""
        if self._needs.evacuates(self.equipment.id):
            return Standing.EVACUATION
        if all("c" in self._needs.flags.of(place) for place in self._places):
            return Standing.CLOSED
        stands = [STANDINGS.get(gate.state, Standing.IDLE) for gate in self.gates]
        if not stands or Standing.IDLE in stands:
            return Standing.IDLE
        return stands[0]

    def _tick(self) -> None:
        self._timer = None
        now = self._now()
        self._show([*self._display.tick(now), *self._display.stand(self._standing(), now)])

    def _show(self, shown: Iterable[Shown]) -> None:
        for each in shown:
            if self.speaks == "contacts":
                self._switch(each)
            else:
                self._send(_told(each))
        if self._timer is not None:
            self._timer.cancel()
        due = self._display.next_at
        self._timer = None if due is None else self._loop.call_at(due / 1000, self._tick)

    def _switch(self, shown: Shown) -> None:
        """Switch a board's lamps and buzzer, beat by beat."""
        channels = LAMPS & self.equipment.channels.keys()
        beats: list[tuple[int, Output]] = []
        match shown:
            case ShowLight(light):
                for handle in self._later:
                    handle.cancel()
                self._later.clear()
                beats = lamps(light, self._lasts_ms(light), channels)
            case SoundBuzzer(sound):
                beats = buzzes(sound, channels)
            case ShowText():
                pass
            case _:
                assert_never(shown)
        for at_ms, output in beats:
            command = _switched(output)
            if at_ms == 0:
                self._send(command)
            else:
                self._later.append(self._loop.call_later(at_ms / 1000, self._send, command))

    def _lasts_ms(self, light: Light) -> int | None:
        """Tell how long a light is shown; ``None``: until another."""
        if light in STANDING_LIGHTS.values():
            return None
        granted = light in {Light.GRANTED, Light.ATTENTION}
        return self._timing.granted_ms if granted else self._timing.denied_ms

    def _now(self) -> int:
        return int(self._loop.time() * 1000) + 1


def _told(shown: Shown) -> to_wire.Command:
    match shown:
        case ShowLight(pattern):
            look = LOOKS[pattern]
            return to_wire.Light(pattern, look.colour, look.rhythm)
        case SoundBuzzer(pattern):
            return to_wire.Buzzer(pattern, SOUNDS[pattern])
        case ShowText(lines, ms):
            return to_wire.Text(lines, ms)
        case _:
            assert_never(shown)


def _switched(output: Output) -> to_wire.Command:
    if isinstance(output, Pulse):
        return to_wire.Pulse(output.channel, output.ms)
    return to_wire.Set(output.channel, output.on)
