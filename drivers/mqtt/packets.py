"""MQTT itself, versions 3.1.1 and 5, as far as it is spoken here: packets ⇄ bytes.

Pure. Quality of service 0 and 1; topic aliases, which only a peer that asks for them gets, and
authentication in several steps are not spoken. The numbers are those of the two OASIS standards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14

PING: Final = b"\xc0\x00"
GOODBYE: Final = b"\xe0\x00"

PACKET_LIMIT: Final = 2 * 1024 * 1024
"""More than any broker here is asked to send; a length beyond it is no MQTT."""

_MORE: Final = 0x80
_LENGTH_BYTES: Final = 4
_EXPIRY, _SESSION, _KEEPALIVE, _RECEIVE_MAXIMUM, _PACKET_SIZE = 0x02, 0x11, 0x13, 0x21, 0x27
_REFUSED: Final = 0x80
_UNSUPPORTED: Final = frozenset({0x01, 0x84})  # of a 3.1.1 and of a 5 broker

_FIXED: Final = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((_KEEPALIVE, _RECEIVE_MAXIMUM, 0x22, 0x23), 2),
    **dict.fromkeys((_EXPIRY, _SESSION, 0x18, _PACKET_SIZE), 4),
}
_STRINGS: Final = {
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), 1),
    0x26: 2,
}
_NUMBER: Final = 0x0B  # a subscription's: of variable length

REASONS: Final = {
    0x01: "it does not speak this version",
    0x02: "our name is refused",
    0x03: "it is not available",
    0x04: "user or password is wrong",
    0x05: "we are not authorised",
    0x81: "a packet was malformed",
    0x82: "a packet was against the rules",
    0x84: "it does not speak this version",
    0x85: "our name is refused",
    0x86: "user or password is wrong",
    0x87: "we are not authorised",
    0x88: "it is not available",
    0x89: "it is busy",
    0x8A: "we are banned",
    0x8B: "it is shutting down",
    0x8D: "it has not heard of us for too long",
    0x8E: "somebody else has come under our name",
    0x93: "it was sent too much at once",
    0x95: "a packet was too large",
    0x98: "an administrator has ended it",
}
"""What a broker may say; for people and logs."""


class Malformed(ValueError):
    """These bytes are no MQTT."""


class Packet(NamedTuple):
    """A packet as it comes."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What was published.

    Attributes:
        topic: Its topic.
        payload: Its payload.
        kept: Received: the broker had kept (retained) it, it was not sent now. Sent: it is to be.
        number: To be acknowledged, unless 0; only of one that was received.
        expiry_s: How long it might have waited at the broker.
    """

    topic: str
    payload: bytes
    kept: bool = False
    number: int = 0
    expiry_s: int | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """The broker's answer to CONNECT; ``refused`` says why it does not let us in."""

    refused: str = ""
    wrong_version: bool = False
    session_present: bool = False
    receive_maximum: int = 0xFFFF
    keepalive_s: int | None = None


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for a client that is gone; always retained."""

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


# --- what is sent


def connect(
    name: str,
    *,
    modern: bool,
    keepalive_s: int,
    session_s: int,
    will: Will | None = None,
    username: str | None = None,
    password: str | None = None,
    packet_limit: int = PACKET_LIMIT,
) -> bytes:
    """Introduce ourselves; the broker keeps our session for so long (3.1.1: for ever, or not)."""
    flags = 0 if session_s else 0b10
    body = b""
    if modern:
        body += _with_length(
            _property(_SESSION, session_s, 4) + _property(_PACKET_SIZE, packet_limit, 4)
        )
    body += _string(name)
    if will is not None:
        flags |= 0b0010_1100  # a will, of quality of service 1, retained
        body += (b"\x00" if modern else b"") + _string(will.topic) + _binary(will.payload)
    if username is not None:
        flags |= 0b1000_0000
        body += _string(username)
    if password is not None:
        flags |= 0b0100_0000
        body += _string(password)
    head = _string("MQTT") + bytes([5 if modern else 4, flags]) + keepalive_s.to_bytes(2)
    return _packet(CONNECT, 0, head + body)


def publish(message: Message, number: int = 0, *, modern: bool) -> bytes:
    """Publish; with a number the broker acknowledges it (quality of service 1)."""
    head = _string(message.topic)
    if number:
        head += number.to_bytes(2)
    if modern:
        expiry = message.expiry_s
        head += b"\x00" if expiry is None else _with_length(_property(_EXPIRY, expiry, 4))
    return _packet(PUBLISH, (2 if number else 0) | message.kept, head + message.payload)


def puback(number: int) -> bytes:
    """Acknowledge a message."""
    return _packet(PUBACK, 0, number.to_bytes(2))


def subscribe(number: int, filters: Iterable[Filter], *, modern: bool) -> bytes:
    """Ask for topics; version 5 can be told not to send what it kept."""
    body = number.to_bytes(2) + (b"\x00" if modern else b"")
    for one in filters:
        never_kept = 0b10_0000 if modern and not one.kept else 0
        body += _string(one.topic) + bytes([int(one.queued) | never_kept])
    return _packet(SUBSCRIBE, 2, body)


def unsubscribe(number: int, topics: Iterable[str], *, modern: bool) -> bytes:
    """Ask for topics no longer."""
    body = number.to_bytes(2) + (b"\x00" if modern else b"")
    return _packet(UNSUBSCRIBE, 2, body + b"".join(_string(topic) for topic in topics))


def _packet(kind: int, flags: int, body: bytes) -> bytes:
    return bytes([kind << 4 | flags]) + _length(len(body)) + body


def _length(number: int) -> bytes:
    """Write a length, seven bits a byte.

    >>> _length(200).hex()
    'c801'
    """
    groups = bytearray()
    while True:
        number, low = divmod(number, _MORE)
        groups.append(low | (_MORE if number else 0))
        if not number:
            return bytes(groups)


def _with_length(content: bytes) -> bytes:
    return _length(len(content)) + content


def _binary(content: bytes) -> bytes:
    return len(content).to_bytes(2) + content


def _string(text: str) -> bytes:
    return _binary(text.encode())


def _property(name: int, value: int, size: int) -> bytes:
    return bytes([name]) + value.to_bytes(size)


# --- what is received


class Splitter:
    """Cuts a stream of bytes into packets."""

    def __init__(self, limit: int = PACKET_LIMIT) -> None:
        self._limit = limit
        self._left = bytearray()

    def feed(self, data: bytes) -> Sequence[Packet]:
        """Take bytes as they come; return the packets that are now complete.

        Raises:
            Malformed: This is no MQTT.
        """
        left = self._left
        left += data
        packets: list[Packet] = []
        begin = 0
        while (cut := self._cut(begin)) is not None:
            packet, begin = cut
            packets.append(packet)
        del left[:begin]
        return packets

    def _cut(self, begin: int) -> tuple[Packet, int] | None:
        left = self._left
        size = shift = 0
        for at in range(begin + 1, min(len(left), begin + 1 + _LENGTH_BYTES)):
            group = left[at]
            size |= (group & ~_MORE) << shift
            shift += 7
            if not group & _MORE:
                break
        else:
            if len(left) > begin + _LENGTH_BYTES:
                raise Malformed("a length that does not end")
            return None
        if size > self._limit:
            raise Malformed(f"a packet of {size} bytes")
        end = at + 1 + size
        if end > len(left):
            return None
        first = left[begin]
        return Packet(first >> 4, first & 0b1111, bytes(left[at + 1 : end])), end


def read_welcome(body: bytes, *, modern: bool) -> Welcome:
    """Read CONNACK; a broker of 3.1.1 answers a CONNECT of 5 in its own version."""
    if len(body) < 2:  # noqa: PLR2004
        raise Malformed("CONNACK is too short")
    code = body[1]
    if code:
        why = REASONS.get(code, f"code {code}")
        return Welcome(refused=why, wrong_version=code in _UNSUPPORTED)
    properties = read_properties(body, 2)[0] if modern else {}
    return Welcome(
        session_present=bool(body[0] & 1),
        receive_maximum=properties.get(_RECEIVE_MAXIMUM, 0xFFFF),
        keepalive_s=properties.get(_KEEPALIVE),
    )


def read_message(flags: int, body: bytes, *, modern: bool) -> Message:
    """Read PUBLISH."""
    at = 2 + int.from_bytes(body[:2])
    if at > len(body):
        raise Malformed("PUBLISH is too short")
    try:
        topic = body[2:at].decode()
    except UnicodeDecodeError as error:
        raise Malformed("a topic that is no text") from error
    number = 0
    if flags & 0b110:
        number = int.from_bytes(body[at : at + 2])
        at += 2
    expiry_s = None
    if modern:
        properties, at = read_properties(body, at)
        expiry_s = properties.get(_EXPIRY)
    return Message(topic, body[at:], bool(flags & 1), number, expiry_s)


def read_number(body: bytes) -> int:
    """Read which packet is acknowledged."""
    return int.from_bytes(body[:2])


def read_refusal(body: bytes) -> str:
    """Read PUBACK or DISCONNECT's reason from its second part: "" unless it is a refusal."""
    code = body[0] if body else 0
    return REASONS.get(code, f"code {code}") if code >= _REFUSED else ""


