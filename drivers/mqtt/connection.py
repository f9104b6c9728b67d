"""One connection to a broker, from its opening to its end: what aiomqtt leaves to its user.

aiomqtt 2.5 does not reconnect, and paho below it keeps messages that were not acknowledged and
sends them again on the next connection: a gate would open for nobody. So a connection here is a
client of its own, thrown away with all it still holds.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, override
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog
from aiomqtt import Message, MqttError, ProtocolVersion
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, MQTT_ERR_SUCCESS
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

type Heard = Callable[[str, bytes, bool], None]
"""Takes a topic, a payload, and whether the message was kept (retained) by the broker."""

CONNECT_S: Final = 2.0
SESSION_S: Final = 3600
PACKET_LIMIT: Final = 256 * 1024
EXPIRY_S: Final = 2
"""How long a broker may hold a command for a gate that is away (DESIGN 8)."""

# Without it Nagle's algorithm waits for the delayed acknowledgement of what was sent before: a
# command and its answer take 88 ms instead of 0.8 (hardware.md 3.3, measured).
NO_DELAY: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)

_UNSUPPORTED_VERSION: Final = {1, 132}  # of a 3.1.1 and of a 5 broker
_REFUSED: Final = 128
_FILTERS_AT_ONCE: Final = 200
_KEPT_AT_SUBSCRIBE, _NEVER_KEPT = 0, 2


_SILENT: Final = logging.getLogger("drivers.mqtt.aiomqtt")
_SILENT.disabled = True  # what matters is said by us, once

log = structlog.get_logger(__name__)


class Away(Exception):
    """The broker cannot be reached."""


class VersionRefused(Away):
    """The broker does not speak this version of MQTT."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we are gone; always retained."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Filter:
    """One topic to hear.

    Attributes:
        topic: The topic.
        queued: What was sent while we were away is worth having when we are back.
        kept: The last message, kept by the broker, tells how things stand.
    """

    topic: str
    queued: bool = True
    kept: bool = False


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


class _Direct(asyncio.Queue[Message]):
    """A queue that hands over at once: aiomqtt's own costs a task for each message."""

    heard: Heard

    @override
    def put_nowait(self, item: Message) -> None:
        try:
            self.heard(item.topic.value, item.payload, item.retain)
        except Exception:  # paho would take the connection down with it
            log.exception("mqtt_message_failed", topic=item.topic.value[:100])


