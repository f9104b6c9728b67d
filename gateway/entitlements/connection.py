"""The store's one connection per process: what one event-loop turn asks travels in one write.

Questions that are put together (`Connection.join`) become one command a turn: most of what a
command costs is the same for one and for many. redis-py has no automatic pipelining, and its client
repeats a command whose answer was lost, which stamps twice; so the path of a scan speaks the
protocol itself, with hiredis as parser, and never repeats anything. What is asked here must be
answered within its patience: the caller then goes on without, and the late answer (or the loss of
the connection) is told to `unanswered`, so that a stamp given up on can be taken back.

This module knows no ticket: bytes in, replies out.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, override

import hiredis
from redis.asyncio.connection import parse_url

from gateway.errors import StoreUnavailable

type Reply = Any
type Unanswered = Callable[[object, Reply | None], None]
type Change = Callable[[bool], None]
type Part = tuple[bytes, bytes]
"""What one question adds to the command of its turn: its key and its arguments, encoded."""
type Together = Callable[[Sequence[Part]], bytes]

TICK_S = 0.02
"""How often patience is looked at: an answer comes at most this much after it ran out."""
MOST_IN_FLIGHT = 20_000
"""Beyond this the store is not answering, and waiting longer would only use up memory."""
MOST_TOGETHER = 32
"""Questions of one command: so many scans keep the store for less than a millisecond."""
RETRY_S = (0.02, 0.05, 0.1, 0.2)
"""Pauses before a lost connection is tried again; the last one repeats."""


class ReplyError(StoreUnavailable):
    """The store answered with an error."""


type _Waiter = tuple[asyncio.Future[Reply], float, object]
"""Who waits, until when, and what to tell if nobody does any more."""

_ALONE = 0
"""In place of how many questions a command has put together: it is one of its own."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store listens, as its URL says."""

    path: str | None
    host: str
    port: int
    username: str | None
    password: str | None
    database: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read a ``redis://``, ``rediss://`` or ``unix://`` URL.

        Raises:
            ValueError: the URL is none of these.
        """
        options: dict[str, Any] = dict(parse_url(url))
        return cls(
            path=options.get("path"),
            host=options.get("host", "127.0.0.1"),
            port=int(options.get("port", 6379)),
            username=options.get("username"),
            password=options.get("password"),
            database=int(options.get("db", 0)),
            tls=url.startswith("rediss:"),
        )


def encode(*arguments: str | bytes | int) -> bytes:
    """Write one command in the Redis protocol."""
    return bytes(hiredis.pack_command(arguments))  # type: ignore[arg-type]  # its stub says one


class _Wire(asyncio.Protocol):
    """One transport's life: parses replies and hands them on in order."""

    def __init__(self, on_reply: Callable[[Reply], None], on_lost: Callable[[], None]) -> None:
        self._reader = hiredis.Reader()
        self._on_reply = on_reply
        self._on_lost = on_lost

    @override
    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        reply = reader.gets()
        while reply is not False:
            self._on_reply(reply)
            reply = reader.gets()

    @override
    def connection_lost(self, _exc: Exception | None) -> None:
        self._on_lost()


