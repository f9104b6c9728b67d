"""One connection to a broker, from its opening to its end.

Nothing is sent twice, and nothing waits for another connection. (A library's client keeps what was
not acknowledged and sends it on the next one: a gate would open for nobody.)
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast, override
from urllib.parse import unquote, urlsplit

import structlog

from drivers.mqtt import packets
from drivers.mqtt.packets import Filter, Malformed, Message, Packet, Will

type Heard = Callable[[Message], None]
type Taken = Callable[[], object]

CONNECT_S: Final = 2.0
LEAVE_S: Final = 1.0
SESSION_S: Final = 3600
EXPIRY_S: Final = 2
"""How long a broker may hold a command for a gate that is away (DESIGN 8)."""
PACKET_LIMIT: Final = 256 * 1024
WAITING_LIMIT: Final = 10_000
UNSENT_LIMIT: Final = 1024 * 1024

_FILTERS_AT_ONCE: Final = 200
_NUMBERS: Final = 0xFFFF
_SILENT: Final = 1.5

log = structlog.get_logger(__name__)


class Away(Exception):
    """The broker cannot be reached."""


class VersionRefused(Away):
    """The broker does not speak this version of MQTT."""


@dataclass(frozen=True, slots=True)
class Target:
    """A broker, and who we are to it; what has the same target shares a connection."""

    address: str = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    keepalive_s: int = 5
    protocol: Literal["auto", "5", "3.1.1"] = "auto"

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.address).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """The port."""
        parts = urlsplit(self.address)
        return parts.port or (8883 if parts.scheme == "mqtts" else 1883)

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return urlsplit(self.address).scheme == "mqtts"

    @property
    def name(self) -> str:
        """How it is called in logs: no secret in it."""
        return f"{self.host}:{self.port}"

    def credentials(self) -> tuple[str | None, str | None]:
        """Return user and password: the controller's own, else those in the address."""
        parts = urlsplit(self.address)
        username = self.username or (unquote(parts.username) if parts.username else None)
        password = self.password or (unquote(parts.password) if parts.password else None)
        return username, password


