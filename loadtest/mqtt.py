"""Speak just enough MQTT 3.1.1 to be a gate: connect, subscribe, publish and receive, QoS 0 and 1.

A client library would add its own time to that of the gateway; this adds next to nothing.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, DISCONNECT = 1, 2, 3, 4, 8, 9, 14
KEEP_ALIVE_S = 600
MORE = 0x80


class Refused(RuntimeError):
    """The broker did not accept the connection."""


class Message(NamedTuple):
    """What was published."""

    topic: str
    payload: bytes


def packet(kind: int, flags: int, body: bytes) -> bytes:
    """Frame a packet: type and flags, remaining length in groups of seven bits, body.

    >>> packet(PUBLISH, 2, b"x" * 200)[:3].hex()
    '32c801'
    """
    return bytes([kind << 4 | flags, *_length(len(body))]) + body


def _length(number: int) -> Iterator[int]:
    while True:
        number, low = divmod(number, MORE)
        yield low | (MORE if number else 0)
        if not number:
            return


def text(value: str) -> bytes:
    """Encode a string with its length in front."""
    encoded = value.encode()
    return len(encoded).to_bytes(2) + encoded


def published(flags: int, body: bytes) -> tuple[Message, int]:
    """Read a PUBLISH: the message, and the number to acknowledge (0 for QoS 0)."""
    end = 2 + int.from_bytes(body[:2])
    topic = body[2:end].decode()
    if flags & 0b110:
        return Message(topic, body[end + 2 :]), int.from_bytes(body[end : end + 2])
    return Message(topic, body[end:]), 0


class Client:
    """One connection to a broker; `next_message` gives what was received, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0

    @classmethod
    async def connect(cls, url: str, name: str) -> "Client":
        """Connect to mqtt://[USER:PASSWORD@]HOST[:PORT]."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 1883)
        flags, credentials = 0b10, b""  # a clean session
        if parts.username is not None:
            flags |= 0b1000_0000
            credentials += text(unquote(parts.username))
        if parts.password is not None:
            flags |= 0b0100_0000
            credentials += text(unquote(parts.password))
        head = text("MQTT") + bytes([4, flags]) + KEEP_ALIVE_S.to_bytes(2)
        writer.write(packet(CONNECT, 0, head + text(name) + credentials))
        client = cls(reader, writer)
        kind, _, body = await client._receive()
        if kind != CONNACK or body[1]:
            raise Refused(f"code {body[1:].hex()}")
        return client

    async def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1 and wait until it holds."""
        self._writer.write(packet(SUBSCRIBE, 2, self._next() + text(topic) + b"\x01"))
        while (await self._receive())[0] != SUBACK:
            pass

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1; the acknowledgement is not waited for."""
        self._writer.write(packet(PUBLISH, 2 | retain, text(topic) + self._next() + payload))

    async def next_message(self) -> Message:
        """Wait for the next message and acknowledge it."""
        while True:
            kind, flags, body = await self._receive()
            if kind == PUBLISH:
                message, number = published(flags, body)
                if number:
                    self._writer.write(packet(PUBACK, 0, number.to_bytes(2)))
                return message

    async def close(self) -> None:
        """Take leave."""
        self._writer.write(packet(DISCONNECT, 0, b""))
        self._writer.close()
        await self._writer.wait_closed()

    def _next(self) -> bytes:
        self._number = self._number % 0xFFFF + 1
        return self._number.to_bytes(2)

    async def _receive(self) -> tuple[int, int, bytes]:
        first = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            group = (await self._reader.readexactly(1))[0]
            length |= (group & ~MORE) << shift
            if not group & MORE:
                break
            shift += 7
        return first >> 4, first & 0b1111, await self._reader.readexactly(length)
