"""An OSDP reader with a door on its output: libosdp's peripheral device on a pty."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from random import Random
from typing import Any, override

import pytest

from config.models import Channel
from drivers.commands import Command, Pulse
from drivers.link import Device
from drivers.osdp import OsdpSettings, OsdpWire
from drivers.osdp.face import Kind
from drivers.osdp.simulator import SimulatedLine, SimulatedReader
from tests.integration.wires.bench import Bench

KEY = bytes(range(1, 17))


class OsdpBench(Bench):
    """A reader that is spoken to in the clear."""

    down_s = 10.0
    key: bytes | None = None

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
        super().__init__(folder)
        self.reader = SimulatedReader(3, key=self.key, secure=self.key is not None)
        self.line = SimulatedLine(self.folder / "line", [self.reader], dice=Random(1))
        keys: dict[str, Any] = {"secure": "off"}
        if self.key is not None:
            keys = {"key_file": self.folder / "key"}
            keys["key_file"].write_text(self.key.hex())
        self._settings = OsdpSettings(port=self.line.socket.path, address=3, **keys)

    @property
    @override
    def device(self) -> Device:
        return Device("door", "door", {"lock": Channel(at=0)})

    @override
    def wire(self) -> OsdpWire:
        return OsdpWire()

    @override
    def settings(self) -> OsdpSettings:
        return self._settings

    @override
    def command(self, number: int) -> Command:
        return Pulse("lock", 500)

    @override
    def running(self) -> AbstractAsyncContextManager[object]:
        return self.line.running()

    @override
    async def unplug(self) -> None:
        await self.line.unplug()

    @override
    async def plug(self) -> None:
        await self.line.plug()

    @override
    def mute(self, *, on: bool) -> None:
        self.reader.faults.mute = on

    @override
    def lose_answers(self, *, on: bool) -> None:
        self.reader.faults.unheard = on

    @override
    def obeyed(self) -> int:
        return len(self.reader.texts(Kind.OUTPUT))

    @override
    def happen(self, number: int) -> None:
        self.reader.show(f"TICKET{number}")

    @override
    def rave(self) -> None:
        self.line.socket.write(b"\xffS\x83\x00S\x83\x09\x00\x04\x50junk\x00\xff\xff\x53")


class SecureOsdpBench(OsdpBench):
    """One over a secure channel."""

    key: bytes | None = KEY
