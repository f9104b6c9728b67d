"""The museum's side door: two OSDP readers on one line, strike and contact on the outer one.

The wire's own simulator on a true wire, over secure channels: the door opens where the reader's
output does, and its light says yes or no. A contact counts no heads, so nobody follows here.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from drivers.mqtt.simulator import Behaviour, Visit
from drivers.osdp.face import Kind
from drivers.osdp.simulator import COLOURS, SimulatedLine, SimulatedReader, Told
from drivers.signals import Direction, Mode
from gateway.demo import museum

PATIENCE_S: Final = 3.0
STANDS_OPEN_S: Final = 0.5
LEAVES_S: Final = 0.2
"""Who gives up is gone so long after the gateway has taken the grant back."""
YES: Final = "green"
STANDING: Final = frozenset({"off", "blue"})
"""How a reader is lit that waits for a ticket."""
DIRECTIONS: Final[tuple[Direction, ...]] = ("entry", "exit")


class Door:
    """The door, with its readers.

    Args:
        gate: which it is.
        line: the readers' line: the outer one, and the inner one.
        keys: the file of each one's key.
    """

    def __init__(
        self, gate: museum.Gate, line: SimulatedLine, keys: Mapping[Direction, Path]
    ) -> None:
        self.id = gate.id
        self.readers = tuple(gate.readers.values())
        self.counters: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.up = asyncio.Event()
        self.up.set()  # a cable that is plugged in stays so
        self.line = line
        self.keys = keys
        self._by_way = dict(zip(DIRECTIONS, line.readers, strict=True))
        self._one_by_one = asyncio.Lock()
        self._sign: asyncio.Future[bool] | None = None
        """Whoever has shown a ticket waits for a sign: the light is green, or it is not."""
        for reader in line.readers:
            reader.on_told.append(self._told)

    @property
    def modes(self) -> dict[Direction, Mode]:
        """Whether its lock is held open; that it is locked, its readers say to whoever comes."""
        held = self.strike and not self._by_way["entry"].timed(museum.STRIKE)
        return dict.fromkeys(DIRECTIONS, "free" if held else "normal")

    @property
    def strike(self) -> bool:
        """Whether it can be opened."""
        return self._by_way["entry"].outputs[museum.STRIKE]

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
            loop = asyncio.get_running_loop()
            begun = loop.time()
            opens = await self._show(code, direction)
            waited_ms = (loop.time() - begun) * 1000
            if opens is None:
                return Visit(code, "unanswered", waited_ms=waited_ms)
            if not opens:
                await asyncio.sleep(museum.DENY_S)  # they look at the light
                return Visit(code, "refused", waited_ms=waited_ms)
            if does is Behaviour.GIVE_UP:
                await asyncio.sleep(museum.WIRED_OPEN_S + LEAVES_S)
                return Visit(code, "gave_up", waited_ms=waited_ms)
            await self.walk_through(direction)
            return Visit(code, "passed", waited_ms=waited_ms)

    async def _show(self, code: str, direction: Direction) -> bool | None:
        """Hold a ticket before a reader; tell whether it says yes, None: it gives no sign."""
        self._sign = asyncio.get_running_loop().create_future()
        self._by_way[direction].show(code)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._sign
        except TimeoutError:
            return None
        finally:
            self._sign = None

    def _told(self, told: Told) -> None:
        if told.kind is not Kind.LED or self._sign is None or self._sign.done():
            return
        colour = COLOURS[told.command["on_color"]]
        if colour not in STANDING:
            self._sign.set_result(colour == YES)

    async def _pass(self, direction: Direction) -> None:
        self.counters[direction] += 1
        for stands in (True, False):
            self._by_way["entry"].close(stands, False)
            await asyncio.sleep(STANDS_OPEN_S)


@asynccontextmanager
async def door(folder: Path) -> AsyncIterator[Door | None]:
    """Plug the door's readers in until the end of the block; none without the extra for them."""
    found = [each for each in museum.GATES if each.wiring == "osdp"]
    if not found:
        yield None
        return
    keys = {way: folder / f"{found[0].id}-{way}.key" for way in DIRECTIONS}
    readers = [
        SimulatedReader(address, key=await asyncio.to_thread(_new_key, file), secure=True)
        for address, file in enumerate(keys.values())
    ]
    line = SimulatedLine(folder / found[0].id, readers, dice=random.Random())
    async with line.running():
        yield Door(found[0], line, keys)


def _new_key(file: Path) -> bytes:
    """Have a key in a file, anew at each start."""
    key = secrets.token_bytes(16)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(key.hex(), encoding="ascii")
    return key
