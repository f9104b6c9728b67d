"""Devices on serial lines that are not there: scan engines, and gates by their profile.

For tests, for the demo and for `composteur simulate scanner|serial-gate`. They speak the true wire
(a pty), keep the rules of their makers, and break them on request.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path
from random import Random
from typing import Final, Self, override

from drivers.serial.codec import ETX, STX, Check, Framing, Rejected
from drivers.serial.profile import CommandProfile, GateProfile, ScannerProfile
from drivers.serial.pty import Socket
from drivers.serial.telegrams import Telegrams
from drivers.signals import GateEventType

BOOT_NOISE: Final = b"\x00\xff\x00"
"""What a line says while the device behind it starts."""
REPLUG_S: Final = 1.0

_SUFFIXES: Final[dict[Framing, bytes]] = {
    "line": b"\r\n",
    "cr": b"\r",
    "lf": b"\n",
    "crlf": b"\r\n",
    "tab": b"\t",
}


@dataclass(slots=True)
class Faults:
    """What is wrong with the device; change it while it runs.

    Attributes:
        mute: it says nothing, and hears nothing.
        unheard: what it says gets lost; it obeys.
        late_s: all it says comes so much later.
        garbled: the share of its bytes that are other ones, 0 to 1.
        refused: a gate refuses every command.
        doubled: it says everything twice.
    """

    mute: bool = False
    unheard: bool = False
    late_s: float = 0.0
    garbled: float = 0.0
    refused: bool = False
    doubled: bool = False


class SimulatedDevice(ABC):
    """A device on its own line; it is there while `running`.

    Args:
        path: the name under which the line is found.
        dice: decides which bytes are garbled.
        baud: how slow the line is; ``None``: as fast as it goes.
    """

    def __init__(self, path: Path, *, dice: Random, baud: int | None = None) -> None:
        self.faults = Faults()
        self._dice = dice
        self._late: set[asyncio.TimerHandle] = set()
        self.socket = Socket(path, self._hear, baud=baud)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Be plugged in until the end of the block."""
        await self.plug()
        try:
            yield self
        finally:
            self.forget()
            await self.unplug()

    async def unplug(self) -> None:
        """Pull the cable."""
        for timer in self._late:
            timer.cancel()
        self._late.clear()
        await self.socket.unplug()

    async def plug(self) -> None:
        """Put the cable back."""
        await self.socket.plug()

    def reboot(self) -> None:
        """Start anew, with the noise that it makes; nothing it was told is remembered."""
        self.forget()
        self.socket.write(BOOT_NOISE)

    @abstractmethod
    def forget(self) -> None:
        """Be as after a start."""

    @abstractmethod
    def hear(self, data: bytes) -> None:
        """Take what the gateway says."""

    def _hear(self, data: bytes) -> None:
        if not self.faults.mute:
            self.hear(data)

    def say(self, data: bytes) -> None:
        """Say something, as its faults have it."""
        if self.faults.mute or self.faults.unheard:
            return
        for _ in range(1 + self.faults.doubled):
            if not self.faults.late_s:
                self._say(data)
                continue
            self._say_later(data)

    def _say_later(self, data: bytes) -> None:
        def now() -> None:
            self._late.discard(timer)
            self._say(data)

        timer = asyncio.get_running_loop().call_later(self.faults.late_s, now)
        self._late.add(timer)

    def _say(self, data: bytes) -> None:
        share = self.faults.garbled
        if share:
            dice = self._dice
            data = bytes(b ^ (1 << dice.randrange(8)) if dice.random() < share else b for b in data)
        self.socket.write(data)


class SimulatedScanner(SimulatedDevice):
    """A scan engine: it says the codes it is shown, and answers what it is told.

    Args:
        path: the name under which the line is found.
        profile: what it is.
        dice: decides which bytes are garbled.
        symbology: the AIM identifier it says, where its profile has one.
        baud: how slow the line is.
    """

    def __init__(
        self,
        path: Path,
        profile: ScannerProfile,
        *,
        dice: Random,
        symbology: str = "]Q1",
        baud: int | None = None,
    ) -> None:
        super().__init__(path, dice=dice, baud=baud)
        self.told: list[bytes] = []
        """What it was sent."""
        self.answer = b""
        """What it answers to that."""
        self._profile = profile
        self._symbology = symbology

    def show(self, code: str) -> None:
        """Hold a code before it."""
        self.say(self.frame(code))

    def frame(self, code: str) -> bytes:
        """Return what it says for a code."""
        profile = self._profile
        label = profile.labels[0] if profile.labels else ""
        aim = self._symbology if profile.aim else ""
        data = f"{label}{aim}{code}".encode()
        if profile.framing == "stx-etx":
            return enclosed(data, profile.framing_check)
        return data + _SUFFIXES.get(profile.framing, b"")

    @override
    def forget(self) -> None:
        self.told.clear()

    @override
    def hear(self, data: bytes) -> None:
        self.told.append(data)
        if self.answer:
            self.say(self.answer)


