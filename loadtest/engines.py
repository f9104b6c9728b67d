"""Be scan engines: each a pty under a name of its own, as fast as it goes or as slow as a line."""

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

BITS_A_BYTE = 10
"""Start, eight of data, stop."""
SUFFIX = b"\r\n"


def line_s(code: str, baud: int) -> float:
    """Return how long a code with its suffix is on a serial line, computed from its bits.

    >>> round(line_s("x" * 26, 9_600) * 1_000, 2)
    29.17
    """
    return (len(code.encode()) + len(SUFFIX)) * BITS_A_BYTE / baud


class Engine:
    """One scan engine.

    Args:
        path: the name of its line.
        baud: how slow the line is, byte by byte; 0: as fast as it goes. It may change.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.baud = 0
        self._ends: tuple[int, int] | None = None

    def plug(self) -> None:
        """Put its cable in."""
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._ends = ours, theirs
        self.path.symlink_to(os.ttyname(theirs))

    def unplug(self) -> None:
        """Take it away."""
        for end in self._ends or ():
            os.close(end)
        self._ends = None
        self.path.unlink(missing_ok=True)

    def show(self, code: str) -> None:
        """Say a code."""
        data = code.encode() + SUFFIX
        if not self.baud:
            self._say(data)
            return
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(len(data)):
            at = begun + (number + 1) * BITS_A_BYTE / self.baud
            loop.call_at(at, self._say, data[number : number + 1])

    def _say(self, data: bytes) -> None:
        if self._ends is not None:
            os.write(self._ends[0], data)


@asynccontextmanager
async def engines(number: int, folder: Path, name: str = "engine") -> AsyncIterator[list[Engine]]:
    """Have engines there until the end of the block; their names are in a folder."""
    made = [Engine(folder / f"{name}-{each}") for each in range(number)]
    with contextlib.ExitStack() as stack:
        for engine in made:
            engine.plug()
            stack.callback(engine.unplug)
        yield made
