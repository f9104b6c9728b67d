"""A board with relays and inputs, on TCP and on a pty."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from random import Random
from typing import override

from config.models import Channel
from drivers.commands import Command, Pulse
from drivers.link import Device
from drivers.modbus.profile import load
from drivers.modbus.settings import ModbusSettings
from drivers.modbus.simulated_line import SimulatedLine, TcpSocket, Terminal, plugged
from drivers.modbus.simulator import SimulatedBoard
from drivers.modbus.wire import ModbusWire
from tests.integration.wires.bench import Bench

NOISE = b"\x01\x02\xff\x00junk\x80\r\n"


class _ABoard(Bench):
    plug_: TcpSocket | Terminal

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.board = SimulatedBoard(load("waveshare-relay-8-d"), 1)
        self.folder = folder

    @property
    @override
    def device(self) -> Device:
        channels = {"release_entry": Channel(at=1), "tailgating": Channel(at=1)}
        return Device("north", "turnstile", channels)

    @override
    def wire(self) -> ModbusWire:
        return ModbusWire()

    def settings_at(self, address: str, **more: object) -> ModbusSettings:
        written = {"profile": "waveshare-relay-8-d", "address": address, **more}
        return ModbusSettings.model_validate(written)

    @override
    def command(self, number: int) -> Command:
        return Pulse("release_entry", 100 * number)

    @override
    def running(self) -> AbstractAsyncContextManager[object]:
        return plugged(self.plug_)

    @override
    async def unplug(self) -> None:
        await self.plug_.unplug()

    @override
    async def plug(self) -> None:
        await self.plug_.plug()

    @override
    def mute(self, *, on: bool) -> None:
        self.board.faults.mute = on

    @override
    def lose_answers(self, *, on: bool) -> None:
        self.board.faults.unheard = on

    @override
    def obeyed(self) -> int:
        return sum(on for number, on, _ in self.board.switched if number == 1)

    @override
    def happen(self, number: int) -> None:
        self.board.set_input(1, value=number % 2 == 1)


class ModbusTcpBench(_ABoard):
    """Modbus TCP."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        line = SimulatedLine([self.board], "tcp", Random(1))
        self.plug_ = self.socket = TcpSocket(line, "127.0.0.1", 0)

    @override
    def settings(self) -> ModbusSettings:
        return self.settings_at(f"tcp://127.0.0.1:{self.socket.port}")

    @override
    def rave(self) -> None:
        for caller in self.socket.callers:
            caller.write(NOISE)


class ModbusRtuBench(_ABoard):
    """A serial line of 115200 baud."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        line = SimulatedLine([self.board], "rtu", Random(1))
        self.plug_ = self.terminal = Terminal(line, folder / "line")

    @override
    def settings(self) -> ModbusSettings:
        return self.settings_at(str(self.terminal.link), baud=115200)

    @override
    def rave(self) -> None:
        self.terminal.say(NOISE)
