"""How a scan engine marks where a code ends: bytes, however they are cut, become frames. Pure.

The engine's answers to commands come in the same stream as codes, and are taken out here. What a
frame may contain is the business of `codes`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import xor
from typing import Final, Literal

type Framing = Literal["line", "cr", "lf", "crlf", "tab", "stx-etx", "gap"]
type Check = Literal["none", "xor", "xor-etx", "xor-stx-etx"]

STX, ETX = 0x02, 0x03
ANSWER_LIMIT: Final = 64
"""Bytes of the longest answer of an engine: what claims to be longer is none."""

_ENDS: Final[dict[Framing, bytes]] = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t"}


class Why(StrEnum):
    """Why something that was heard is no code and no telegram; stable words, counted."""

    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    UNFINISHED = "unfinished"
    CHECK = "check"
    NOISE = "noise"
    CHARACTERS = "characters"
    NO_LABEL = "no_label"
    NO_AIM = "no_aim"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that were not taken."""

    why: Why


@dataclass(frozen=True, slots=True)
class Answer:
    """How the answers of an engine look, so that none is taken for a code.

    Attributes:
        starts: how each begins.
        length_at: where the byte stands that says how many follow it; ``None``: there is none.
        more: how many bytes follow those, such as a checksum.
        ends: how each ends, where it has no length.
    """

    starts: bytes
    length_at: int | None = None
    more: int = 0
    ends: bytes = b""

    def length(self, data: bytes | bytearray) -> int | None:
        r"""Return the length of the answer that ``data`` begins with; 0: none; ``None``: perhaps.

        >>> gm65 = Answer(bytes.fromhex("020000"), length_at=3, more=2)
        >>> [gm65.length(data) for data in (b"\x02\0\0\1\x0031", b"\x02\0", b"A")]
        [7, None, 0]
        """
        if not data.startswith(self.starts):
            return None if self.starts.startswith(bytes(data)) else 0
        if self.length_at is not None:
            if len(data) <= self.length_at:
                return None
            return self._whole(self.length_at + 1 + data[self.length_at] + self.more, data)
        if self.ends:
            at = data.find(self.ends, len(self.starts), ANSWER_LIMIT)
            if at < 0:
                return None if len(data) < ANSWER_LIMIT else 0
            return at + len(self.ends)
        return len(self.starts)

    def _whole(self, length: int, data: bytes | bytearray) -> int | None:
        if length > ANSWER_LIMIT:
            return 0
        return length if len(data) >= length else None


