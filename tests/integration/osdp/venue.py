"""A venue's end of an OSDP line: links that run and what they have told; readers that differ."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Self

from config.models import Channel
from drivers.commands import Command
from drivers.drops import Drops
from drivers.link import CommandFailed, Device, Surroundings
from drivers.osdp import OsdpSettings, OsdpWire
from drivers.osdp.framing import ACK, CRC, REPLY, SEQUENCE, Frame, Framer, write
from drivers.osdp.link import OsdpLink
from drivers.osdp.simulator import SimulatedLine, SimulatedReader
from drivers.serial.codec import Rejected
from drivers.serial.pty import Socket
from drivers.signals import CodeRead, GateEvent, InputChanged, LinkChanged, Signal

NAME = "post"
DOOR = {"lock": Channel(at=0), "contact": Channel(at=1)}


def wall() -> int:
    return time.time_ns() // 1_000_000


class Venue:
    """One controller, a reader on a line that others may share."""

    def __init__(
        self,
        settings: OsdpSettings,
        wire: OsdpWire | None = None,
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        self.settings = settings
        self.wire = wire or OsdpWire()
        self.kind = "reader" if channels is None else "door"
        self.channels = channels or {}
        self.signals: list[Signal] = []
        self.drops = Drops()
        self.link: OsdpLink

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        device = Device(NAME, self.kind, self.channels)
        around = Surroundings(
            "museum", "main", None, [device], self.signals.append, wall, self.drops
        )
        link = self.wire.link(self.settings, around)
        assert isinstance(link, OsdpLink)
        self.link = link
        task = asyncio.create_task(link.run(), name="link")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled():
                task.result()

    async def until(self, holds: Callable[[], object], within_s: float = 5.0) -> float:
        begun = time.monotonic()
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110 - signals come by themselves
                await asyncio.sleep(0.002)
        return time.monotonic() - begun

    @property
    def ups(self) -> list[bool]:
        return [each.up for each in self.signals if isinstance(each, LinkChanged)]

    @property
    def why(self) -> str:
        return [each.why for each in self.signals if isinstance(each, LinkChanged)][-1]

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.signals if isinstance(each, CodeRead)]

    @property
    def faults(self) -> list[str]:
        return [each.text for each in self.signals if isinstance(each, GateEvent)]

    @property
    def inputs(self) -> list[tuple[str, bool]]:
        return [(each.name, each.value) for each in self.signals if isinstance(each, InputChanged)]

    async def until_up(self, within_s: float = 5.0) -> float:
        return await self.until(lambda: self.ups[-1:] == [True], within_s)

    async def until_down(self, within_s: float = 10.0) -> float:
        return await self.until(lambda: self.ups[-1:] == [False], within_s)

    def sent(self, command: Command, within_ms: int = 2000) -> "asyncio.Future[None]":
        return self.link.send(NAME, command, wall() + within_ms)

    async def failure(self, command: Command) -> str:
        try:
            await self.sent(command)
        except CommandFailed as failure:
            return str(failure)
        raise AssertionError("it was acknowledged")


def in_the_clear(port: Path, address: int = 0, **keys: Any) -> OsdpSettings:
    return OsdpSettings.model_validate({"port": port, "address": address, "secure": "off", **keys})


def secured(port: Path, key: bytes, address: int = 0, **keys: Any) -> OsdpSettings:
    return OsdpSettings.model_validate(
        {"port": port, "address": address, "key_variable": "KEY", **keys},
        context={"environment": {"KEY": key.hex()}},
    )


@asynccontextmanager
async def readers(
    port: Path, *on_it: SimulatedReader, baud: int | None = None
) -> AsyncIterator[SimulatedLine]:
    async with SimulatedLine(port, on_it, dice=Random(1), baud=baud).running() as line:
        yield line


@asynccontextmanager
async def running(*venues: Venue) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for venue in venues:
            await stack.enter_async_context(venue.running())
        yield


class PlainReader:
    """A reader that libosdp's device cannot be: it says, in the clear, whatever it is given.

    It answers who it is and what it can; a question for its inputs as it is told to; every command
    with yes; a poll with what is next in `says`, else with nothing.
    """

    PDID = bytes.fromhex("a05dc0 01 01 07000000 010203")
    CAN = bytes.fromhex("010102 020202 030101 040401 050201 060201 080100")

    def __init__(self, port: Path, address: int = 0, *, baud: int | None = None) -> None:
        self.says: list[tuple[int, bytes]] = []
        """Replies to come: what it is, and its data."""
        self.answers: dict[int, tuple[int, bytes]] = {
            0x61: (0x45, self.PDID),
            0x62: (0x46, self.CAN),
        }
        """How it answers questions, by their number."""
        self.told: list[tuple[int, bytes]] = []
        """What it was told: no polls."""
        self.socket = Socket(port, self._hear, baud=baud)
        self.late_s = 0.0
        """So long it thinks before it answers."""
        self.wrong = 0
        """So many answers to come have a wrong byte."""
        self._address = address
        self._framer = Framer()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        await self.socket.plug()
        try:
            yield self
        finally:
            await self.socket.unplug()

    def _hear(self, data: bytes) -> None:
        for cut in self._framer.feed(data):
            if not isinstance(cut, Rejected) and Frame(cut).address == self._address:
                self._answer(Frame(cut))

    def _answer(self, frame: Frame) -> None:
        if frame.id == 0x60:
            what, data = self.says.pop(0) if self.says else (ACK, b"")
        else:
            self.told.append((frame.id, frame.data))
            what, data = self.answers.get(frame.id, (ACK, b""))
        control = frame.raw[4] & (SEQUENCE | CRC)
        answer = bytearray(write(self._address | REPLY, control, what, data))
        if self.wrong:
            self.wrong -= 1
            answer[5] ^= 0x01
        if self.late_s:
            asyncio.get_running_loop().call_later(self.late_s, self.socket.write, bytes(answer))
        else:
            self.socket.write(bytes(answer))
