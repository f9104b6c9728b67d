"""Boards that are not there: any profile, as its registers behave, with people who pass.

`simulated_line` puts them on a true wire. What a profile does not name is refused, as boards do.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from drivers.modbus import codec
from drivers.modbus.codec import OFF, ON, READ, REFUSED, WRITE_COIL
from drivers.modbus.plan import Point, plan_of
from drivers.modbus.profile import Area, Profile

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
HOLDING: Final = "holding"
AREAS: Final[Mapping[int, Area]] = {function: area for area, function in READ.items()}

type Answer = tuple[int, bytes]
"""A function and its data."""


class Refused(Exception):
    """The board refuses."""

    def __init__(self, code: int) -> None:
        super().__init__(codec.refusal(code))
        self.code = code


@dataclass(slots=True)
class BoardFaults:
    """What is wrong with a board; change it while it runs.

    Attributes:
        mute: it does not answer, and does nothing.
        unheard: it does what it is asked, and its answers get lost.
        refuse: it refuses everything with this code.
        stuck: relays that do not move.
        fixed: registers that keep what they hold, whatever is written.
    """

    mute: bool = False
    unheard: bool = False
    refuse: int = 0
    stuck: set[int] = field(default_factory=set)
    fixed: set[int] = field(default_factory=set)


class SimulatedBoard:
    """A board; give it a line to be on.

    Attributes:
        outputs: how its relays stand.
        inputs: how its inputs stand.
        counters: how often each input has closed.
        registers: what settings hold, such as those of a watchdog.
        switched: every change of a relay: which, to what, and when (seconds of the loop).
        on_switch: told of each change, too.
    """

    def __init__(self, profile: Profile, unit: int | None = None) -> None:
        self.profile = profile
        self.unit = unit or profile.line.unit
        self.faults = BoardFaults()
        self.outputs = dict.fromkeys(profile.output_numbers, False)
        self.inputs = dict.fromkeys(profile.input_numbers, False)
        counted = 0 if profile.counters is None else profile.counters.count
        self.counters = dict.fromkeys(profile.input_numbers[:counted], 0)
        self.registers = self._registers()
        self.switched: list[tuple[int, bool, float]] = []
        self.on_switch: list[Callable[[int, bool], None]] = []
        self.asked = 0
        """Telegrams that were for it."""
        self._points = self._all_points()
        self._ends: dict[int, asyncio.TimerHandle] = {}
        self._falls: asyncio.TimerHandle | None = None
        self._armed = False

    def _registers(self) -> dict[int, int]:
        watchdog = self.profile.watchdog
        settings = () if watchdog is None else watchdog.settings
        return {self.profile.address(HOLDING, each.at): each.value for each in settings}

    def _all_points(self) -> dict[tuple[Area, int], list[Point]]:
        """Return what lies at each address."""
        plan = plan_of(self.profile, self.inputs, self.outputs, self.counters)
        found: dict[tuple[Area, int], list[Point]] = {}
        for reading in (*plan.often, *plan.seldom):
            for point in reading.points:
                for at in range(point.at, point.at + point.words):
                    found.setdefault((point.area, at), []).append(point)
        return found

    # --- its contacts

    def set_input(self, number: int, *, value: bool) -> None:
        """Operate an input; a closing is counted."""
        if value and not self.inputs[number] and number in self.counters:
            self.counters[number] += 1
        self.inputs[number] = value

    async def close_for(self, number: int, seconds: float) -> None:
        """Close an input for so long."""
        self.set_input(number, value=True)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.set_input(number, value=False)

    def switch(self, number: int, *, on: bool, seconds: float | None = None) -> None:
        """Switch a relay, and back by itself."""
        if end := self._ends.pop(number, None):
            end.cancel()
        self._turn(number, on)
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._ends[number] = loop.call_later(seconds, self._turn, number, not on)

    def _turn(self, number: int, on: bool) -> None:  # noqa: FBT001  # a level
        if self.outputs[number] is on or number in self.faults.stuck:
            return
        self.outputs[number] = on
        self.switched.append((number, on, asyncio.get_running_loop().time()))
        for told in self.on_switch:
            told(number, on)

    def reboot(self) -> None:
        """Start anew: relays drop, counters begin at nought, settings stay."""
        self.close()
        self._armed = False
        for number in self.outputs:
            self._turn(number, False)
        self.counters = dict.fromkeys(self.counters, 0)

    def close(self) -> None:
        """Leave nothing that would still happen."""
        for end in (*self._ends.values(), *((self._falls,) if self._falls else ())):
            end.cancel()
        self._ends.clear()
        self._falls = None

    # --- telegrams

    def answer(self, function: int, data: bytes) -> Answer | None:
        """Answer a telegram; None: it does not."""
        if self.faults.mute:
            return None
        self.asked += 1
        if self.faults.refuse:
            return function | REFUSED, bytes((self.faults.refuse,))
        try:
            answer = function, self._answer(function, data)
        except Refused as refused:
            return function | REFUSED, bytes((refused.code,))
        self._keep(writes=function >= WRITE_COIL)
        return None if self.faults.unheard else answer

    def _answer(self, function: int, data: bytes) -> bytes:
        area = AREAS.get(function)
        at, value = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
        if area is not None:
            return self._read(area, at, value)
        match function:
            case codec.WRITE_COIL:
                self._write_coil(at, value)
                return data[:4]
            case codec.WRITE_REGISTER:
                self._write_words(at, [value])
                return data[:4]
            case codec.WRITE_COILS:
                for number in range(value):
                    on = data[5 + number // 8] >> number % 8 & 1
                    self._write_coil(at + number, ON if on else OFF)
                return data[:4]
            case codec.WRITE_REGISTERS:
                words = [int.from_bytes(data[5 + 2 * n : 7 + 2 * n]) for n in range(value)]
                self._write_words(at, words)
                return data[:4]
            case _:
                raise Refused(ILLEGAL_FUNCTION)

    def _read(self, area: Area, at: int, count: int) -> bytes:
        bits = area in {"coil", "discrete"}
        if not 1 <= count <= (codec.MOST_BITS if bits else codec.MOST_WORDS):
            raise Refused(ILLEGAL_VALUE)
        inputs = self.profile.inputs
        if inputs is not None and inputs.whole and inputs.area == area and count != inputs.count:
            raise Refused(ILLEGAL_VALUE)
        values = [self._value(area, each) for each in range(at, at + count)]
        if not bits:
            return bytes((2 * count,)) + b"".join(value.to_bytes(2) for value in values)
        packed = bytearray((count + 7) // 8)
        for number, value in enumerate(values):
            packed[number // 8] |= value << number % 8
        return bytes((len(packed),)) + bytes(packed)

    def _value(self, area: Area, at: int) -> int:
        points = self._points.get((area, at))
        if points is None:
            if area == HOLDING and at in self.registers:
                return self.registers[at]
            raise Refused(ILLEGAL_ADDRESS)
        value = 0
        for point in points:
            if point.sort == "counter":
                low = (at == point.at) == point.low_first or point.words == 1
                return self.counters[point.number] >> (0 if low else 16) & 0xFFFF
            levels = self.inputs if point.sort == "input" else self.outputs
            if levels[point.number]:
                value |= point.on if point.bit is None else 1 << point.bit
        return value

    def _write_coil(self, at: int, value: int) -> None:
        for point in self._points.get(("coil", at), ()):
            if point.sort == "output" and value in {ON, OFF}:
                self.switch(point.number, on=value == ON)
                return
        number, on = self._pulsed("coil-value", at)
        self._pulse(number, value, on=on)

    def _write_words(self, at: int, words: list[int]) -> None:
        pulse = self.profile.pulse
        if pulse is not None and pulse.by == "register-pair" and len(words) == 2:  # noqa: PLR2004
            number, on = self._pulsed("register-pair", at)
            if words[0] != pulse.word:
                raise Refused(ILLEGAL_VALUE)
            self._pulse(number, words[1], on=on)
            return
        for offset, word in enumerate(words):
            self._write_word(at + offset, word)

    def _write_word(self, at: int, word: int) -> None:
        if at in self.registers:
            if at not in self.faults.fixed:
                self.registers[at] = word
            return
        outputs, pulse = self.profile.outputs, self.profile.pulse
        points = [each for each in self._points.get((HOLDING, at), ()) if each.sort == "output"]
        if outputs is None or not points:
            raise Refused(ILLEGAL_ADDRESS)
        for point in points:
            if point.bit is not None:
                self.switch(point.number, on=bool(word >> point.bit & 1))
            elif word in {outputs.on, outputs.off}:
                self.switch(point.number, on=word == outputs.on)
            elif pulse is not None and pulse.by == "register-value":
                self._pulse(point.number, word - pulse.word, on=True)
            else:
                raise Refused(ILLEGAL_VALUE)

    def _pulsed(self, by: str, at: int) -> tuple[int, bool]:
        """Tell which relay a pulse's address is for, and to which level."""
        pulse = self.profile.pulse
        area: Area = "coil" if by == "coil-value" else HOLDING
        if pulse is not None and pulse.by == by:
            for written, on in ((pulse.at, True), (pulse.at_off, False)):
                if written is None:
                    continue
                number, rest = divmod(at - self.profile.address(area, written), pulse.step)
                if not rest and 0 <= number < len(self.outputs):
                    return self.profile.output_numbers[number], on
        raise Refused(ILLEGAL_ADDRESS)

    def _pulse(self, number: int, units: int, *, on: bool) -> None:
        pulse = self.profile.pulse
        if pulse is None or not 1 <= units <= pulse.longest:
            raise Refused(ILLEGAL_VALUE)
        self.switch(number, on=on, seconds=units * pulse.unit_ms / 1000)

    # --- its watchdog

    def _keep(self, *, writes: bool) -> None:
        watchdog = self.profile.watchdog
        if watchdog is None:
            return
        self._armed |= writes
        if not self._armed or not (writes or watchdog.kept_by == "any"):
            return
        if self._falls is not None:
            self._falls.cancel()
        loop = asyncio.get_running_loop()
        self._falls = loop.call_later(watchdog.time_ms / 1000, self._fall)

    def _fall(self) -> None:
        for number in self.outputs:
            self.switch(number, on=False)
