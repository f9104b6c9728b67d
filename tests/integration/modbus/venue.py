"""A venue's side of Modbus: links that run on simulated lines, and the signals they have given."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

from config.models import Channel
from drivers.commands import Command
from drivers.link import CommandFailed, Device, Surroundings
from drivers.modbus.line import Line
from drivers.modbus.link import ModbusLink
from drivers.modbus.profile import load, names
from drivers.modbus.settings import ModbusSettings
from drivers.modbus.simulated_line import Plug, SimulatedLine, TcpSocket, Terminal, plugged
from drivers.modbus.simulator import SimulatedBoard
from drivers.modbus.wire import ModbusWire
from drivers.signals import LinkChanged, Signal

type Kind = Literal["tcp", "rtu-tcp", "rtu"]
KINDS: tuple[Kind, ...] = ("tcp", "rtu-tcp", "rtu")
GATE = "north-1"
CHANNELS = {"release_entry": 1, "release_exit": 2, "passage_entry": 1, "passage_exit": 2}

for _name in names():
    load(_name)  # read once, and not within a loop


def wall() -> int:
    return time.time_ns() // 1_000_000


def a_device(name: str = GATE, kind: str = "turnstile", **channels: int | Channel) -> Device:
    made = {
        key: value if isinstance(value, Channel) else Channel(at=value)
        for key, value in (channels or CHANNELS).items()
    }
    return Device(name, kind, made)


@dataclass
class Venue:
    """Links, what they told, and the commands sent over them."""

    wire: ModbusWire = field(default_factory=ModbusWire)
    signals: list[Signal] = field(default_factory=list)
    links: dict[str, ModbusLink] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, signal: Signal) -> None:
        self.signals.append(signal)
        self.news.set()

    @asynccontextmanager
    async def running(self, settings: ModbusSettings, *devices: Device) -> AsyncIterator["Venue"]:
        """Keep one link with these devices until the end of the block."""
        made = devices or (a_device(),)
        link = self.wire.link(settings, Surroundings("museum", "main", None, made, self.take, wall))
        assert isinstance(link, ModbusLink)
        self.links |= {device.id: link for device in made}
        task = asyncio.create_task(link.run(), name="link")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled():
                task.result()

    @property
    def line(self) -> Line:
        (line,) = self.wire.lines.values()
        return line

    async def until(self, what: Callable[[], bool], within_s: float = 5.0) -> float:
        begun = time.monotonic()
        async with asyncio.timeout(within_s):
            while not what():
                self.news.clear()
                try:
                    async with asyncio.timeout(0.01):
                        await self.news.wait()
                except TimeoutError:
                    continue
        return time.monotonic() - begun

    def up(self, device: str = GATE) -> bool | None:
        told = [s.up for s in self.signals if isinstance(s, LinkChanged) and s.device == device]
        return told[-1] if told else None

    async def until_up(self, device: str = GATE, within_s: float = 5.0) -> float:
        return await self.until(lambda: self.up(device) is True, within_s)

    async def until_down(self, device: str = GATE, within_s: float = 5.0) -> float:
        return await self.until(lambda: self.up(device) is False, within_s)

    def told[Told](self, kind: type[Told]) -> list[Told]:
        return [signal for signal in self.signals if isinstance(signal, kind)]

    async def send(self, command: Command, device: str = GATE, within_ms: int = 2000) -> None:
        await self.links[device].send(device, command, wall() + within_ms)

    async def failure(self, command: Command, device: str = GATE, within_ms: int = 2000) -> str:
        """Send a command that must fail; return why it did."""
        try:
            await self.send(command, device, within_ms)
        except CommandFailed as failure:
            return str(failure)
        raise AssertionError("it was acknowledged")


@dataclass
class Rig:
    """A simulated line that is plugged in, and how a controller is set to reach it."""

    kind: Kind
    plug: Plug
    profile: str

    @property
    def line(self) -> SimulatedLine:
        return self.plug.line

    @property
    def board(self) -> SimulatedBoard:
        return next(iter(self.line.boards.values()))

    def settings(self, **more: Any) -> ModbusSettings:
        address = (
            str(self.plug.link)
            if isinstance(self.plug, Terminal)
            else f"{self.kind}://127.0.0.1:{self.plug.port}"
        )
        written: Mapping[str, Any] = {"profile": self.profile, "address": address, "gap_ms": 0}
        if self.kind == "rtu":
            written = {**written, "baud": 115200}
        return ModbusSettings.model_validate({**written, **more})


@asynccontextmanager
async def a_rig(
    kind: Kind = "tcp",
    profile: str = "waveshare-relay-8-d",
    *,
    folder: Path | None = None,
    units: tuple[int, ...] = (1,),
    seed: int = 1,
) -> AsyncIterator[Rig]:
    """Have boards of a profile be on a line until the end of the block."""
    boards = [SimulatedBoard(load(profile), unit) for unit in units]
    line = SimulatedLine(boards, "tcp" if kind == "tcp" else "rtu", Random(seed))
    plug: Plug
    if kind == "rtu":
        assert folder is not None
        plug = Terminal(line, folder / "ttyS-relays")
    else:
        plug = TcpSocket(line, "127.0.0.1", 0)
    async with plugged(plug):
        yield Rig(kind, plug, profile)