class Connection:
    """A pipelined connection that comes back by itself.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        prepare: run on each new connection before callers may use it.
        together: writes the command of a turn; its answer is an array with one for each part.
        unanswered: told of commands with a token whose caller had gone when the reply came, or
            whose reply never came (``None``): once the store answers again.
        on_change: told of every going (False) and coming (True) of the connection.
    """

    def __init__(
        self,
        url: str,
        *,
        prepare: Callable[[], Awaitable[None]],
        together: Together,
        unanswered: Unanswered,
        on_change: Change = lambda _up: None,
    ) -> None:
        self._address = Address.parse(url)
        self._prepare = prepare
        self._together = together
        self._unanswered = unanswered
        self._on_change = on_change
        self._transport: asyncio.WriteTransport | None = None
        self._waiters: deque[_Waiter] = deque()
        self._commands: deque[int] = deque()
        self._parts: list[Part] = []
        self._outbox: list[bytes] = []
        self._flushing = False
        self._ticking = False
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.up = False

    @property
    def in_flight(self) -> int:
        """Questions asked and not answered yet."""
        return len(self._waiters)

    async def open(self, *, patience_s: float) -> bool:
        """Start connecting; True when the store answered within ``patience_s``."""
        self._loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._keep(ready), name="store-connection")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await ready.wait()
        return self.up

    async def close(self) -> None:
        """Let go of the connection; whoever still waits gets `StoreUnavailable`."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._transport is not None:
            self._transport.close()
        self._drop()

    def restart(self) -> None:
        """Drop the connection and prepare a new one."""
        self._lost.set()

    def send(
        self, command: bytes, patience_s: float, token: object = None
    ) -> asyncio.Future[Reply]:
        """Send an encoded command in this turn's write.

        The future raises `StoreUnavailable` when there is no connection, when nothing came within
        ``patience_s``, or when the store answered with an error (`ReplyError`).
        """
        self._check()
        return self._send(command, patience_s, token)

    def join(self, part: Part, patience_s: float, token: object = None) -> asyncio.Future[Reply]:
        """Ask together with others of this turn; the future is as that of `send`."""
        self._check()
        future = self._wait(patience_s, token)
        self._parts.append(part)
        if len(self._parts) == MOST_TOGETHER:
            self._write()  # the store decides them while others of this turn are still coming
        return future

    def _check(self) -> None:
        if not self.up or len(self._waiters) >= MOST_IN_FLIGHT:
            raise StoreUnavailable

    def _send(self, command: bytes, patience_s: float, token: object) -> asyncio.Future[Reply]:
        future = self._wait(patience_s, token)
        self._seal()  # what was asked first is answered first
        self._commands.append(_ALONE)
        self._outbox.append(command)
        return future

    def _wait(self, patience_s: float, token: object) -> asyncio.Future[Reply]:
        loop = self._loop
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiters.append((future, loop.time() + patience_s, token))
        if not self._flushing:
            self._flushing = True
            loop.call_soon(self._flush)
        if not self._ticking:
            self._ticking = True
            loop.call_later(TICK_S, self._tick)
        return future

    def _seal(self) -> None:
        """Make the parts gathered so far a command."""
        if self._parts:
            self._commands.append(len(self._parts))
            self._outbox.append(self._together(self._parts))
            self._parts = []

    def _flush(self) -> None:
        self._flushing = False
        self._write()

    def _write(self) -> None:
        self._seal()
        outbox, transport = self._outbox, self._transport
        # One that has just been lost refuses to write: nobody who asks now is to blame for that.
        if transport is not None and outbox and not transport.is_closing():
            transport.write(outbox[0] if len(outbox) == 1 else b"".join(outbox))
        outbox.clear()

    def _on_reply(self, reply: Reply) -> None:
        count = self._commands.popleft()
        if count == _ALONE:
            self._answer(reply)
        elif isinstance(reply, hiredis.ReplyError):
            for _ in range(count):
                self._answer(reply)
        else:
            for answer in reply:
                self._answer(answer)

    def _answer(self, reply: Reply) -> None:
        future, _, token = self._waiters.popleft()
        if future.done():
            if token is not None:
                self._unanswered(token, reply)
        elif isinstance(reply, hiredis.ReplyError):
            future.set_exception(ReplyError(str(reply)))
        else:
            future.set_result(reply)

    def _tick(self) -> None:
        waiters = self._waiters
        if not waiters:
            self._ticking = False
            return
        now = self._loop.time()
        for future, deadline, _ in waiters:
            if deadline < now and not future.done():
                future.set_exception(StoreUnavailable())
        self._loop.call_later(TICK_S, self._tick)

    async def _keep(self, ready: asyncio.Event) -> None:
        failures = 0
        while True:
            self._lost.clear()
            try:
                await self._connect()
                failures = 0
                self.up = True
                self._on_change(True)
                ready.set()
                await self._lost.wait()
            except (OSError, StoreUnavailable, TimeoutError):
                failures += 1
            self._drop()
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])

    async def _connect(self) -> None:
        address = self._address
        async with asyncio.timeout(5):
            if address.path is not None:
                transport, _ = await self._loop.create_unix_connection(self._wire, address.path)
            else:
                transport, _ = await self._loop.create_connection(
                    self._wire,
                    address.host,
                    address.port,
                    ssl=ssl.create_default_context() if address.tls else None,
                )
        self._transport = transport
        if address.password is not None:
            await self.handshake("AUTH", address.username or "default", address.password)
        if address.database:
            await self.handshake("SELECT", address.database)
        await self._prepare()

    async def handshake(self, *arguments: str | bytes | int, patience_s: float = 5) -> Reply:
        """Ask something while the connection is being prepared.

        Raises:
            StoreUnavailable: nothing came in time, or an error did (`ReplyError`).
        """
        return await self._send(encode(*arguments), patience_s, None)

    def _wire(self) -> _Wire:
        return _Wire(self._on_reply, self._lost.set)

    def _drop(self) -> None:
        was_up, self.up = self.up, False
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._outbox.clear()
        self._parts.clear()
        self._commands.clear()
        waiters, self._waiters = self._waiters, deque()
        for future, _, token in waiters:
            if not future.done():
                future.set_exception(StoreUnavailable())
            if token is not None:
                self._unanswered(token, None)
        if was_up:
            self._on_change(False)
