"""The far end of a serial line that is not there: a pty under a name of our own, like by-id.

For simulators. Unplugged and plugged in again, it is another pts behind the same name, as with a
USB adapter. A pty knows no baud; `baud` makes it as slow as the line would be, byte by byte.
"""

import asyncio
import contextlib
import os
import secrets
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

BITS_A_BYTE: Final = 10
"""Start, eight of data, stop."""
READ_BYTES: Final = 4096


class Paced:
    """Hands bytes on no faster than a line carries them.

    Args:
        baud: bits a second; ``None``: at once.
        out: takes what has arrived.
    """

    def __init__(self, baud: int | None, out: Callable[[bytes], None]) -> None:
        self._byte_s = BITS_A_BYTE / baud if baud else 0.0
        self._out = out
        self._on_the_way: deque[tuple[float, int]] = deque()
        self._busy_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def put(self, data: bytes) -> None:
        """Send bytes."""
        if not self._byte_s:
            self._out(data)
            return
        at = max(self._busy_until, asyncio.get_running_loop().time())
        for byte in data:
            at += self._byte_s
            self._on_the_way.append((at, byte))
        self._busy_until = at
        self._wait()

    def stop(self) -> None:
        """The cable is out: what is on the way never arrives."""
        self._on_the_way.clear()
        self._busy_until = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self._on_the_way and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._on_the_way[0][0], self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        arrived = bytearray()
        while self._on_the_way and self._on_the_way[0][0] <= now:
            arrived.append(self._on_the_way.popleft()[1])
        if arrived:
            self._out(bytes(arrived))
        self._wait()


class Socket:
    """The socket that a device is plugged into; the gateway opens ``path``.

    Args:
        path: the name that the line has as long as it is plugged in.
        heard: takes what the gateway says.
        baud: how fast the line is, both ways; ``None``: as fast as it goes.
    """

    def __init__(
        self, path: Path, heard: Callable[[bytes], None], *, baud: int | None = None
    ) -> None:
        self.path = path
        self._ends: tuple[int, int] | None = None
        self._to_us = Paced(baud, heard)
        self._from_us = Paced(baud, self._write)

    @property
    def plugged(self) -> bool:
        """Whether the line is there."""
        return self._ends is not None

    async def plug(self) -> None:
        """Be there, under the same name as ever."""
        if self._ends is not None:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = master, slave  # ours stays open: the pty outlives whoever opens it
        asyncio.get_running_loop().add_reader(master, self._read)
        await asyncio.to_thread(self._publish, os.ttyname(slave))

    async def unplug(self) -> None:
        """Be gone: who has the line open reads nothing any more, and the name leads nowhere."""
        if self._ends is None:
            return
        master, slave = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(master)
        self._to_us.stop()
        self._from_us.stop()
        os.close(master)
        os.close(slave)
        await asyncio.to_thread(self.path.unlink, missing_ok=True)

    def _publish(self, pts: str) -> None:
        link = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        link.symlink_to(pts)
        link.replace(self.path)

    def write(self, data: bytes) -> None:
        """Say something; unplugged, nobody hears it."""
        if self._ends is not None:
            self._from_us.put(data)

    def _write(self, data: bytes) -> None:
        if self._ends is not None:
            with contextlib.suppress(OSError):  # a line that nobody reads runs over
                os.write(self._ends[0], data)

    def _read(self) -> None:
        if self._ends is not None:
            with contextlib.suppress(OSError):
                self._to_us.put(os.read(self._ends[0], READ_BYTES))
