"""How a gate wraps what it says and hears: start, length or end, data, checksum. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final, Literal

from drivers.serial.codec import Rejected, Why

type Length = Literal["none", "u8", "le16", "be16"]
type Counts = Literal["data", "data-checksum"]
type Checksum = Literal["none", "xor", "sum"]
type Covers = Literal["all", "data", "data-end"]

_WIDTH: Final[dict[Length, int]] = {"none": 0, "u8": 1, "le16": 2, "be16": 2}


@dataclass(frozen=True, slots=True)
class TelegramFormat:
    r"""One maker's telegrams (see `profile.FrameProfile` for the fields).

    >>> tx1500 = TelegramFormat(b"\x02", "le16", "data-checksum", b"", "xor", "all", 16)
    >>> tx1500.write(b"H").hex(" ")
    '02 02 00 48 48'
    """

    starts: bytes
    length: Length
    counts: Counts
    ends: bytes
    checksum: Checksum
    covers: Covers
    longest: int

    @property
    def summed(self) -> int:
        """Bytes of the checksum."""
        return 0 if self.checksum == "none" else 1

    def write(self, data: bytes) -> bytes:
        """Wrap data."""
        head = self.starts
        if width := _WIDTH[self.length]:
            counted = len(data) + (self.summed if self.counts == "data-checksum" else 0)
            head += counted.to_bytes(width, self.order)
        return head + data + self.ends + self.sum_of(head, data)

    @property
    def order(self) -> Literal["little", "big"]:
        """Which byte of the length comes first."""
        return "big" if self.length == "be16" else "little"

    def sum_of(self, head: bytes, data: bytes) -> bytes:
        """Return the checksum of a telegram; none where there is none."""
        covered = {
            "all": head + data + self.ends,
            "data": data,
            "data-end": data + self.ends,
        }[self.covers]
        match self.checksum:
            case "xor":
                return bytes([reduce(xor, covered, 0)])
            case "sum":
                return bytes([sum(covered) & 0xFF])
            case "none":
                return b""


class Telegrams:
    """Cuts what one gate says into telegrams.

    Whatever is none is dropped up to the next start, and told once for each run of it.
    """

    def __init__(self, wrapped: TelegramFormat) -> None:
        self._format = wrapped
        self._buffer = bytearray()
        self._noisy = False

    @property
    def unfinished(self) -> bool:
        """Whether a telegram has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes | Rejected]:
        """Take what was read; return the data of the telegrams it ends."""
        self._buffer += data
        return list(self._cut())

    def silence(self) -> list[bytes | Rejected]:
        """Nothing has come for as long as it may take: what has begun is no telegram.

        There may be whole ones in what its length made us wait for.
        """
        found: list[bytes | Rejected] = []
        while self._buffer:
            found += self._skip(Why.UNFINISHED)
            found += self._cut()
        self._noisy = False
        return found

    def forget(self) -> None:
        """The line was lost: what had begun will never end."""
        self._buffer.clear()
        self._noisy = False

    def _cut(self) -> Iterator[bytes | Rejected]:
        starts = self._format.starts
        while self._buffer:
            if not self._buffer.startswith(starts):
                if starts.startswith(bytes(self._buffer)):
                    return
                yield from self._skip(Why.NOISE)
                continue
            span = self._span()
            if span is None:
                return
            begin, end = span
            if end < begin:
                yield from self._skip(Why.TOO_LONG)
                continue
            summed_at = end + len(self._format.ends)
            whole = summed_at + self._format.summed
            if len(self._buffer) < whole:
                return
            head, data = bytes(self._buffer[:begin]), bytes(self._buffer[begin:end])
            if self._buffer[summed_at:whole] != self._format.sum_of(head, data):
                yield from self._skip(Why.CHECK)
                continue
            del self._buffer[:whole]
            self._noisy = False
            yield data

    def _span(self) -> tuple[int, int] | None:
        """Return where the data begins and ends; the end first: it cannot be; ``None``: wait."""
        wrapped = self._format
        begin = len(wrapped.starts) + _WIDTH[wrapped.length]
        if wrapped.length == "none":
            end = self._buffer.find(wrapped.ends, begin)
            if end < 0 and len(self._buffer) <= begin + wrapped.longest + len(wrapped.ends):
                return None
            return begin, end if begin < end <= begin + wrapped.longest else -1
        if len(self._buffer) < begin:
            return None
        said = int.from_bytes(self._buffer[len(wrapped.starts) : begin], wrapped.order)
        length = said - (wrapped.summed if wrapped.counts == "data-checksum" else 0)
        return begin, begin + length if 0 < length <= wrapped.longest else -1

    def _skip(self, why: Why) -> Iterator[Rejected]:
        """Drop the first byte, and all up to the next that may begin a telegram."""
        at = self._buffer.find(self._format.starts[:1], 1)
        del self._buffer[: at if at > 0 else None]
        if why is not Why.NOISE or not self._noisy:
            yield Rejected(why)
        self._noisy = True
