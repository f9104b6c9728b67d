"""A true wire with simulated boards on it: TCP, RTU over TCP, or a pseudo terminal; it can fail."""

import asyncio
import itertools
import os
import random
import tty
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, cast, override

from pymodbus.framer import FramerRTU

from drivers.modbus.codec import REFUSED
from drivers.modbus.simulator import SimulatedBoard

type Framing = Literal["tcp", "rtu"]

HEADER: Final = 7
SHORT_QUESTION: Final = 8
"""On a serial line; ..."""
LONG_HEAD: Final = 7
"""... a longer one says after so many bytes how long it is."""
LONG: Final = frozenset({15, 16})
SHORT: Final = frozenset({1, 2, 3, 4, 5, 6})
CHARACTER_BITS: Final = 11
TARGET_SILENT: Final = 11


@dataclass(slots=True)
class LineFaults:
    """What is wrong with the line; change it while it runs.

    Attributes:
        late_s: answers come so much later.
        garbled: of how many answers in one a byte is wrong.
        noise: before how many answers in one some bytes come that belong to nobody.
        echo: whoever sends hears it.
        apart_s: boards with the same address answer so long one after the other; 0: at the same
            time, and where they differ nobody understands them.
        baud: the line is so slow; 0: as fast as it can.
    """

    late_s: float = 0.0
    garbled: float = 0.0
    noise: float = 0.0
    echo: bool = False
    apart_s: float = 0.0
    baud: int = 0


class SimulatedLine:
    """Boards on a line; several may have, by mistake, the same address."""

    def __init__(
        self, boards: Sequence[SimulatedBoard], framing: Framing, dice: random.Random | None = None
    ) -> None:
        self.faults = LineFaults()
        self.boards: dict[int, SimulatedBoard] = {}
        self._twins: dict[int, list[SimulatedBoard]] = {}
        for board in boards:
            if self.boards.setdefault(board.unit, board) is not board:
                self._twins.setdefault(board.unit, []).append(board)
        self._framing = framing
        self._dice = dice or random.Random()  # noqa: S311  # cables fail at random, not in secret
        self._tasks: set[asyncio.Task[None]] = set()

    def twins(self, unit: int) -> Sequence[SimulatedBoard]:
        """Return the further boards with an address that another has."""
        return self._twins.get(unit, ())

    # --- what comes

    def taken(self, buffer: bytearray, say: Callable[[bytes], None]) -> None:
        """Take bytes that have come; whole telegrams are answered."""
        if self._framing == "tcp":
            self._take_numbered(buffer, say)
        else:
            self._take_checked(buffer, say)

    def _take_numbered(self, buffer: bytearray, say: Callable[[bytes], None]) -> None:
        while len(buffer) >= HEADER:
            end = 6 + int.from_bytes(buffer[4:6])
            if len(buffer) < end:
                return
            frame = bytes(buffer[:end])
            del buffer[:end]
            if len(frame) > HEADER:
                self._handle(frame[:2], frame[6], frame[7], frame[8:], say, size=len(frame))

    def _take_checked(self, buffer: bytearray, say: Callable[[bytes], None]) -> None:
        while len(buffer) >= SHORT_QUESTION:
            function, end = buffer[1], SHORT_QUESTION
            if function in LONG:
                end = LONG_HEAD + buffer[6] + 2
            if len(buffer) < end and function in LONG:
                return
            frame = bytes(buffer[:end])
            if function not in SHORT | LONG or not _sound(frame):
                del buffer[0]
                continue
            del buffer[:end]
            if self.faults.echo:
                say(frame)
            self._handle(b"", frame[0], frame[1], frame[2:-2], say, size=len(frame))

    # --- what is said

    def _handle(  # noqa: PLR0917  # the parts of a telegram
        self,
        number: bytes,
        unit: int,
        function: int,
        data: bytes,
        say: Callable[[bytes], None],
        size: int,
    ) -> None:
        board = self.boards.get(unit)
        if board is None:
            if self._framing == "tcp":
                say(self._framed(number, unit, function | REFUSED, bytes((TARGET_SILENT,))))
            return
        faults = self.faults
        if faults.baud or faults.late_s:
            there_s = size * CHARACTER_BITS / faults.baud if faults.baud else 0.0
            self._later(there_s, partial(self._act, board, number, function, data, say))
        else:
            self._act(board, number, function, data, say)

    def _act(
        self,
        board: SimulatedBoard,
        number: bytes,
        function: int,
        data: bytes,
        say: Callable[[bytes], None],
    ) -> None:
        answer = board.answer(function, data)
        if answer is None:
            return
        faults = self.faults
        frame = self._framed(number, board.unit, *answer)
        for each, twin in enumerate(self.twins(board.unit), 1):
            theirs = self._framed(number, twin.unit, *(twin.answer(function, data) or answer))
            if faults.apart_s:
                self._later(each * faults.apart_s, partial(say, theirs))
            else:
                frame = bytes(one & other for one, other in zip(frame, theirs, strict=False))
        if faults.garbled and self._dice.random() < faults.garbled:
            at = self._dice.randrange(len(frame))
            wrong = bytes((frame[at] ^ self._dice.randrange(1, 256),))
            frame = frame[:at] + wrong + frame[at + 1 :]
        if faults.noise and self._dice.random() < faults.noise:
            frame = self._dice.randbytes(self._dice.randrange(1, 9)) + frame
        back_s = len(frame) * CHARACTER_BITS / faults.baud if faults.baud else 0.0
        if back_s or faults.late_s:
            self._later(back_s + faults.late_s, partial(say, frame))
        else:
            say(frame)

    def _framed(self, number: bytes, unit: int, function: int, data: bytes) -> bytes:
        body = bytes((unit, function)) + data
        if self._framing == "tcp":
            return number + b"\0\0" + len(body).to_bytes(2) + body
        return body + FramerRTU.compute_CRC(body).to_bytes(2)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            what()

        task = asyncio.create_task(wait(), name="simulated-line")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Leave nothing that would still happen."""
        for task in tuple(self._tasks):
            task.cancel()
        for board in (*self.boards.values(), *itertools.chain(*self._twins.values())):
            board.close()
        if self._tasks:
            await asyncio.wait(self._tasks)


def _sound(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:]))


# --- TCP


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, socket: "TcpSocket") -> None:
        self._socket = socket
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._socket.callers.add(self._transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._transport is not None:
            self._socket.callers.discard(self._transport)
        self._transport = None

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._socket.line.taken(self._buffer, self.say)

    def say(self, frame: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)


class TcpSocket:
    """A line at a TCP port, which can be unplugged."""

    def __init__(self, line: SimulatedLine, host: str, port: int) -> None:
        self.line = line
        self.callers: set[asyncio.Transport] = set()
        self.host, self.port = host, port
        self._server: asyncio.Server | None = None

    async def plug(self) -> None:
        """Be there."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            partial(_Caller, self), self.host, self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Be gone, with all connections."""
        if (server := self._server) is not None:
            self._server = None
            server.close()
            for caller in tuple(self.callers):
                caller.abort()
            await server.wait_closed()