class Framer:
    """Cuts what one engine says into frames.

    Args:
        framing: what ends a frame. ``line`` takes CR, LF and CRLF; ``gap``: a silence, which the
            owner has to tell (`silence`).
        check: the byte behind ETX, where there is one, and what it is over.
        longest: bytes of the longest frame; of a longer one, nothing is taken for a code.
        answers: how the engine's answers look.
    """

    def __init__(
        self,
        framing: Framing,
        *,
        check: Check = "none",
        longest: int = 4296,
        answers: Sequence[Answer] = (),
    ) -> None:
        self._check: Check = check
        self._longest = longest
        self._answers = answers
        self._end = _ENDS.get(framing, b"")
        self._buffer = bytearray()
        self._skipping = False
        cuts: dict[Framing, Callable[[], Iterator[bytes | Rejected]]] = {
            "stx-etx": self._enclosed,
            "gap": self._silent,
        }
        self._cut = cuts.get(framing, self._ended)
        self._takes_silence = framing == "gap"

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer) or self._skipping

    def feed(self, data: bytes) -> list[bytes | Rejected]:
        r"""Take what was read; return the frames that it ends.

        >>> framer = Framer("crlf")
        >>> framer.feed(b"AB\r"), framer.feed(b"\nCD")
        ([], [b'AB'])
        """
        self._buffer += data
        return list(self._cut())

    def silence(self) -> list[bytes | Rejected]:
        """Nothing has come for as long as it may take: this ends a frame, or spoils it."""
        rest, skipping = bytes(self._buffer), self._skipping
        self.forget()
        if not rest or skipping:
            return []
        return [rest if self._takes_silence else Rejected(Why.UNFINISHED)]

    def forget(self) -> None:
        """The line was lost: what had begun will never end."""
        self._buffer.clear()
        self._skipping = False

    # --- framings

    def _ended(self) -> Iterator[bytes | Rejected]:
        """Cut at terminators."""
        while self._buffer:
            if not self._skipping and (answer := self._answer()) != 0:
                if answer is None:
                    return
                del self._buffer[:answer]
                continue
            at, length = self._find_end()
            if at < 0:
                if len(self._buffer) > self._longest + len(self._end):
                    yield from self._give_up()
                return
            frame = bytes(self._buffer[:at])
            del self._buffer[: at + length]
            if self._skipping:
                self._skipping = False
            elif len(frame) > self._longest:
                yield Rejected(Why.TOO_LONG)
            elif frame:
                yield frame

    def _find_end(self) -> tuple[int, int]:
        if self._end:
            return self._buffer.find(self._end), len(self._end)
        found = [at for at in (self._buffer.find(b"\r"), self._buffer.find(b"\n")) if at >= 0]
        return min(found, default=-1), 1

    def _enclosed(self) -> Iterator[bytes | Rejected]:
        """Cut what stands between STX and ETX, with its check byte."""
        while self._buffer:
            answer = self._answer()
            if answer is None:
                return
            if answer:
                del self._buffer[:answer]
                continue
            begin = self._buffer.find(STX)
            if begin != 0:
                del self._buffer[: begin if begin > 0 else None]
                if not self._skipping:
                    self._skipping = begin < 0
                    yield Rejected(Why.NOISE)
                continue
            self._skipping = False
            end = self._buffer.find(ETX, 1)
            again = self._buffer.find(STX, 1, end if end > 0 else None)
            if again > 0:
                del self._buffer[:again]
                yield Rejected(Why.UNFINISHED)
                continue
            if end < 0:
                if len(self._buffer) > self._longest + 1:
                    yield from self._give_up()
                return
            if self._check != "none" and len(self._buffer) < end + 2:
                return
            yield self._checked(end)

    def _checked(self, end: int) -> bytes | Rejected:
        """Take a frame out, and compare its check byte."""
        frame = bytes(self._buffer[1:end])
        if self._check == "none":
            del self._buffer[: end + 1]
        else:
            covered = {
                "xor": frame,
                "xor-etx": bytes(self._buffer[1 : end + 1]),
                "xor-stx-etx": bytes(self._buffer[: end + 1]),
            }[self._check]
            said = self._buffer[end + 1]
            if said != reduce(xor, covered, 0):
                # The check byte itself may be what got lost: then the next frame begins here.
                del self._buffer[: end + (1 if said == STX else 2)]
                return Rejected(Why.CHECK)
            del self._buffer[: end + 2]
        return frame if len(frame) <= self._longest else Rejected(Why.TOO_LONG)

    def _silent(self) -> Iterator[bytes | Rejected]:
        """Wait for a silence; only answers end by themselves."""
        while self._buffer and not self._skipping and (answer := self._answer()):
            del self._buffer[:answer]
        if len(self._buffer) > self._longest:
            yield from self._give_up()
        elif self._skipping:
            self._buffer.clear()

    def _answer(self) -> int | None:
        """Return the length of the answer the buffer begins with; 0: none; ``None``: perhaps."""
        lengths = [each.length(self._buffer) for each in self._answers]
        found = next((length for length in lengths if length), None)
        return found if found is not None else (None if None in lengths else 0)

    def _give_up(self) -> Iterator[Rejected]:
        """Drop a frame that is too long, and all of it that is still to come."""
        half = self._end[:1] if self._buffer.endswith(self._end[:1]) else b""
        self._buffer[:] = half
        if not self._skipping:
            self._skipping = True
            yield Rejected(Why.TOO_LONG)
