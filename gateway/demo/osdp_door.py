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
from typing import Final, override

from drivers.osdp.face import Kind
from drivers.osdp.simulator import COLOURS, SimulatedLine, SimulatedReader, Told
from drivers.signals import Direction, Mode
from gateway.demo import museum
from gateway.demo.signs import DIRECTIONS, SignGate

STANDS_OPEN_S: Final = 0.5
YES: Final = "green"
STANDING: Final = frozenset({"off", "blue"})
"""How a reader is lit that waits for a ticket."""


class Door(SignGate):
    """The door, with its readers.

    Args:
        gate: which it is.
        line: the readers' line: the outer one, and the inner one.
        keys: the file of each one's key.
    """

    def __init__(
        self, gate: museum.Gate, line: SimulatedLine, keys: Mapping[Direction, Path]
    ) -> None:
        super().__init__(gate)
        self.line = line
        self.keys = keys
        self._by_way = dict(zip(DIRECTIONS, line.readers, strict=True))
        for reader in line.readers:
            reader.on_told.append(self._told)

    @property
    @override
    def modes(self) -> dict[Direction, Mode]:
        """Whether its lock is held open; that it is locked, its readers say to whoever comes."""
        held = self.strike and not self._by_way["entry"].timed(museum.STRIKE)
        return dict.fromkeys(DIRECTIONS, "free" if held else "normal")

    @property
    def strike(self) -> bool:
        """Whether it can be opened."""
        return self._by_way["entry"].outputs[museum.STRIKE]

    @override
    def present(self, code: str, direction: Direction) -> None:
        self._by_way[direction].show(code)

    @override
    async def go(self, direction: Direction) -> None:
        for stands in (True, False):
            self._by_way["entry"].close(stands, False)
            await asyncio.sleep(STANDS_OPEN_S)

    def _told(self, told: Told) -> None:
        if told.kind is Kind.LED:
            colour = COLOURS[told.command["on_color"]]
            if colour not in STANDING:
                self.answer(yes=colour == YES)


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