# --- a pseudo terminal


class Terminal:
    """A line at a serial port: the path of a link to a pseudo terminal, which can be unplugged."""

    def __init__(self, line: SimulatedLine, link: Path) -> None:
        self.line = line
        self.link = link
        self._ends: tuple[int, int] | None = None
        self._buffer = bytearray()

    async def plug(self) -> None:
        """Be there: another terminal each time, under the same name, as by-id has it."""
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._ends = ours, theirs
        self._buffer.clear()
        await asyncio.to_thread(self._name, os.ttyname(theirs))
        asyncio.get_running_loop().add_reader(ours, self._read)

    def _name(self, terminal: str | None) -> None:
        self.link.unlink(missing_ok=True)
        if terminal is not None:
            self.link.symlink_to(terminal)

    def _read(self) -> None:
        if self._ends is None:
            return
        try:
            self._buffer += os.read(self._ends[0], 4096)
        except (BlockingIOError, OSError):
            return
        self.line.taken(self._buffer, self.say)

    def say(self, frame: bytes) -> None:
        """Have bytes come from the line."""
        if self._ends is not None:
            with suppress(OSError):
                os.write(self._ends[0], frame)

    async def unplug(self) -> None:
        """Be gone."""
        if (ends := self._ends) is not None:
            self._ends = None
            asyncio.get_running_loop().remove_reader(ends[0])
            await asyncio.to_thread(self._name, None)
            for end in ends:
                os.close(end)


type Plug = TcpSocket | Terminal


@asynccontextmanager
async def plugged(plug: Plug) -> AsyncIterator[Plug]:
    """Have a line be there until the end of the block."""
    await plug.plug()
    try:
        yield plug
    finally:
        await plug.unplug()
        await plug.line.close()