class Connection:
    """An open connection."""

    def __init__(self, client: aiomqtt.Client, *, modern: bool) -> None:
        self._client = client
        self._modern = modern
        self._expiring: Properties | None = None
        if modern:
            self._expiring = _properties(PacketTypes.PUBLISH)
            self._expiring.MessageExpiryInterval = EXPIRY_S

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expires: bool = False,
    ) -> None:
        """Send a message at once; whether it arrived is for the receiver to acknowledge.

        aiomqtt's own `publish` would wait for the broker's acknowledgement, of one message after
        the other or in a task for each, and notice a lost connection only when its time is up.

        Raises:
            Away: The connection is lost.
        """
        properties = self._expiring if expires else None
        sent = self._client._client.publish(topic, payload, qos, retain, properties)  # noqa: SLF001
        if sent.rc != MQTT_ERR_SUCCESS:
            raise Away(f"not sent: {sent.rc.name.lower()}")

    async def subscribe(self, filters: Sequence[Filter]) -> None:
        """Ask for topics, and wait until the broker has agreed.

        Raises:
            Away: It did not, or the connection is lost.
        """
        for begin in range(0, len(filters), _FILTERS_AT_ONCE):
            asked = filters[begin : begin + _FILTERS_AT_ONCE]
            try:
                granted = await self._client.subscribe(
                    [(one.topic, self._options(one)) for one in asked]
                    if self._modern
                    else [(one.topic, int(one.queued)) for one in asked]
                )
            except MqttError as error:
                raise Away(str(error)) from error
            codes: Sequence[int | ReasonCode] = granted
            refused = [
                one.topic
                for one, code in zip(asked, codes, strict=True)
                if (code if isinstance(code, int) else code.value) >= _REFUSED
            ]
            if refused:
                raise Away(f"may not hear {', '.join(refused[:3])}: is the gateway's access right?")

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Ask for topics no longer.

        Raises:
            Away: The connection is lost.
        """
        try:
            await self._client.unsubscribe(list(topics))
        except MqttError as error:
            raise Away(str(error)) from error

    async def lost(self) -> str:
        """Wait for the end of the connection, and say why."""
        try:
            await anext(self._client.messages)  # none ever comes: they are handed over directly
        except MqttError as error:
            return str(error.__cause__ or error)
        return "closed"

    @staticmethod
    def _options(one: Filter) -> SubscribeOptions:
        handling = _KEPT_AT_SUBSCRIBE if one.kept else _NEVER_KEPT
        return SubscribeOptions(qos=int(one.queued), retainHandling=handling)


@asynccontextmanager
async def connected(
    target: Target,
    identifier: str,
    will: Will,
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
    client = await _client(target, identifier, will, heard, modern=modern, session_s=session_s)
    try:
        try:
            await _open(client)
        except MqttConnectError as error:
            code = getattr(error.rc, "value", error.rc)
            kind = VersionRefused if code in _UNSUPPORTED_VERSION else Away
            raise kind(str(error)) from error
        except (MqttError, OSError) as error:
            raise Away(str(error)) from error
        yield Connection(client, modern=modern)
    finally:
        await _close(client)


async def _client(
    target: Target,
    identifier: str,
    will: Will,
    heard: Heard,
    *,
    modern: bool,
    session_s: int,
) -> aiomqtt.Client:
    username, password = target.credentials()
    session = _properties(PacketTypes.CONNECT)
    session.SessionExpiryInterval = session_s
    session.MaximumPacketSize = PACKET_LIMIT
    try:
        context = await asyncio.to_thread(_context, target) if target.secure else None
    except (OSError, ValueError) as error:
        raise Away(f"TLS: {error}") from error
    client = aiomqtt.Client(
        target.host,
        target.port,
        username=username,
        password=password,
        identifier=identifier,
        protocol=ProtocolVersion.V5 if modern else ProtocolVersion.V311,
        will=aiomqtt.Will(will.topic, will.payload, 1, retain=True),
        clean_session=None if modern else session_s == 0,
        clean_start=session_s == 0 if modern else MQTT_CLEAN_START_FIRST_ONLY,
        properties=session if modern else None,
        timeout=CONNECT_S,
        keepalive=target.keepalive_s,
        queue_type=_Direct,
        logger=_SILENT,
        max_inflight_messages=0,  # no bound, and no search among all of them at each answer
        tls_context=context,
        socket_options=NO_DELAY,
    )
    queue = client._queue  # noqa: SLF001 - made by aiomqtt from the type just given
    assert isinstance(queue, _Direct)  # noqa: S101
    queue.heard = heard
    client._client.connect_timeout = CONNECT_S  # noqa: SLF001 - five seconds otherwise
    return client


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _context(target: Target) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=target.tls_ca)
    if target.tls_cert is not None:
        context.load_cert_chain(target.tls_cert, target.tls_key)
    return context


async def _open(client: aiomqtt.Client) -> None:
    """Connect; who is cancelled waits for the thread that connects, else its socket would stay."""
    opening = asyncio.create_task(client.__aenter__(), name="mqtt-open")
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait((opening,))
        with suppress(MqttError):
            opening.result()
        raise


async def _close(client: aiomqtt.Client) -> None:
    """Take leave if there is a connection, and close the socket in any case.

    aiomqtt leaves it open when the broker takes the connection and then says nothing.
    """
    try:
        if client._connected.done():  # noqa: SLF001
            with suppress(MqttError):
                await client.__aexit__(None, None, None)
    finally:
        client._client._sock_close()  # noqa: SLF001
        for future in (client._connected, client._disconnected):  # noqa: SLF001
            if future.done() and not future.cancelled():
                future.exception()  # seen: nobody is to be told that it was not
