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
from typing import Final

from drivers.modbus.profile import load
from drivers.modbus.simulated_line import SimulatedLine, TcpSocket, plugged
from drivers.modbus.simulator import SimulatedBoard
from drivers.mqtt.simulator import Behaviour, Visit
from drivers.serial.profile import ScannerProfile, profiles
from drivers.serial.simulator import SimulatedScanner
from drivers.signals import Direction, Mode
from gateway.demo import museum

HOST: Final = "127.0.0.1"
ANY_PORT: Final = 0
PATIENCE_S: Final = 3.0
CLOSED_S: Final = 0.3
"""So long its passage contact closes for each person."""
BEHIND_S: Final = 0.7
"""So soon comes whoever follows somebody through."""
LEAVES_S: Final = 0.2
"""Who gives up is gone so long after the gateway has taken the grant back."""
DIRECTIONS: Final[tuple[Direction, ...]] = ("entry", "exit")


class Turnstile:
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
        self.id = gate.id
        self.readers = tuple(gate.readers.values())
        self.counters: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.up = asyncio.Event()
        self.up.set()  # a cable that is plugged in stays so
        self._engines = engines
        self.plug = plug
        self.board = board
        self._one_by_one = asyncio.Lock()
        self._sign: asyncio.Future[bool] | None = None
        """Whoever has shown a ticket waits for a sign: it opens, or it does not."""
        self._opens = 0
        """The relay that opens for them."""
        board.on_switch.append(self._switched)

    @property
    def cables(self) -> museum.Cables:
        """Where the gateway finds its devices."""
        engines = {way: engine.socket.path for way, engine in self._engines.items()}
        return museum.Cables(engines, f"tcp://{self.plug.host}:{self.plug.port}")

    @property
    def modes(self) -> dict[Direction, Mode]:
        """What its contacts are held at."""
        return {way: self._mode(way) for way in DIRECTIONS}

    def _mode(self, direction: Direction) -> Mode:
        outputs = self.board.outputs
        if outputs[museum.RELAYS[f"free_{direction}"]]:
            return "free"
        return "locked" if outputs[museum.RELAYS[f"lock_{direction}"]] else "normal"

    # --- people

    async def walk_through(self, direction: Direction) -> None:
        """Send a person through while it stands free."""
        await asyncio.sleep(museum.WALK_S)
        await self._pass(direction)

    async def visit(
        self, code: str, direction: Direction = "entry", *, does: Behaviour = Behaviour.PASS
    ) -> Visit:
        """Send a person to it; ends when they are through, or gone."""
        async with self._one_by_one:
            if does is Behaviour.FORCE:
                await self.walk_through(direction)
                return Visit(code, "forced")
            loop = asyncio.get_running_loop()
            begun = loop.time()
            opens = await self._show(code, direction)
            waited_ms = (loop.time() - begun) * 1000
            if opens is None:
                return Visit(code, "unanswered", waited_ms=waited_ms)
            if not opens:
                await asyncio.sleep(museum.DENY_S)  # they look at the lamp
                return Visit(code, "refused", waited_ms=waited_ms)
            return Visit(code, await self._walk(direction, does), waited_ms=waited_ms)

    async def _show(self, code: str, direction: Direction) -> bool | None:
        """Hold a ticket before the engine; tell whether it opens, None: it gives no sign."""
        self._opens = museum.RELAYS[f"release_{direction}"]
        self._sign = asyncio.get_running_loop().create_future()
        self._engines[direction].show(code)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._sign
        except TimeoutError:
            return None
        finally:
            self._sign = None

    def _switched(self, relay: int, on: bool) -> None:  # noqa: FBT001  # a level
        if not on or self._sign is None or self._sign.done():
            return
        if relay in {self._opens, museum.RELAYS["denied"]}:
            self._sign.set_result(relay == self._opens)

    async def _walk(self, direction: Direction, does: Behaviour) -> str:
        if does is Behaviour.GIVE_UP:
            await asyncio.sleep(museum.WIRED_OPEN_S + LEAVES_S)
            return "gave_up"
        await self.walk_through(direction)
        if does is Behaviour.TAILGATE:
            await asyncio.sleep(BEHIND_S)
            await self._pass(direction)
        return "passed"

    async def _pass(self, direction: Direction) -> None:
        self.counters[direction] += 1
        await self.board.close_for(museum.INPUTS[f"passage_{direction}"], CLOSED_S)


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
