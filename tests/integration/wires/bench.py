"""One device of a wire on a workbench: what the contract of `drivers.link` is tried on.

A wire brings a `Bench` of its own and a line in `test_contract.BENCHES`.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from config.wires import WireSettings
from drivers.commands import Command
from drivers.drops import Drops
from drivers.link import CommandFailed, Device, Link, Surroundings, Wire
from drivers.signals import CodeRead, GateEvent, LinkChanged, Signal, StateRead

SITE = "museum"


def wall() -> int:
    return time.time_ns() // 1_000_000


class Bench(ABC):
    """A device, and how it is broken.

    Attributes:
        down_s: within so long it is told that the device is gone.
        back_s: within so long it is told that it is back.
        address: the broker's, where the wire has one.
    """

    down_s = 2.0
    back_s = 2.0
    address: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- the wire

    @property
    @abstractmethod
    def device(self) -> Device:
        """The equipment."""

    @abstractmethod
    def wire(self) -> Wire:
        """Make the wire, anew for each gateway."""

    @abstractmethod
    def settings(self) -> WireSettings:
        """What its controller says."""

    @abstractmethod
    def command(self, number: int) -> Command:
        """Return a command that the device carries out and acknowledges."""

    # --- the device

    @abstractmethod
    def running(self) -> AbstractAsyncContextManager[object]:
        """Have the device there, until the end of the block."""

    @abstractmethod
    async def unplug(self) -> None:
        """Pull its cable."""

    @abstractmethod
    async def plug(self) -> None:
        """Put it back."""

    @abstractmethod
    def mute(self, *, on: bool) -> None:
        """Have it neither obey nor answer, while its cable stays in; or be as usual again."""

    @abstractmethod
    def lose_answers(self, *, on: bool) -> None:
        """Have it obey and its answers get lost; or be as usual again."""

    @abstractmethod
    def obeyed(self) -> int:
        """Count the commands like `command` that it has carried out."""

    @abstractmethod
    def happen(self, number: int) -> None:
        """Have something happen at the device that it tells."""

    @abstractmethod
    def rave(self) -> None:
        """Have it, or somebody on its line, say what nobody understands."""


class Venue:
    """The venue's end: a link that runs, and what it has told."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.signals: list[Signal] = []
        self.drops = Drops()
        self.link: Link

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Venue"]:
        """Keep the link until the end of the block."""
        bench = self.bench
        surroundings = Surroundings(
            SITE, "main", bench.address, [bench.device], self.signals.append, wall, self.drops
        )
        self.link = bench.wire().link(bench.settings(), surroundings)
        task = asyncio.create_task(self.link.run(), name="link")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled():
                task.result()

    @property
    def ups(self) -> list[bool]:
        """Every going and coming that was told."""
        return [each.up for each in self.signals if isinstance(each, LinkChanged)]

    @property
    def happened(self) -> list[Signal]:
        """What was told of what happened at the device; how it stands is another matter."""
        return [each for each in self.signals if isinstance(each, CodeRead | GateEvent)] or [
            each for each in self.signals if not isinstance(each, LinkChanged | StateRead)
        ]

    async def until(self, holds: Callable[[], bool], within_s: float = 5.0) -> float:
        """Wait until something holds; return how long that took."""
        begun = time.monotonic()
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110 - signals come by themselves
                await asyncio.sleep(0.005)
        return time.monotonic() - begun

    async def until_up(self) -> float:
        return await self.until(lambda: self.ups[-1:] == [True], self.bench.back_s + 5)

    async def until_down(self) -> float:
        return await self.until(lambda: self.ups[-1:] == [False], self.bench.down_s + 5)

    def sent(self, number: int = 1, *, within_ms: int = 2000) -> "asyncio.Future[None]":
        """Send a command."""
        bench = self.bench
        return self.link.send(bench.device.id, bench.command(number), wall() + within_ms)

    async def failure(self, number: int = 1) -> str:
        """Send a command that must fail; return why it did."""
        try:
            await self.sent(number)
        except CommandFailed as failure:
            return str(failure)
        raise AssertionError("it was acknowledged")
