"""A scan engine and a gate on a serial line, each on a pty."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from random import Random
from typing import override

from drivers.commands import Command, Ping, Release
from drivers.link import Device
from drivers.serial import SerialSettings, SerialWire
from drivers.serial.profile import GateProfile, ScannerProfile, profiles
from drivers.serial.simulator import SimulatedDevice, SimulatedScanner, SimulatedSerialGate
from tests.integration.wires.bench import Bench


class _OnALine(Bench):
    simulated: SimulatedDevice
    profile: str

    @property
    def port(self) -> Path:
        return self.folder / "line"

    @override
    def wire(self) -> SerialWire:
        return SerialWire()

    @override
    def settings(self) -> SerialSettings:
        return SerialSettings(port=self.port, profile=self.profile)

    @override
    def running(self) -> AbstractAsyncContextManager[object]:
        return self.simulated.running()

    @override
    async def unplug(self) -> None:
        await self.simulated.unplug()

    @override
    async def plug(self) -> None:
        await self.simulated.plug()

    @override
    def mute(self, *, on: bool) -> None:
        self.simulated.faults.mute = on

    @override
    def rave(self) -> None:
        self.simulated.socket.write(b"\x02\x02\x00\x06\x07\x03\xff\x00junk\x80\r\n")


class ScannerBench(_OnALine):
    """A scan engine: it is told nothing."""

    profile = "gm65"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        profile = profiles()[self.profile]
        assert isinstance(profile, ScannerProfile)
        self.simulated = self.scanner = SimulatedScanner(self.port, profile, dice=Random(1))

    @property
    @override
    def device(self) -> Device:
        return Device("post", "reader")

    @override
    def command(self, number: int) -> Command:
        return Ping()

    @override
    def lose_answers(self, *, on: bool) -> None:
        """It gives none."""

    @override
    def obeyed(self) -> int:
        return len(self.scanner.told)

    @override
    def happen(self, number: int) -> None:
        self.scanner.show(f"TICKET{number}")


class SerialGateBench(_OnALine):
    """A Digicon Tx1500."""

    profile = "digicon-tx1500"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        profile = profiles()[self.profile]
        assert isinstance(profile, GateProfile)
        self.gate = SimulatedSerialGate(self.port, profile, dice=Random(1), hold_s=60.0)
        self.simulated = self.gate

    @property
    @override
    def device(self) -> Device:
        return Device("north", "turnstile")

    @override
    def command(self, number: int) -> Command:
        return Release("entry", 500, 1, f"e{number}")

    @override
    def lose_answers(self, *, on: bool) -> None:
        self.gate.faults.unheard = on

    @override
    def obeyed(self) -> int:
        return sum(each.do == "release" for each in self.gate.obeyed)

    @override
    def happen(self, number: int) -> None:
        self.gate.tell("passed", 1)