class Connection(asyncio.Protocol):
    """An open connection; made by `connected`."""

    def __init__(self, heard: Heard, *, modern: bool) -> None:
        self._heard = heard
        self._modern = modern
        self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[packets.Welcome] = self._loop.create_future()
        self._lost: asyncio.Future[str] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._splitter = packets.Splitter()
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._unacknowledged: dict[int, tuple[str, Taken | None]] = {}
        self._waiting: deque[tuple[float | None, Message, Taken | None]] = deque()
        self._receive_maximum = _NUMBERS
        self._number = 0
        self._beat: asyncio.TimerHandle | None = None
        self._sent_at = self._heard_at = self._loop.time()

    # --- what may be asked of it

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: Literal[0, 1] = 1,
        retain: bool = False,
        within_s: float | None = None,
        taken: Taken | None = None,
    ) -> None:
        """Send a message at once; whether it arrived is for the receiver to acknowledge.

        A broker says how many messages may be under way to it (mosquitto: 20, unless told
        otherwise). What is more waits here, no longer than ``within_s``, and not for another
        connection.

        Args:
            topic: Where to.
            payload: What.
            qos: 0, or 1 for what the broker is to acknowledge.
            retain: Whether the broker is to keep it.
            within_s: After that nobody is to get it; the broker itself drops it in two seconds.
            taken: Called when the broker has acknowledged it, which it may never.

        Raises:
            Away: The connection is lost, or the broker does not take what it was sent.
        """
        expiry_s = None if within_s is None else EXPIRY_S
        message = Message(topic, payload, expiry_s=expiry_s, kept=retain)
        if qos and len(self._unacknowledged) >= self._receive_maximum:
            if len(self._waiting) >= WAITING_LIMIT:
                raise Away("the broker does not keep up")
            until = None if within_s is None else self._loop.time() + within_s
            self._waiting.append((until, message, taken))
            return
        self._publish(message, self._next() if qos else 0, taken)

    def _publish(self, message: Message, number: int, taken: Taken | None) -> None:
        self._send(packets.publish(message, number, modern=self._modern))
        if number:
            self._unacknowledged[number] = message.topic, taken

    def _publish_waiting(self) -> None:
        """Send what has waited for the broker, unless it has waited too long."""
        while self._waiting and len(self._unacknowledged) < self._receive_maximum:
            until, message, taken = self._waiting.popleft()
            if until is None or self._loop.time() < until:
                with suppress(Away):
                    self._publish(message, self._next(), taken)

    async def subscribe(self, filters: Sequence[Filter]) -> None:
        """Ask for topics, and wait until the broker has agreed.

        Raises:
            Away: It did not, or the connection is lost.
        """
        for begin in range(0, len(filters), _FILTERS_AT_ONCE):
            asked = filters[begin : begin + _FILTERS_AT_ONCE]
            number = self._next()
            body = await self._ask(number, packets.subscribe(number, asked, modern=self._modern))
            granted = packets.read_granted(body, modern=self._modern)
            refused = [one.topic for one, may in zip(asked, granted, strict=False) if not may]
            if refused:
                raise Away(f"may not hear {', '.join(refused[:3])}: is our access right?")

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Ask for topics no longer.

        Raises:
            Away: The connection is lost.
        """
        number = self._next()
        await self._ask(number, packets.unsubscribe(number, topics, modern=self._modern))

    async def lost(self) -> str:
        """Wait for the end of the connection, and say why."""
        return await asyncio.shield(self._lost)

    # --- its life

    async def introduce(self, hello: bytes, keepalive_s: int) -> None:
        """Say who we are, and wait to be let in.

        Raises:
            VersionRefused: The broker does not speak this version.
            Away: It does not let us in, or says nothing.
        """
        self._send(hello)
        await asyncio.wait((self._welcome, self._lost), return_when=asyncio.FIRST_COMPLETED)
        if not self._welcome.done():
            raise Away(self._lost.result())
        welcome = self._welcome.result()
        if welcome.refused:
            why = f"the broker says: {welcome.refused}"
            raise VersionRefused(why) if welcome.wrong_version else Away(why)
        self._receive_maximum = welcome.receive_maximum
        self._keep_alive(welcome.keepalive_s or keepalive_s)

    async def leave(self) -> None:
        """Take leave, if anybody is there, and close the socket in any case."""
        transport = self._transport
        if transport is None:
            return
        if self._welcome.done() and not self._lost.done():
            transport.write(packets.GOODBYE)
        self._end("left")
        transport.close()
        try:
            async with asyncio.timeout(LEAVE_S):
                await asyncio.shield(self._gone)
        except TimeoutError:
            transport.abort()
            await self._gone
        except asyncio.CancelledError:
            transport.abort()
            raise

    def _keep_alive(self, keepalive_s: float) -> None:
        """Say something now and then, and notice when the broker does not."""
        now = self._loop.time()
        if now - self._heard_at > _SILENT * keepalive_s:
            self._give_up("the broker is silent")
            return
        if now - min(self._sent_at, self._heard_at) >= keepalive_s / 2:
            with suppress(Away):
                self._send(packets.PING)
        self._beat = self._loop.call_later(keepalive_s / 4, self._keep_alive, keepalive_s)

    def _give_up(self, why: str) -> None:
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    def _end(self, why: str) -> None:
        """Let everybody know who waits."""
        if self._beat is not None:
            self._beat.cancel()
        if not self._lost.done():
            self._lost.set_result(why)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Away(why))
                answer.exception()
        self._answers.clear()
        self._unacknowledged.clear()
        self._waiting.clear()

    # --- out

    def _send(self, packet: bytes) -> None:
        if self._transport is None or self._lost.done():
            raise Away(self._lost.result() if self._lost.done() else "not connected")
        if self._transport.get_write_buffer_size() > UNSENT_LIMIT:
            raise Away("the broker takes nothing")
        self._transport.write(packet)
        self._sent_at = self._loop.time()

    async def _ask(self, number: int, packet: bytes) -> bytes:
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answers[number] = answer
        try:
            self._send(packet)
            async with asyncio.timeout(CONNECT_S):
                return await answer
        except TimeoutError:
            raise Away("the broker does not answer") from None
        finally:
            self._answers.pop(number, None)

    def _next(self) -> int:
        while True:
            self._number = self._number % _NUMBERS + 1
            if self._number not in self._unacknowledged and self._number not in self._answers:
                return self._number

    # --- in

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        line = transport.get_extra_info("socket")
        if line is not None and line.family != socket.AF_UNIX:
            # Whatever the loop does: without it Nagle's algorithm waits for the acknowledgement of
            # what was sent before; a command takes 44 ms instead of 0.8 (hardware.md 3.3).
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}" if exc else "connection lost")
        if not self._gone.done():
            self._gone.set_result(None)

    @override
    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            for packet in self._splitter.feed(data):
                self._take(packet)
        except Malformed as error:
            self._give_up(f"the broker does not speak MQTT: {error}")

    def _take(self, packet: Packet) -> None:
        kind, flags, body = packet
        match kind:
            case packets.PUBLISH:
                self._hear(packets.read_message(flags, body, modern=self._modern))
            case packets.PUBACK:
                self._acknowledged(body)
            case packets.SUBACK | packets.UNSUBACK:
                answer = self._answers.get(packets.read_number(body))
                if answer is not None and not answer.done():
                    answer.set_result(body)
            case packets.CONNACK:
                if not self._welcome.done():
                    self._welcome.set_result(packets.read_welcome(body, modern=self._modern))
            case packets.DISCONNECT:
                self._give_up(f"the broker says: {packets.read_refusal(body) or 'goodbye'}")
            case packets.PINGRESP:
                pass
            case _:
                raise Malformed(f"packet {kind}")

    def _acknowledged(self, body: bytes) -> None:
        topic, taken = self._unacknowledged.pop(packets.read_number(body), ("", None))
        if why := packets.read_refusal(body[2:]):
            log.warning("mqtt_refused", topic=topic, why=why)
        elif taken is not None:
            taken()
        self._publish_waiting()

    def _hear(self, message: Message) -> None:
        try:
            self._heard(message)
        except Exception as error:  # noqa: BLE001  # one must not take down the line of all gates
            why = repr(error)  # a traceback is read from files, and that blocks
            log.error("mqtt_message_failed", topic=message.topic[:100], why=why)  # noqa: TRY400
        if message.number:
            with suppress(Away):
                self._send(packets.puback(message.number))


@asynccontextmanager
async def connected(
    target: Target,
    name: str,
    will: Will | None,
    heard: Heard,
    *,
    modern: bool = True,
    session_s: int = SESSION_S,
) -> AsyncIterator[Connection]:
    """Connect until the end of the block; no socket, task or message outlives it.

    The session stays at the broker for an hour, so that what gates report meanwhile is not lost; a
    gate begins anew (``session_s`` is 0), so that no command waits for it.

    Raises:
        VersionRefused: The broker does not speak version 5 (`modern`).
        Away: It cannot be reached, or does not let us in.
    """
    connection = Connection(heard, modern=modern)
    try:
        try:
            async with asyncio.timeout(CONNECT_S):
                await _open(connection, target, name, will, session_s, modern=modern)
        except TimeoutError:
            raise Away("the broker does not answer") from None
        except OSError as error:
            raise Away(str(error)) from error
        yield connection
    finally:
        await connection.leave()


async def _open(
    connection: Connection,
    target: Target,
    name: str,
    will: Will | None,
    session_s: int,
    *,
    modern: bool,
) -> None:
    secure = await asyncio.to_thread(_context, target) if target.secure else None
    await asyncio.get_running_loop().create_connection(
        lambda: connection, target.host, target.port, ssl=secure
    )
    username, password = target.credentials()
    hello = packets.connect(
        name,
        modern=modern,
        keepalive_s=target.keepalive_s,
        session_s=session_s,
        will=will,
        username=username,
        password=password,
        packet_limit=PACKET_LIMIT,
    )
    await connection.introduce(hello, target.keepalive_s)


def _context(target: Target) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=target.tls_ca)
    if target.tls_cert is not None:
        context.load_cert_chain(target.tls_cert, target.tls_key)
    return context
