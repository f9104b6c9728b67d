"""What a frame of a scan engine says: label, AIM identifier, and the code itself. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from drivers.serial.codec import Rejected, Why

type Characters = Literal["ascii", "utf-8"]

GS: Final = "\x1d"
"""Parts GS1 fields: it is data, and never trimmed."""

_AIM: Final = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_ODD: Final = re.compile(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]")
"""Control characters but GS: one printed into a code could play at being the end of a frame."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an engine adds to a code, and what a code may be.

    Attributes:
        labels: one of these stands before each code; none: nothing does.
        aim: an AIM identifier stands there, behind the label.
        characters: ``ascii``: printable, and GS; ``utf-8``: any text without control characters.
        shortest: characters of the shortest code.
        longest: bytes of the longest one.
    """

    labels: Sequence[str] = ()
    aim: bool = False
    characters: Characters = "ascii"
    shortest: int = 1
    longest: int = 512

    @property
    def longest_frame(self) -> int:
        """Bytes of the longest frame that can hold a code."""
        label = max((len(each.encode()) for each in self.labels), default=0)
        return self.longest + label + (3 if self.aim else 0)


@dataclass(frozen=True, slots=True)
class Code:
    """A code, and its symbology where the engine says it."""

    text: str
    symbology: str | None = None


def read_code(frame: bytes, rules: Rules) -> Code | Rejected:
    r"""Read a frame.

    >>> read_code(b"]Q1ABC\x1d1", Rules(aim=True))
    Code(text='ABC\x1d1', symbology=']Q1')
    >>> read_code(b"]Q1ABC", Rules()).text
    ']Q1ABC'
    >>> read_code(b"AB\x07C", Rules())
    Rejected(why=<Why.CHARACTERS: 'characters'>)
    """
    if rules.labels:
        label = next((each for each in rules.labels if frame.startswith(each.encode())), None)
        if label is None:
            return Rejected(Why.NO_LABEL)
        frame = frame[len(label.encode()) :]
    symbology = None
    if rules.aim:
        if not _AIM.match(frame):
            return Rejected(Why.NO_AIM)
        symbology, frame = frame[:3].decode("ascii"), frame[3:]
    text = _text(frame, rules)
    return text if isinstance(text, Rejected) else Code(text, symbology)


def _text(frame: bytes, rules: Rules) -> str | Rejected:
    """Return the code itself, if it may be one."""
    if len(frame) > rules.longest:
        return Rejected(Why.TOO_LONG)
    try:
        text = frame.decode(rules.characters)
    except UnicodeDecodeError:
        return Rejected(Why.CHARACTERS)
    if _ODD.search(text):
        return Rejected(Why.CHARACTERS)
    return text if len(text) >= rules.shortest else Rejected(Why.TOO_SHORT)
