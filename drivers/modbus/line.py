"""A line: one TCP address or one serial port, whatever the number of boards on it.

One task speaks on it, one telegram at a time. A command overtakes whatever is only read. Silence is
kept between telegrams. After an answer that did not come a serial line is listened to until what
was late is over: telegrams have no number there. A board that is silent is asked ever less often,
and with little patience, so that the others go on. Nothing is ever sent twice by the line itself.
"""

import asyncio
import contextlib
import logging
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException
from pymodbus.framer import FramerType

from drivers.link import CommandFailed
from drivers.modbus import codec
from drivers.modbus.codec import REFUSED, Question
from drivers.modbus.framing import RtuFramer, TcpFramer, Telegram
from drivers.modbus.settings import Place

AGAIN_S: Final = 0.2
AGAIN_AT_MOST_S: Final = 1.0
"""A line that cannot be opened is tried again so often: it is back within 2 s of its return."""
DEAF_S: Final = 3.0
"""A TCP connection on which nobody has answered for so long is made anew: it may be half open."""
KEEPALIVE: Final = (
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 2),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 2),
)
NEVER_DROPS: Final = 1 << 30
PARITIES: Final = {"none": "N", "even": "E", "odd": "O"}

log = structlog.get_logger(__name__)


class Speaker(Protocol):
    """A board on the line, as the line sees it; what it is told, it takes at once."""

    @property
    def due(self) -> float:
        """When it wants to ask something next, by the loop's clock."""

    @property
    def gap_s(self) -> float:
        """The silence it needs before a telegram."""

    @property
    def patience_s(self) -> float:
        """How long its answer may take."""

    def took(self, seconds: float) -> None:
        """An answer of it has taken so long."""

    def ask(self, now: float) -> Question:
        """Return what it wants to ask."""

    def told(self, data: bytes, now: float) -> None:
        """The answer to what it asked."""

    def dropped(self, what: str, now: float) -> None:
        """Something was heard, while it was asked or at last, that is no answer."""

    def refused(self, code: int, now: float) -> None:
        """The board refuses what was asked."""

    def silent(self, why: str, now: float) -> None:
        """No answer has come."""

    def lost(self, why: str) -> None:
        """The line is not there (any more)."""

    def opened(self, now: float) -> None:
        """The line is there."""


@dataclass(slots=True)
class Order:
    """A telegram that somebody waits for; it goes before all that is only read.

    Attributes:
        speaker: whose board it is for.
        question: makes what is sent, at the moment it is.
        answered: ended with its acknowledgement.
        not_after: it is not sent later than this (ms since the epoch).
        landed: called in the moment the board has acknowledged it.
    """

    speaker: Speaker
    question: Callable[[], Question]
    answered: "asyncio.Future[None]"
    not_after: int
    landed: Callable[[float], None]

    def fail(self, why: str) -> None:
        """It was not obeyed."""
        if not self.answered.done():
            self.answered.set_exception(CommandFailed(why))
            self.answered.exception()  # whoever does not look need not hear of it from the loop


type Client = AsyncModbusTcpClient | AsyncModbusSerialClient


