"""OSDP frames as they are on the line: cut out of bytes, checked, and written. Pure.

libosdp reads frames itself; here they are looked at first, since it takes a reader for lost (for
300 s) at the first byte that is wrong (IEC 60839-11-5:2020, 5: the frame; 5.9: its check).
"""

import binascii
from dataclasses import dataclass
from typing import Final

from drivers.serial.codec import Rejected, Why

SOM: Final = 0x53
"""Every frame begins so ..."""
MARK: Final = 0xFF
"""... and this may stand before it, to wake the line's drivers up."""
HEADER: Final = 5
"""Start, address, length (two bytes), control."""
SHORTEST: Final = 7
LONGEST: Final = 512
"""Bytes of the longest frame that is waited for; the longest a reader may send is 1440."""
SEED: Final = 0x1D0F
"""Of the CRC (ITU-T polynomial 0x1021)."""

REPLY: Final = 0x80
"""This bit of the address says that a reader speaks."""
SEQUENCE: Final = 0x03
CRC: Final = 0x04
SECURED: Final = 0x08
"""Bits of the control byte: the frame's number, how it is checked, a secure channel's block."""
BLOCK: Final = 2
"""Bytes of the shortest secure block: its length and its type."""
SEALED: Final = frozenset({0x15, 0x16, 0x17, 0x18})
"""Of a secure block's types, those that are authenticated ..."""
ENCRYPTED: Final = frozenset({0x17, 0x18})
"""... and those whose data cannot be read here either. The others are of the handshake."""

POLL, ID, CAPABILITIES, KEYSET, CHALLENGE, CRYPTOGRAM = 0x60, 0x61, 0x62, 0x75, 0x76, 0x77
"""What libosdp asks by itself; and that a reader take a key."""
ACK, NAK, INPUTS, OUTPUTS, RAW, FORMATTED, BUSY = 0x40, 0x41, 0x49, 0x4A, 0x50, 0x51, 0x79
"""Replies that are looked at."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, whose check was right, as `Framer` has cut it."""

    raw: bytes

    @classmethod
    def of(cls, sent: bytes) -> "Frame":
        """Take a frame as it is sent, with a mark before it."""
        return cls(sent.lstrip(bytes([MARK])))

    def answers(self, asked: "Frame") -> bool:
        """Tell whether it can be the answer to what was asked.

        It has the same number and is checked in the same way: a bit that has flipped must not have
        a frame checked by one byte. And where the question was sealed the answer is: libosdp 3.2.9
        takes one with a secure block of the handshake for good, whoever has said it. A refusal may
        differ (a reader that knows no CRC, or that has started anew), and so may who is busy.
        """
        if not self.reply or self.address != asked.address:
            return False
        mine, theirs = self.raw[4], asked.raw[4]
        if self.id == NAK:
            return True
        if (mine ^ theirs) & CRC or (self.id != BUSY and (mine ^ theirs) & SEQUENCE):
            return False
        # With a new key a reader may begin anew before it says so.
        takes_key = asked.id == KEYSET and self.id == ACK
        return self.sealed or not asked.sealed or takes_key or self.id == BUSY

    @property
    def address(self) -> int:
        """Whose it is."""
        return self.raw[1] & 0x7F

    @property
    def reply(self) -> bool:
        """Whether a reader has said it; else it is ours, heard back."""
        return bool(self.raw[1] & REPLY)

    @property
    def secured(self) -> bool:
        """Whether it is of a secure channel."""
        return bool(self.raw[4] & SECURED)

    @property
    def sealed(self) -> bool:
        """Whether it is authenticated; libosdp sees to it that it is so by its reader."""
        return self.secured and self.raw[HEADER + 1] in SEALED

    @property
    def encrypted(self) -> bool:
        """Whether its data cannot be read here."""
        return self.secured and self.raw[HEADER + 1] in ENCRYPTED

    @property
    def id(self) -> int:
        """What it is; that is never encrypted."""
        return self.raw[self._body]

    @property
    def data(self) -> bytes:
        """What stands behind that; of a secure channel with its four bytes of authentication."""
        return self.raw[self._body + 1 : -_check_size(self.raw[4])]

    @property
    def _body(self) -> int:
        return HEADER + (self.raw[HEADER] if self.secured else 0)


def write(address: int, control: int, id_: int, data: bytes = b"") -> bytes:
    """Write a frame outside of a secure channel.

    >>> write(0, CRC, POLL).hex()
    '530008000460ebaa'
    """
    length = HEADER + 1 + len(data) + _check_size(control)
    body = bytes([SOM, address, length & 0xFF, length >> 8, control, id_]) + data
    return body + _check(body, control)


def acknowledging(frame: Frame) -> bytes:
    """Write the plainest answer in the place of another, with its number."""
    return write(frame.raw[1], frame.raw[4] & (SEQUENCE | CRC), ACK)


def broken(address: int) -> bytes:
    """Write an answer of a reader whose check is wrong."""
    good = write(address | REPLY, CRC, ACK)
    return good[:-1] + bytes([good[-1] ^ 0xFF])


def _check_size(control: int) -> int:
    return 2 if control & CRC else 1


def _check(body: bytes, control: int) -> bytes:
    if control & CRC:
        return binascii.crc_hqx(body, SEED).to_bytes(2, "little")
    return bytes([-sum(body) & 0xFF])


class Framer:
    """Cuts what is heard on a line into frames; what is none of it is told once as rejected."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._noise = False

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._begun)

    def feed(self, data: bytes) -> list[bytes | Rejected]:
        """Take what was read."""
        self._begun += data
        found: list[bytes | Rejected] = []
        while (each := self._cut()) is not None:
            found.append(each)
        return found

    def silence(self) -> list[bytes | Rejected]:
        """Take note that nothing more comes: what has begun never ends, but may hold a frame."""
        found: list[bytes | Rejected] = []
        if self._begun:
            found.append(Rejected(Why.UNFINISHED))
        while self._begun:
            del self._begun[0]
            self._noise = True  # it is told as unfinished already
            found += self.feed(b"")
        self._noise = False
        return found

    def forget(self) -> None:
        """The line was lost."""
        self._begun.clear()
        self._noise = False

    def _cut(self) -> bytes | Rejected | None:
        """Take one thing off what has begun; ``None``: more must come."""
        begun = self._begun
        start = begun.find(SOM)
        before = bytes(begun if start < 0 else begun[:start])
        del begun[: len(before)]
        if before.strip(bytes([MARK])) and not self._noise:
            self._noise = True
            return Rejected(Why.NOISE)
        if len(begun) < HEADER:
            return None
        length = begun[2] | begun[3] << 8
        if not SHORTEST <= length <= LONGEST:
            return self._skip(Why.NOISE)
        if len(begun) < length:
            return None
        raw = bytes(begun[:length])
        size = _check_size(raw[4])
        if _check(raw[:-size], raw[4]) != raw[-size:] or not _is_whole(raw, size):
            return self._skip(Why.CHECK)
        del begun[:length]
        self._noise = False
        return raw

    def _skip(self, why: Why) -> Rejected:
        """Begin no frame here; the true one may stand within what was taken for it."""
        del self._begun[0]
        self._noise = True
        return Rejected(why)


def _is_whole(raw: bytes, size: int) -> bool:
    """Tell whether a secure block leaves room for what stands behind it."""
    if not raw[4] & SECURED:
        return True
    return raw[HEADER] >= BLOCK and HEADER + raw[HEADER] + 1 + size <= len(raw)