def enclosed(data: bytes, check: Check) -> bytes:
    """Put data between STX and ETX, with its check byte."""
    whole = bytes([STX]) + data + bytes([ETX])
    covered = {"none": b"", "xor": data, "xor-etx": whole[1:], "xor-stx-etx": whole}[check]
    return whole if check == "none" else whole + bytes([reduce(xor, covered, 0)])


class SimulatedSerialGate(SimulatedDevice):
    """A gate that speaks as its profile says.

    Args:
        path: the name under which the line is found.
        profile: what it is.
        dice: decides which bytes are garbled.
        hold_s: a released passage that nobody takes is over after so long.
        walk_s: somebody passes so long after each release; ``None``: nobody by themselves.
        baud: how slow the line is.
    """

    def __init__(
        self,
        path: Path,
        profile: GateProfile,
        *,
        dice: Random,
        hold_s: float = 5.0,
        walk_s: float | None = None,
        baud: int | None = None,
    ) -> None:
        super().__init__(path, dice=dice, baud=baud)
        self.profile = profile
        self.hold_s = hold_s
        self.walk_s = walk_s
        self.obeyed: list[CommandProfile] = []
        """The commands it carried out."""
        self.rejected = 0
        """What it heard and could not read."""
        self.released: dict[int, asyncio.TimerHandle] = {}
        """The sides that somebody may pass, once."""
        self.free: set[int] = set()
        self.passages: list[int] = []
        """Who has passed: by which side."""
        self._telegrams = Telegrams(profile.frame.format)
        self._walking: set[asyncio.TimerHandle] = set()

    # --- what it is told

    @override
    def hear(self, data: bytes) -> None:
        for telegram in self._telegrams.feed(data):
            if isinstance(telegram, Rejected):
                self.rejected += 1
            else:
                self._take(telegram)

    def _take(self, data: bytes) -> None:
        command = next((each for each in self.profile.command if each.send == data), None)
        if command is None or self.faults.refused:
            self._answer(self.profile.refused)
            return
        self.obeyed.append(command)
        self._obey(command)
        self._answer(self.profile.acknowledged)

    def _obey(self, command: CommandProfile) -> None:
        sides = (1, 2) if command.direction is None else (command.direction,)
        loop = asyncio.get_running_loop()
        for side in sides:
            match command.do:
                case "release":
                    self._close(side)
                    self.released[side] = loop.call_later(self.hold_s, self._close, side)
                    if self.walk_s is not None:
                        self._walking.add(loop.call_later(self.walk_s, self.walk, side))
                case "free":
                    self.free.add(side)
                case _:
                    self.free.discard(side)
                    self._close(side)

    def _answer(self, data: bytes) -> None:
        if data:
            self.say(self.profile.frame.format.write(data))

    def _close(self, side: int) -> None:
        timer = self.released.pop(side, None)
        if timer is not None:
            timer.cancel()

    # --- people

    def walk(self, side: int) -> bool:
        """Have somebody push; tell whether it let them through."""
        if side not in self.released and side not in self.free:
            return False
        self._close(side)
        self.passages.append(side)
        self.tell(GateEventType.PASSED, side)
        return True

    def tell(self, event: str, side: int | None = None) -> None:
        """Tell something of itself, where its maker has a word for it."""
        for each in self.profile.event:
            if each.event == event and each.direction in {side, None}:
                self._answer(each.on)
                return

    # --- its life

    @override
    def forget(self) -> None:
        for side in (1, 2):
            self._close(side)
        self.free.clear()
        self._telegrams.forget()
        for timer in self._walking:
            timer.cancel()
        self._walking.clear()