def read_granted(body: bytes, *, modern: bool) -> list[bool]:
    """Read SUBACK: which of the topics we may hear, in the order they were asked for."""
    at = read_properties(body, 2)[1] if modern else 2
    return [code < _REFUSED for code in body[at:]]


def read_properties(body: bytes, at: int) -> tuple[dict[int, int], int]:
    """Read version 5's properties: those that are numbers, and where they end."""
    size, at = _read_length(body, at)
    end = at + size
    if end > len(body):
        raise Malformed("properties are too long")
    found: dict[int, int] = {}
    while at < end:
        name = body[at]
        at += 1
        if width := _FIXED.get(name):
            found[name] = int.from_bytes(body[at : at + width])
            at += width
        elif name == _NUMBER:
            _, at = _read_length(body, at)
        elif name in _STRINGS:
            for _ in range(_STRINGS[name]):
                at += 2 + int.from_bytes(body[at : at + 2])
        else:
            raise Malformed(f"property {name}")
    if at != end:
        raise Malformed("properties do not end where they say")
    return found, end


def _read_length(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    for group in body[at : at + _LENGTH_BYTES]:
        number |= (group & ~_MORE) << shift
        shift += 7
        at += 1
        if not group & _MORE:
            return number, at
    raise Malformed("a length that does not end")
