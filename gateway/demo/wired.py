"""The museum's turnstile on wires: what a venue already owns, with a gateway added.

Two scan engines on serial lines and a board of relays and inputs on Modbus, the wires' own
simulators on true wires. Such a turnstile says little: it opens, or its red lamp blinks; why, a
steward knows.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, override

from drivers.modbus.profile import load
from drivers.modbus.simulated_line import SimulatedLine, TcpSocket, plugged
from drivers.modbus.simulator import SimulatedBoard
from drivers.serial.profile import ScannerProfile, profiles
from drivers.serial.simulator import SimulatedScanner
from drivers.signals import Direction, Mode
from gateway.demo import museum
from gateway.demo.signs import DIRECTIONS, SignGate

HOST: Final = "127.0.0.1"
ANY_PORT: Final = 0
CLOSED_S: Final = 0.3
"""So long its passage contact closes for each person."""


class Turnstile(SignGate):
    """The turnstile, with what is wired to it.

    Args:
        gate: which it is.
        engines: the scan engine before it, by direction.
        plug: where its board is plugged in.
        board: its board.
    """

    def __init__(
        self,
        gate: museum.Gate,
        engines: Mapping[Direction, SimulatedScanner],
        plug: TcpSocket,
        board: SimulatedBoard,
    ) -> None:
        super().__init__(gate)
        self._engines = engines
        self.plug = plug
        self.board = board
        self._opens = 0
        """The relay that opens for whoever has shown a ticket."""
        board.on_switch.append(self._switched)

    @property
    def cables(self) -> museum.Cables:
        """Where the gateway finds its devices."""
        engines = {way: engine.socket.path for way, engine in self._engines.items()}
        return museum.Cables(engines, f"tcp://{self.plug.host}:{self.plug.port}")

    @property
    @override
    def modes(self) -> dict[Direction, Mode]:
        """What its contacts are held at."""
        return {way: self._mode(way) for way in DIRECTIONS}

    def _mode(self, direction: Direction) -> Mode:
        outputs = self.board.outputs
        if outputs[museum.RELAYS[f"free_{direction}"]]:
            return "free"
        return "locked" if outputs[museum.RELAYS[f"lock_{direction}"]] else "normal"

    @override
    def present(self, code: str, direction: Direction) -> None:
        self._opens = museum.RELAYS[f"release_{direction}"]
        self._engines[direction].show(code)

    @override
    async def go(self, direction: Direction) -> None:
        await self.board.close_for(museum.INPUTS[f"passage_{direction}"], CLOSED_S)

    def _switched(self, relay: int, on: bool) -> None:  # noqa: FBT001  # a level
        if on and relay in {self._opens, museum.RELAYS["denied"]}:
            self.answer(yes=relay == self._opens)


@asynccontextmanager
async def turnstile(folder: Path) -> AsyncIterator[Turnstile]:
    """Plug the turnstile's devices in until the end of the block; their ports are in a folder."""
    (gate,) = (each for each in museum.GATES if each.wiring == "board")
    kind = (await asyncio.to_thread(profiles))["scanner"]
    assert isinstance(kind, ScannerProfile)  # noqa: S101  # it is ours
    board = SimulatedBoard(await asyncio.to_thread(load, museum.BOARD))
    plug = TcpSocket(SimulatedLine([board], "tcp"), HOST, ANY_PORT)
    engines = {
        way: SimulatedScanner(folder / reader, kind, dice=random.Random())
        for way, reader in gate.readers.items()
    }
    async with AsyncExitStack() as stack:
        for engine in engines.values():
            await stack.enter_async_context(engine.running())
        await stack.enter_async_context(plugged(plug))
        yield Turnstile(gate, engines, plug, board)
