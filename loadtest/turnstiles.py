"""Be turnstiles on wires: a scan engine on a pty, and a board of relays and inputs on Modbus.

Bare parties: an answer costs them a few microseconds. The board follows function 05 at 0x0200
(flash on for so many tenths of a second, as a Waveshare does), tells how 8 inputs and 8 relays
stand, and counts closings in holding registers from 0. A release lets one person pass, who closes
the first input for 100 ms.
"""

import asyncio
import contextlib
import os
import time
import tty
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal, cast, override

from loadtest.engines import Engine, engines
from loadtest.gates import Post
from loadtest.generator import GRANTED
from loadtest.site import Wired

type Wire = Literal["tcp", "rtu"]

PASSAGE_S = 0.1
"""For so long an input is closed: the shortest passage that must not be missed."""
WALK_S = 0.15
HEADER = 8
"""On TCP: number, protocol, length, unit, function."""
QUESTION = 8
"""On a serial line: unit, function, address, value, check; all that we are asked is so long."""
BITS_A_CHARACTER = 10
READ_COILS, READ_INPUTS, READ_HOLDING, WRITE_COIL = 1, 2, 3, 5
FLASH_ON = 0x0200
FLASH = bytes((1, WRITE_COIL)) + FLASH_ON.to_bytes(2) + (5).to_bytes(2)
"""Half a second of the first relay, as unit 1 is told it."""


def check(data: bytes) -> bytes:
    """Return the check of a telegram on a serial line (Modbus over serial line 1.02, 2.5.1.2).

    >>> check(bytes.fromhex("0402000a0001")).hex()
    '999d'
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def flash(wire: Wire) -> bytes:
    """Return the telegram that releases somebody."""
    if wire == "rtu":
        return FLASH + check(FLASH)
    return b"\0\1\0\0" + len(FLASH).to_bytes(2) + FLASH


def telegram_s(baud: int) -> float:
    """Return how long a release is on a serial line, computed from its bits.

    >>> round(telegram_s(9_600) * 1_000, 2)
    8.33
    """
    return QUESTION * BITS_A_CHARACTER / baud


class Board:
    """The relays and inputs of one turnstile; ``released`` is told when somebody may pass."""

    def __init__(self, released: Callable[[float], None]) -> None:
        self.polls = 0
        self.passages = 0
        self._inputs = self._relays = 0
        self._released = released

    def answer(self, body: bytes) -> bytes:
        """Answer a telegram: unit, function and the rest, without number or check."""
        unit, function, at = body[:1], body[1], int.from_bytes(body[2:4])
        if function == READ_HOLDING:
            self.polls += 1
            counters = self.passages.to_bytes(4) + bytes(28)
            words = counters[2 * at : 2 * (at + int.from_bytes(body[4:6]))]
            return unit + bytes((function, len(words))) + words
        if function in {READ_COILS, READ_INPUTS}:
            self.polls += function == READ_INPUTS
            level = self._inputs if function == READ_INPUTS else self._relays
            return unit + bytes((function, 1, level >> at & 0xFF))
        if function == WRITE_COIL and at == FLASH_ON:
            self._release(int.from_bytes(body[4:6]) / 10)
        return body

    def _release(self, lasts_s: float) -> None:
        self._released(time.perf_counter())
        loop = asyncio.get_running_loop()
        self._relays = 1
        loop.call_later(lasts_s, self._drop)
        loop.call_later(WALK_S, self._pass, 1)
        loop.call_later(WALK_S + PASSAGE_S, self._pass, 0)

    def _drop(self) -> None:
        self._relays = 0

    def _pass(self, level: int) -> None:
        self._inputs = level
        self.passages += level


class TcpEnd(asyncio.Protocol):
    """A board's end of a TCP connection."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._say: Callable[[bytes], None] = lambda _: None
        self._rest = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._say = cast("asyncio.Transport", transport).write

    @override
    def data_received(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= HEADER:
            end = 6 + int.from_bytes(self._rest[4:6])
            frame, self._rest = self._rest[:end], self._rest[end:]
            body = self._board.answer(frame[6:])
            self._say(frame[:4] + len(body).to_bytes(2) + body)


class SerialEnd:
    """A board's end of a serial line: a pty, as fast as it goes or as slow as the line would be."""

    def __init__(self, board: Board, path: Path, baud: int) -> None:
        self._board = board
        self._path = path
        self._character_s = BITS_A_CHARACTER / baud if baud else 0.0
        self._ends: tuple[int, int] | None = None
        self._rest = b""

    def plug(self) -> None:
        """Put the cable in."""
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._ends = ours, theirs
        self._path.symlink_to(os.ttyname(theirs))
        asyncio.get_running_loop().add_reader(ours, self._read)

    def unplug(self) -> None:
        """Take it away."""
        if (ends := self._ends) is not None:
            self._ends = None
            asyncio.get_running_loop().remove_reader(ends[0])
            for end in ends:
                os.close(end)
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        if self._ends is None:
            return
        with contextlib.suppress(BlockingIOError):
            self._rest += os.read(self._ends[0], 4096)
        while len(self._rest) >= QUESTION:
            frame, self._rest = self._rest[:QUESTION], self._rest[QUESTION:]
            if check(frame[:-2]) != frame[-2:]:
                raise RuntimeError(f"not a telegram: {frame.hex()}")
            self._after(QUESTION, self._take, frame[:-2])

    def _take(self, body: bytes) -> None:
        answer = self._board.answer(body)
        self._after(len(answer) + 2, self._say, answer + check(answer))

    def _say(self, frame: bytes) -> None:
        if self._ends is not None:
            os.write(self._ends[0], frame)

    def _after(self, characters: int, what: Callable[[bytes], None], data: bytes) -> None:
        """Do something when so many characters have gone over the line."""
        if self._character_s:
            loop = asyncio.get_running_loop()
            loop.call_later(characters * self._character_s, what, data)
        else:
            what(data)


class Turnstile(Post):
    """One turnstile: its board, and the visitors at its scan engine."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.board = Board(partial(self.answer, GRANTED))
        self.address = ""
        """Where the board is."""

    @override
    def show(self, code: str) -> None:
        self.engine.show(code)


@asynccontextmanager
async def turnstiles(
    number: int, folder: Path, wire: Wire, *, name: str = "engine", baud: int = 0
) -> AsyncIterator[list[Turnstile]]:
    """Have turnstiles there until the end of the block; their names are in a folder.

    ``baud`` makes the lines of the boards slow; a pty knows none.
    """
    loop = asyncio.get_running_loop()
    async with engines(number, folder, name) as lines, contextlib.AsyncExitStack() as stack:
        made = [Turnstile(line) for line in lines]
        for turnstile in made:
            board = turnstile.board
            if wire == "rtu":
                path = turnstile.engine.path.with_suffix(".board")
                end = SerialEnd(board, path, baud)
                end.plug()
                stack.callback(end.unplug)
                turnstile.address = str(path)
            else:
                server = await loop.create_server(partial(TcpEnd, board), "127.0.0.1", 0)
                stack.callback(server.close)
                turnstile.address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


def wired(made: Sequence[Turnstile], *settings: str) -> tuple[Wired, ...]:
    """Say how a site file names them; ``settings``: what else it says of each board."""
    return tuple(
        Wired(each.engine.path, (f'address = "{each.address}"', *settings)) for each in made
    )
