"""Be turnstiles on wires: a scan engine on a pty, and a board of relays and inputs on Modbus TCP.

Bare parties: an answer costs them a few microseconds. The board follows function 05 at 0x0200
(flash on for so many tenths of a second, as a Waveshare does), and tells how 8 inputs and 8 relays
stand. A release lets one person pass, who closes the first input for 100 ms.
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
from typing import cast, override

from loadtest.gates import ANSWER_S, Visitor
from loadtest.generator import GRANTED, LOST, Tally
from loadtest.site import Wired

PASSAGE_S = 0.1
"""For so long an input is closed: the shortest passage that must not be missed."""
WALK_S = 0.15
HEADER = 8
"""Number, protocol, length, unit, function."""
READ_COILS, READ_INPUTS, WRITE_COIL = 1, 2, 5
FLASH_ON = 0x0200


class Turnstile(asyncio.Protocol):
    """One turnstile: what its board does, and the visitors at its scan engine."""

    def __init__(self, engine: Path) -> None:
        self.engine = engine
        self.polls = 0
        self.passages = 0
        self.board_port = 0
        self._inputs = self._relays = 0
        self._say: Callable[[bytes], None] = lambda _: None
        self._rest = b""
        self._ends: tuple[int, int] | None = None
        self._answered: asyncio.Future[float] | None = None

    # --- the board

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._say = cast("asyncio.Transport", transport).write
        self._rest = b""

    @override
    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._rest += data
        while len(self._rest) >= HEADER:
            end = 6 + int.from_bytes(self._rest[4:6])
            frame, self._rest = self._rest[:end], self._rest[end:]
            self._say(frame[:4] + self._answer(frame, now))

    def _answer(self, frame: bytes, now: float) -> bytes:
        unit, function, at = frame[6:7], frame[7], int.from_bytes(frame[8:10])
        if function in {READ_COILS, READ_INPUTS}:
            self.polls += function == READ_INPUTS
            level = self._inputs if function == READ_INPUTS else self._relays
            body = unit + bytes((function, 1, level >> at & 0xFF))
        else:
            body = frame[6:]
            if function == WRITE_COIL and at == FLASH_ON:
                self._release(now, int.from_bytes(frame[10:12]) / 10)
        return len(body).to_bytes(2) + body

    def _release(self, now: float, lasts_s: float) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(now)
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

    # --- the scan engine

    def plug(self) -> None:
        """Put the engine's cable in."""
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._ends = ours, theirs
        self.engine.symlink_to(os.ttyname(theirs))

    def unplug(self) -> None:
        """Take it away."""
        for end in self._ends or ():
            os.close(end)
        self.engine.unlink(missing_ok=True)

    async def attend(self, visitors: Sequence[Visitor], begun: float, tally: Tally) -> None:
        """Show each visitor's code when it is due, or as soon as the former has been answered."""
        for visitor in visitors:
            due = begun + visitor.due_s
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
                tally.note_late(time.perf_counter() - due)
            else:
                tally.queued += 1
            await self._show(visitor.code, due, tally)

    async def _show(self, code: str, due: float, tally: Tally) -> None:
        if self._ends is None:
            raise RuntimeError("not plugged in")
        answered = self._answered = asyncio.get_running_loop().create_future()
        tally.sent += 1
        sent = time.perf_counter()
        os.write(self._ends[0], code.encode() + b"\r\n")
        try:
            async with asyncio.timeout(ANSWER_S):
                at = await answered
        except TimeoutError:
            tally.outcomes[LOST] += 1
            return
        tally.outcomes[GRANTED] += 1
        tally.latency.append(at - due)
        tally.service.append(at - sent)


@asynccontextmanager
async def turnstiles(number: int, folder: Path) -> AsyncIterator[list[Turnstile]]:
    """Have turnstiles there until the end of the block; their engines' names are in a folder."""
    loop = asyncio.get_running_loop()
    made = [Turnstile(folder / f"engine-{each}") for each in range(number)]
    async with contextlib.AsyncExitStack() as stack:
        for turnstile in made:
            turnstile.plug()
            stack.callback(turnstile.unplug)
            server = await loop.create_server(partial(_same, turnstile), "127.0.0.1", 0)
            stack.callback(server.close)
            turnstile.board_port = server.sockets[0].getsockname()[1]
        yield made


def _same(turnstile: Turnstile) -> Turnstile:
    return turnstile


def wired(made: Sequence[Turnstile]) -> tuple[Wired, ...]:
    """Say how a site file names them."""
    return tuple(Wired(each.engine, each.board_port) for each in made)
