"""Be OSDP readers: libosdp's peripheral device on ptys, one or several on a line."""

import asyncio
import contextlib
import os
import time
import tty
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, override

from loadtest.gates import Post
from loadtest.generator import GRANTED

TICK_S: Final = 0.005
CARD: Final = 1
LED: Final = 2
GREEN: Final = 2


class Channel:
    """What libosdp reads from and writes to."""

    __slots__ = ("id", "inbox", "outbox")

    def __init__(self) -> None:
        self.id = 0
        self.inbox = bytearray()
        self.outbox: deque[bytes] = deque()

    def read(self, most: int) -> bytes:
        """Hand over what was heard."""
        data = bytes(self.inbox[:most])
        del self.inbox[:most]
        return data

    def write(self, data: bytes) -> int:
        """Take what is to be said."""
        self.outbox.append(data)
        return len(data)

    def flush(self) -> None:
        """Forget what was heard."""
        self.inbox.clear()


class Reader(Post):
    """One reader, and the visitors at it: green says that they may go in.

    Args:
        line: the name of its line.
        address: its address there.
        key: its key; none: it is spoken to in the clear.
    """

    def __init__(self, line: Path, address: int, key: bytes | None) -> None:
        super().__init__()
        import osdp_sys  # noqa: PLC0415  # an extra: whoever does not measure readers needs none

        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.line = line
        self.address = address
        self.key_file: Path | None = None
        self._channel = Channel()
        self._shown: deque[str] = deque()
        if key is not None:
            self.key_file = line.with_suffix(f".{address}.key")
            self.key_file.write_text(key.hex(), encoding="ascii")
        can = [
            (osdp_sys.CAP_CARD_DATA_FORMAT, 1, 1),
            (osdp_sys.CAP_READER_LED_CONTROL, 4, 1),
            (osdp_sys.CAP_READER_AUDIBLE_OUTPUT, 2, 1),
            (osdp_sys.CAP_READER_TEXT_OUTPUT, 2, 1),
            (osdp_sys.CAP_COMMUNICATION_SECURITY, 1, 1),
            (osdp_sys.CAP_CHECK_CHARACTER_SUPPORT, 1, 0),
        ]
        self._device: Any = osdp_sys.PeripheralDevice(
            {
                "name": f"PD-{address}",
                "address": address,
                "flags": 0 if key is None else osdp_sys.FLAG_ENFORCE_SECURE,
                "scbk": key,
                "channel": self._channel,
                "version": 1,
                "model": 1,
                "vendor_code": 0,
                "serial_number": address,
                "firmware_version": 0,
            },
            capabilities=[
                {"function_code": what, "compliance_level": level, "num_items": number}
                for what, level, number in can
            ],
        )
        self._device.set_command_callback(self._obey)

    @override
    def show(self, code: str) -> None:
        self._shown.append(code)

    def turn(self, heard: bytes) -> list[bytes]:
        """Take what was said on the line; return what it says."""
        self._channel.inbox += heard
        while self._shown:
            data = self._shown.popleft().encode()
            self._device.submit_event(
                {
                    "event": CARD,
                    "reader_no": 0,
                    "direction": 0,
                    "format": 0,
                    "length": 8 * len(data),
                    "data": data,
                }
            )
        for _ in range(3):
            self._device.refresh()
        said = list(self._channel.outbox)
        self._channel.outbox.clear()
        return said

    def _obey(self, command: dict[str, Any]) -> tuple[int, None]:
        if command["command"] == LED and command["on_color"] == GREEN:
            self.answer(GRANTED, time.perf_counter())
        return 0, None


class Line:
    """The readers' end of a line."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers
        self._path = readers[0].line
        self._ends: tuple[int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def plug(self) -> None:
        """Put the cable in."""
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._ends = ours, theirs
        self._path.symlink_to(os.ttyname(theirs))
        asyncio.get_running_loop().add_reader(ours, self._go_on)
        self._tick()

    def unplug(self) -> None:
        """Take it away."""
        if self._timer is not None:
            self._timer.cancel()
        if (ends := self._ends) is not None:
            self._ends = None
            asyncio.get_running_loop().remove_reader(ends[0])
            for end in ends:
                os.close(end)
        self._path.unlink(missing_ok=True)

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        self._go_on()

    def _go_on(self) -> None:
        if self._ends is None:
            return
        heard = b""
        with contextlib.suppress(BlockingIOError):
            heard = os.read(self._ends[0], 4096)
        for reader in self._readers:
            for said in reader.turn(heard):
                os.write(self._ends[0], said)


@asynccontextmanager
async def readers(
    lines: int, each: int, folder: Path, *, secure: bool
) -> AsyncIterator[list[Reader]]:
    """Have so many lines with so many readers there until the end of the block."""
    made = [
        Reader(folder / f"line-{line}", address, os.urandom(16) if secure else None)
        for line in range(lines)
        for address in range(each)
    ]
    with contextlib.ExitStack() as stack:
        for first in range(0, len(made), each):
            line = Line(made[first : first + each])
            line.plug()
            stack.callback(line.unplug)
        yield made
