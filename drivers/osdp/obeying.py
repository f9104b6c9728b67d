"""What a reader is told, by the venue's commands: they become libosdp's, in their turn."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from drivers.commands import Buzzer, Command, Light, Ping, Pulse, Set, Text
from drivers.osdp import face
from drivers.osdp.face import Kind, Told
from drivers.osdp.holding import Holding
from drivers.osdp.orders import WAIT_S, Orders
from drivers.osdp.panel import Identity
from drivers.pending import done, failed

SHOWS: Final = frozenset({Kind.LED, Kind.BUZZER, Kind.TEXT, Kind.STATUS})
"""What a reader that refuses it is not told again: it would have to be asked anew who it is."""


class Obeying:
    """The commands of one reader.

    Args:
        outputs: the numbers of its outputs, by the equipment's names.
        has_inputs: whether something is wired to its inputs.
        idle_colour: what it shows for white, which older readers do not know.
        wake: has the line look at once whether there is something to send.
    """

    def __init__(
        self,
        outputs: Mapping[str, int],
        has_inputs: bool,  # noqa: FBT001  # a fact of the wiring
        idle_colour: str,
        wake: Callable[[], None],
    ) -> None:
        self.orders = Orders()
        self.identity: Identity | None = None
        """What it says it is, and so what it can show."""
        self.refused: set[Kind] = set()
        """What it has refused."""
        self._outputs = outputs
        self._has_inputs = has_inputs
        self._idle_colour = idle_colour
        self._wake = wake
        self._holding = Holding()
        self._there = False
        self._loop = asyncio.get_running_loop()

    def begin(self, identity: Identity) -> None:
        """The reader is there."""
        self._there, self.identity = True, identity

    def end(self, why: str) -> None:
        """It is gone: nothing of what it was to be told is told later."""
        self._there = False
        self.refused.clear()
        self._holding.forget()
        self.orders.fail_all(why)

    def tick(self, now: float) -> None:
        """Let time pass: long pulses are carried on, what must be closed is told again."""
        for told in self._holding.carried_on(now):
            self.orders.tell(told, now)
        for number, on in self._holding.closing(now):
            _ = self._close(number, on, now, WAIT_S)

    def ask_inputs(self, now: float) -> None:
        """Have it say how its inputs stand, if it can and somebody wants to know."""
        able = self.identity is not None and self.identity.inputs
        if able and self._has_inputs and Kind.STATUS not in self.refused:
            self.orders.tell(face.ask_inputs(), now)

    def change_key(self, key: bytes) -> "asyncio.Future[None]":
        """Have it use another key from now on."""
        return self._put(face.keyset(key), self._loop.time(), WAIT_S)

    def send(self, command: Command, within_s: float) -> "asyncio.Future[None]":
        """Tell it something; the future ends with its acknowledgement."""
        now = self._loop.time()
        if isinstance(command, Pulse | Set):
            number = self._outputs.get(command.channel)
            if number is None:
                return failed(f"{command.channel} is no output here")
            return self._switch(number, command, now, within_s)
        return self._show(command, now, within_s)

    def _put(self, told: Told, now: float, within_s: float) -> "asyncio.Future[None]":
        answered = self.orders.put(told, now, within_s)
        self._wake()
        return answered

    # --- what it shows

    def _show(self, command: Command, now: float, within_s: float) -> "asyncio.Future[None]":
        match command:
            case Light(_, colour, beats):
                colour = self._idle_colour if colour == "white" else colour
                told = self._able(Kind.LED, [face.led(colour, beats)])
            case Buzzer(_, beats):
                told = self._able(Kind.BUZZER, [face.buzzer(beats)])
            case Text(lines, ms):
                told = self._able(Kind.TEXT, face.texts(lines, ms, self._rows))
            case Ping():
                told = []  # it is asked all the time
            case _:
                return failed(f"a reader cannot follow {type(command).__name__}")
        sent = [self._put(each, now, within_s) for each in told]
        return sent[-1] if sent else done()

    def _able(self, kind: Kind, told: Sequence[Told]) -> Sequence[Told]:
        """Return what it can show; the rest is not told."""
        has = self.identity
        able = has is not None and {
            Kind.LED: has.leds, Kind.BUZZER: has.buzzers, Kind.TEXT: has.rows
        }[kind]  # fmt: skip
        return told if able and kind not in self.refused else ()

    @property
    def _rows(self) -> int:
        level = 0 if self.identity is None else self.identity.rows
        return face.ROWS.get(level, 1)

    # --- its outputs

    def _switch(
        self, number: int, command: Pulse | Set, now: float, within_s: float
    ) -> "asyncio.Future[None]":
        self._holding.forget(number)
        if isinstance(command, Set):
            if command.insist:
                return self._close(number, command.on, now, within_s)
            return self._put(face.output(number, on=command.on), now, within_s)
        ms, on = command.ms, command.on
        answered = self._put(face.timed_output(number, ms, on=on), now, within_s)

        def ended(answered: "asyncio.Future[None]") -> None:
            if _obeyed(answered):
                self._holding.pulse(number, ms, now, on=on)

        if ms > face.LONGEST_MS:
            answered.add_done_callback(ended)
        return answered

    def _close(
        self,
        number: int,
        on: bool,  # noqa: FBT001  # a level
        now: float,
        within_s: float,
    ) -> "asyncio.Future[None]":
        """Tell an output to close, and again until it has been told: it may stand open."""
        answered = self._put(face.output(number, on=on), now, within_s)

        def ended(answered: "asyncio.Future[None]") -> None:
            if self._there and not _obeyed(answered):
                self._holding.insist(number, self._loop.time(), on=on)

        answered.add_done_callback(ended)
        return answered


def _obeyed(answered: "asyncio.Future[None]") -> bool:
    return not answered.cancelled() and answered.exception() is None
