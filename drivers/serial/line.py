"""A serial port kept open: exclusively, and again whenever it has been away.

pyserial sets the port up; bytes go through the event loop's own readers and writers
(docs/decisions/0010). Whatever end a device comes to (its file reads nothing, or fails in any way)
is one thing here: it is lost. Nothing that was to be sent is sent later.
"""

import asyncio
import errno
import os
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import serial
import structlog

from drivers.serial.hearing import Hearing

POLL_S: Final = 0.25
"""How often it is looked whether a port is back."""
INIT_GAP_S: Final = 0.05
"""Between two byte strings sent at the beginning: engines take one command at a time."""
READ_BYTES: Final = 4096
UNSENT_LIMIT: Final = 4096
"""Bytes that a line may owe us; one that takes none any more is as good as lost."""

_WORDS: Final[dict[int, str]] = {
    errno.EIO: "it was unplugged",
    errno.ENOENT: "it is not there",
    errno.ENXIO: "it is not there",
    errno.ENODEV: "it is not there",
    errno.EACCES: "no permission: is the gateway's user in the group dialout?",
    errno.EPERM: "no permission: is the gateway's user in the group dialout?",
    errno.EAGAIN: "another program has it open",
    errno.EBUSY: "another program has it open",
    errno.ENOTTY: "it is no serial port",
    errno.EISDIR: "it is no serial port",
}
_PARITIES: Final = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
}

log = structlog.get_logger(__name__)


class Away(Exception):
    """The port is not open."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port and how it is set."""

    path: Path
    baud: int = 9600
    parity: str = "none"
    data_bits: int = 8
    stop_bits: float = 1
    init: Sequence[bytes] = ()
    """Sent each time it is opened."""


class Line:
    """One port.

    Args:
        port: which, and how it is set.
        hearing: takes what was read.
        tell: told of each going and coming, once, and why.
    """

    def __init__(self, port: Port, hearing: Hearing, tell: Callable[[bool, str], None]) -> None:
        self.up: bool | None = None
        """Whether it is open; ``None`` before it was tried."""
        self._port = port
        self._hearing = hearing
        hearing.read_now = self.read_now
        self._tell = tell
        self._why = ""
        self._device: serial.Serial | None = None
        self._fd = -1
        self._unsent = bytearray()
        self._ended: asyncio.Future[str] | None = None
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Keep it open until cancelled."""
        try:
            while True:
                why = await self._once()
                self._close()
                self._become_down(why)
                await asyncio.sleep(POLL_S)
        finally:
            self._close()

    def write(self, data: bytes) -> None:
        """Send bytes; never waits.

        Raises:
            Away: The port is not open, or takes nothing any more.
        """
        if self._fd < 0 or self._ended is None or self._ended.done():
            raise Away(f"{self._port.path}: {self._why or 'it is not open'}")
        if not self._unsent:
            data = data[self._write(data) :]
            if data:
                self._loop.add_writer(self._fd, self._write_more)
        self._unsent += data
        if len(self._unsent) > UNSENT_LIMIT:
            self._end("it takes nothing any more")
        if self._ended.done():
            raise Away(f"{self._port.path}: {self._ended.result()}")

    def read_now(self) -> None:
        """Take what has been waiting to be read: a late timer must not cut a code in two."""
        if self.up:
            self._read(waited=False)

    # --- its life

    async def _once(self) -> str:
        """Have it open until it is lost; return why."""
        try:
            device = await self._open()
        except (OSError, termios.error, ValueError) as error:
            return _words(error)
        self._device, self._fd = device, device.fileno()
        ended: asyncio.Future[str] = self._loop.create_future()
        self._ended = ended
        for number, data in enumerate(self._port.init):
            if number:
                await asyncio.sleep(INIT_GAP_S)
            with suppress(Away):
                self.write(data)
        if not ended.done():
            self._loop.add_reader(self._fd, self._read)
            if self.up is not None:
                log.info("serial_up", port=str(self._port.path))
            self.up, self._why = True, ""
            self._tell(True, "")
        return await ended

    async def _open(self) -> serial.Serial:
        """Open it on a thread: some drivers take their time."""
        port = self._port
        opening = self._loop.run_in_executor(
            None,
            partial(
                serial.Serial,
                str(port.path),
                port.baud,
                bytesize=port.data_bits,
                parity=_PARITIES[port.parity],
                stopbits=port.stop_bits,
                timeout=0,
                write_timeout=0,
                exclusive=True,  # two who read one scanner get half the bytes each
            ),
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unused)
            raise

    def _become_down(self, why: str) -> None:
        if self.up is not False or why != self._why:
            log.warning("serial_down", port=str(self._port.path), why=why)
        was, self.up, self._why = self.up, False, why
        if was is not False:
            self._tell(False, f"{self._port.path}: {why}")

    def _end(self, why: str) -> None:
        """It is lost: nothing of what was to be sent or read will be."""
        if self._ended is not None and not self._ended.done():
            self._leave()
            self._ended.set_result(why)

    def _leave(self) -> None:
        """Have the loop watch it no more: it would not watch another under the same number."""
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._unsent.clear()

    def _close(self) -> None:
        self._hearing.forget()
        if self._device is None:
            return
        self._leave()  # also where `_ended` was cancelled with us
        self._end("closed")
        with suppress(OSError, termios.error):
            # Closing a line waits up to 30 s for what it has not sent; nobody wants that any more.
            termios.tcflush(self._fd, termios.TCOFLUSH)
        with suppress(OSError):
            self._device.close()
        self._device, self._fd = None, -1

    # --- bytes

    def _read(self, *, waited: bool = True) -> None:
        """Read what is there; ``waited``: the loop says that there is something."""
        try:
            data = os.read(self._fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(_words(error))
            return
        if data:
            self._hearing.heard(data)
        elif waited:
            # Ready to be read and nothing there: unplugged. Not to see that is to spin.
            self._end("it was unplugged")

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._end(_words(error))
            return len(data)

    def _write_more(self) -> None:
        del self._unsent[: self._write(self._unsent)]
        if not self._unsent and self._fd >= 0:
            self._loop.remove_writer(self._fd)


def _words(error: Exception) -> str:
    """Say for people why a port failed; pyserial hides some causes behind its own error."""
    causes = [error.__context__, error]
    numbers = [each for cause in causes if cause for each in cause.args if isinstance(each, int)]
    return next((_WORDS[each] for each in numbers if each in _WORDS), str(error).lower())


def _close_unused(opening: "asyncio.Future[serial.Serial]") -> None:
    """Close a port that was opened when nobody wanted it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