class Line:
    """One line.

    Attributes:
        counts: telegrams ``asked``, ``answered``, ``refused``, ``silent``; what was not taken as
            an answer, ``late``, ``rejected`` and ``echo``; ``opened`` connections.
    """

    def __init__(self, place: Place, timeout_s: float, wall: Callable[[], int]) -> None:
        self.place = place
        self.counts: Counter[str] = Counter()
        self._timeout_s = timeout_s
        self._wall = wall
        self._speakers: list[Speaker] = []
        self._orders: deque[Order] = deque()
        self._asking: Speaker | None = None
        self._client: Client | None = None
        self._framer: TcpFramer | RtuFramer = TcpFramer()
        self._task: asyncio.Task[None] | None = None
        self._last: asyncio.Task[None] | None = None
        """It is about to end."""
        self._ending = False
        self._woken = asyncio.Event()
        self._quiet_at = 0.0
        self._heard_at = 0.0
        self._down = ""

    @property
    def in_use(self) -> bool:
        """Whether anybody speaks on it, or is about to."""
        return bool(self._speakers) or self._last is not None

    # --- who speaks on it

    @asynccontextmanager
    async def spoken_on(self, speaker: Speaker) -> AsyncIterator[asyncio.Task[None]]:
        """Let a board speak until the end of the block; the first opens the line."""
        while self._last is not None:  # two tasks on one line would speak at the same time
            await asyncio.wait((self._last,))
        self._speakers.append(speaker)
        if self._task is None or self._task.done():
            self._ending = False
            self._task = asyncio.create_task(self._run(), name=f"modbus-{self.place.name}")
        elif self._client is not None:
            speaker.opened(asyncio.get_running_loop().time())
        self._woken.set()
        try:
            yield self._task
        finally:
            self._speakers.remove(speaker)
            self._give_up(speaker, "the link has ended")
            if not self._speakers and self._task is not None:
                last, self._task = self._task, None
                self._last, self._ending = last, True
                last.add_done_callback(self._ended)
                self._woken.set()
                # Not cancelled: pymodbus is left in an unknown state by that (pymodbus #2580).
                await asyncio.wait((last,))

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._last = None
        if not task.cancelled():
            task.exception()

    def put(self, order: Order) -> None:
        """Have a telegram sent before all that is only read."""
        self._orders.append(order)
        self._woken.set()

    def wake(self) -> None:
        """Somebody is due earlier than they were."""
        self._woken.set()

    def _give_up(self, speaker: Speaker | None, why: str) -> None:
        kept: deque[Order] = deque()
        for order in self._orders:
            if speaker is None or order.speaker is speaker:
                order.fail(why)
            else:
                kept.append(order)
        self._orders = kept

    # --- the task

    async def _run(self) -> None:
        # pymodbus says each lost answer in a line of its own; we say once that a board is down.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        again_s = AGAIN_S
        while not self._ending:
            client = await self._opened()
            if client is None:
                self._lose(self._down)
                await self._pause(again_s)
                again_s = min(again_s * 2, AGAIN_AT_MOST_S)
                continue
            opened_at = self._heard_at
            why = await self._speak(client)
            self._client = None
            client.close()
            if not self._ending:
                self._down = why
                self._lose(why)
            if self._heard_at > opened_at:
                again_s = AGAIN_S
                continue
            # Nobody has answered before it was lost: a serial server that takes one caller only,
            # and has one, hangs up at once. It is not called a hundred times a second.
            await self._pause(again_s)
            again_s = min(again_s * 2, AGAIN_AT_MOST_S)

    async def _opened(self) -> Client | None:
        """Open the line; pymodbus itself tries again only what has been open before."""
        place, timeout_s = self.place, self._timeout_s
        client: Client
        if place.kind == "rtu":
            client = AsyncModbusSerialClient(
                place.host,
                baudrate=place.baud,
                parity=PARITIES[place.parity],
                stopbits=place.stop_bits,
                handle_local_echo=place.local_echo,
                reconnect_delay=0,
                timeout=timeout_s,
                retries=0,
            )
        else:
            kind = FramerType.SOCKET if place.kind == "tcp" else FramerType.RTU
            client = AsyncModbusTcpClient(
                place.host,
                port=place.port,
                framer=kind,
                reconnect_delay=0,
                timeout=timeout_s,
                retries=0,
            )
        self._framer = TcpFramer() if place.kind == "tcp" else RtuFramer()
        self._framer.counts = self.counts
        self._framer.dropped = self._dropped
        client.ctx.framer = self._framer
        client.set_max_no_responses(NEVER_DROPS)
        client.ctx.trace_connect = self._connection(client)
        try:
            opened = await client.connect()
        except (OSError, ValueError) as error:
            opened, self._down = False, f"{place.name}: {error}"
        else:
            self._down = "" if opened else f"{place.name} cannot be opened"
        if not opened:
            client.close()
            return None
        if place.kind == "rtu":
            await asyncio.sleep(0)  # pymodbus sets its transport up in the next turn, ...
            await asyncio.sleep(0)  # ... and must not be closed before it has
        else:
            _keep_alive(client)
        self.counts["opened"] += 1
        self._client = client
        now = asyncio.get_running_loop().time()
        self._quiet_at = self._heard_at = now
        for speaker in tuple(self._speakers):
            speaker.opened(now)
        return client

    def _connection(self, client: Client) -> Callable[[bool], None]:
        """Have whoever waits for an answer know at once that the connection is lost."""

        def told(connected: bool) -> None:  # noqa: FBT001  # pymodbus' callback
            waiting = client.ctx.response_future
            if not connected:
                if not waiting.done():
                    waiting.set_exception(ConnectionException("lost"))
                    waiting.exception()
                self._woken.set()

        return told

    def _dropped(self, what: str) -> None:
        """Have it counted for the board that was asked last."""
        if self._asking in self._speakers and self._asking is not None:
            self._asking.dropped(what, asyncio.get_running_loop().time())

    def _lose(self, why: str) -> None:
        self._give_up(None, why)
        for speaker in tuple(self._speakers):
            speaker.lost(why)

    async def _speak(self, client: Client) -> str:
        """Ask and tell until the line is lost or nobody needs it; return why it was lost."""
        loop = asyncio.get_running_loop()
        while not self._ending:
            if not client.connected:
                return f"{self.place.name} is lost"
            now = loop.time()
            if self._orders:
                await self._send(client, self._orders.popleft())
                continue
            speaker = min(self._speakers, key=_due, default=None)
            if speaker is None or speaker.due > now:
                await self._wait(None if speaker is None else speaker.due - now)
                continue
            await self._ask(client, speaker)
            if self.place.kind != "rtu" and loop.time() - self._heard_at > DEAF_S:
                return f"{self.place.name}: nobody has answered for {DEAF_S:g} s"
        return ""

    async def _send(self, client: Client, order: Order) -> None:
        """Carry out an order, unless it is too late."""
        if self._wall() >= order.not_after:
            order.fail("too late to be sent")
            return
        loop = asyncio.get_running_loop()
        answer = await self._transact(client, order.speaker, order.question())
        if isinstance(answer, str):
            order.fail(answer)
            order.speaker.silent(answer, loop.time())
        elif answer.function_code & REFUSED:
            order.fail(f"refused: {codec.refusal(answer.data[0])}")
        else:
            order.landed(loop.time())
            if not order.answered.done():
                order.answered.set_result(None)

    async def _ask(self, client: Client, speaker: Speaker) -> None:
        loop = asyncio.get_running_loop()
        answer = await self._transact(client, speaker, speaker.ask(loop.time()))
        if speaker not in self._speakers:
            return
        if isinstance(answer, str):
            speaker.silent(answer, loop.time())
        elif answer.function_code & REFUSED:
            speaker.refused(answer.data[0], loop.time())
        else:
            speaker.told(answer.data, loop.time())

    async def _transact(
        self, client: Client, speaker: Speaker, question: Question
    ) -> Telegram | str:
        """Ask, and wait for the answer; or say why there is none."""
        loop = asyncio.get_running_loop()
        wait_s = self._quiet_at + speaker.gap_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        framer, counts = self._framer, self.counts
        framer.ask(question)
        self._asking = speaker
        counts["asked"] += 1
        patience_s = speaker.patience_s
        client.ctx.comm_params.timeout_connect = patience_s + self.place.frame_s(
            8 + question.length + len(question.data)
        )
        asked_at = loop.time()
        try:
            answer = await client.execute(
                False,  # an answer is expected
                Telegram(question.unit, question.function, question.data),
            )
        except ConnectionException:
            framer.ask(None)
            return f"{self.place.name} is lost"
        except ModbusException:
            strange = framer.strange
            framer.ask(None)
            counts["silent"] += 1
            await self._drain(patience_s)
            return self._why(strange)
        now = loop.time()
        self._quiet_at = self._heard_at = now
        speaker.took(now - asked_at)
        if not isinstance(answer, Telegram):
            raise TypeError(f"no telegram of ours: {answer!r}")
        counts["refused" if answer.function_code & REFUSED else "answered"] += 1
        return answer

    async def _drain(self, patience_s: float) -> None:
        """Listen until what is late has come, or will not come any more."""
        loop = asyncio.get_running_loop()
        if self.place.kind == "tcp":
            return  # there each telegram has a number
        come = asyncio.Event()
        self._framer.heard = come.set
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await come.wait()
        self._framer.heard = _nobody
        self._quiet_at = loop.time()

    def _why(self, strange: str) -> str:
        match strange:
            case "echo":
                return "the line echoes what is sent and nobody answers: local_echo = true?"
            case "rejected" | "late":
                return "no answer that fits what was asked"
            case _:
                return "no answer"

    async def _wait(self, seconds: float | None) -> None:
        """Wait so long, or until there is something to do."""
        self._woken.clear()
        if self._orders or self._ending:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _pause(self, seconds: float) -> None:
        """Rest for so long, whatever there is to do; but end at once."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self._ending and loop.time() < until:
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._woken.wait()


def _due(speaker: Speaker) -> float:
    return speaker.due


def _nobody() -> None:
    """Nobody waits for what is late."""


def _keep_alive(client: Client) -> None:
    """Have the system notice a peer that has gone without a word."""
    connection = client.ctx.transport.get_extra_info("socket")
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for level, name, value in KEEPALIVE:
        if hasattr(socket, name):  # not everywhere
            connection.setsockopt(level, getattr(socket, name), value)
