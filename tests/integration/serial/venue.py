"""A venue's end of a serial line: a link that runs, and what it has told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from drivers.commands import Command, Release
from drivers.drops import Drops
from drivers.link import CommandFailed, Device, Link, Surroundings
from drivers.serial import SerialSettings, SerialWire
from drivers.serial.profile import GateProfile, ScannerProfile, profiles
from drivers.serial.simulator import SimulatedScanner, SimulatedSerialGate
from drivers.signals import CodeRead, GateEvent, LinkChanged, Signal

NAME = "north"


def wall() -> int:
    return time.time_ns() // 1_000_000


class Venue:
    """One controller on a serial line."""

    def __init__(self, port: Path, **keys: Any) -> None:
        self.settings = SerialSettings(port=port, **keys)
        self.signals: list[Signal] = []
        self.drops = Drops()
        self.link: Link

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Venue"]:
        kind = "reader" if self.settings.known.role == "scanner" else "turnstile"
        around = Surroundings(
            "museum", "main", None, [Device(NAME, kind)], self.signals.append, wall, self.drops
        )
        self.link = SerialWire().link(self.settings, around)
        task = asyncio.create_task(self.link.run(), name="link")
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
    def passed(self) -> list[str | None]:
        return [
            each.direction
            for each in self.signals
            if isinstance(each, GateEvent) and each.type == "passed"
        ]

    async def until_up(self) -> float:
        return await self.until(lambda: self.ups[-1:] == [True])

    async def until_down(self) -> float:
        return await self.until(lambda: self.ups[-1:] == [False])

    def sent(self, command: Command, within_ms: int = 2000) -> "asyncio.Future[None]":
        return self.link.send(NAME, command, wall() + within_ms)

    async def failure(self, command: Command) -> str:
        try:
            await self.sent(command)
        except CommandFailed as failure:
            return str(failure)
        raise AssertionError("it was acknowledged")


def a_scanner(port: Path, profile: str = "scanner", *, baud: int | None = None) -> SimulatedScanner:
    known = profiles()[profile]
    assert isinstance(known, ScannerProfile)
    return SimulatedScanner(port, known, dice=Random(1), baud=baud)


def a_gate(port: Path, **habits: Any) -> SimulatedSerialGate:
    known = profiles()["digicon-tx1500"]
    assert isinstance(known, GateProfile)
    return SimulatedSerialGate(port, known, dice=Random(1), **habits)


def a_release(tx: str = "e1", direction: Any = "entry", persons: int = 1) -> Release:
    return Release(direction, 500, persons, tx)
