"""What an OSDP reader is told: lights, sounds, texts and outputs, as libosdp's commands. Pure.

Times on the line are in tenths of a second; libosdp's Python binding keeps one byte of each, so
that none is longer than 25.5 s (the norm allows 6553.5 s for an output).
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from drivers.commands import Beats

type Told = Mapping[str, int | str | bool | bytes]
"""A command as libosdp takes it."""


class Kind(IntEnum):
    """Commands, by libosdp's numbers."""

    OUTPUT = 1
    LED = 2
    BUZZER = 3
    TEXT = 4
    KEYSET = 5
    STATUS = 9


TENTH_MS: Final = 100
BYTE: Final = 0xFF
"""The most that libosdp's binding keeps of a time."""
LONGEST_MS: Final = 25_500
"""Of a timed output."""
COLUMNS: Final = 16
ROWS: Final[Mapping[int, int]] = {1: 1, 2: 2, 3: 4}
"""Lines of a reader's display, by the level it tells (IEC 60839-11-5, capability 6)."""
LONGEST_TEXT: Final = 32
"""Characters that libosdp takes in one command."""

_COLOURS: Final[Mapping[str, int]] = {
    "off": 0, "red": 1, "green": 2, "amber": 3, "blue": 4, "magenta": 5, "cyan": 6, "white": 7,
}  # fmt: skip
COLOURS: Final = frozenset(_COLOURS)
_OFF, _ON, _ON_FOR, _OFF_FOR = 1, 2, 5, 6
"""An output's control codes: off or on for good, whatever is timed; on or off for a time."""
_SHOWN_FOR, _SHOWN = 3, 1
"""A text's: for a time, for good; a long line is cut."""


def led(colour: str, beats: Beats) -> Told:
    """Light the first lamp in a colour and a rhythm, until it is told another.

    A lamp knows one beat only: of several it gets the mean.

    >>> led("red", ((180, 180), (180, 560)))["on_count"], led("green", ((1_000, 0),))["off_count"]
    (2, 0)
    """
    on, off = (sum(each) / len(beats) for each in zip(*beats, strict=True))
    return {
        "command": int(Kind.LED),
        "reader": 0,
        "led_number": 0,
        "temporary": False,
        "control_code": 1,
        "on_color": _COLOURS.get(colour, _COLOURS["white"]),
        "off_color": _COLOURS["off"],
        "on_count": _tenths(on),
        "off_count": _tenths(off) if off else 0,
    }


def buzzer(beats: Beats) -> Told:
    """Sound a pattern once: as many beats as it has, each as long as its longest.

    >>> buzzer(((250, 120), (250, 120), (250, 0)))["rep_count"]
    3
    """
    on, off = (max(each) for each in zip(*beats, strict=True))
    return {
        "command": int(Kind.BUZZER),
        "reader": 0,
        "control_code": 2,
        "on_count": math.ceil(on / TENTH_MS),
        "off_count": math.ceil(off / TENTH_MS),
        "rep_count": len(beats),
    }


def texts(lines: Sequence[str], ms: int, rows: int) -> list[Told]:
    """Show lines for so long (ms), each row in a command of its own; rows without any are blank.

    >>> [each["data"].rstrip() for each in texts(("Trop tôt :", "10 h"), 2_000, 2)]
    ['Trop tot :', '10 h']
    """
    seconds = math.ceil(ms / 1000) + 1  # whoever shows it again does so before it is gone
    for_good = seconds > BYTE
    return [
        {
            "command": int(Kind.TEXT),
            "reader": 0,
            "control_code": _SHOWN if for_good else _SHOWN_FOR,
            "temp_time": 0 if for_good else seconds,
            "offset_row": row,
            "offset_col": 1,
            "data": line.ljust(COLUMNS),
        }
        for row, line in enumerate(_wrapped(lines, rows), start=1)
    ]


def output(number: int, *, on: bool) -> Told:
    """Switch an output for good."""
    return _output(number, _ON if on else _OFF, 0)


def timed_output(number: int, ms: int, *, on: bool) -> Told:
    """Switch an output for so long, at most `LONGEST_MS`; the reader itself ends it."""
    return _output(number, _ON_FOR if on else _OFF_FOR, _tenths(min(ms, LONGEST_MS)))


def ask_inputs() -> Told:
    """Have the reader say how its inputs stand; else it says what has changed."""
    return {"command": int(Kind.STATUS), "type": 0}


def keyset(key: bytes) -> Told:
    """Give the reader a new key, over the secure channel that it has."""
    return {"command": int(Kind.KEYSET), "type": 1, "data": key}


def _output(number: int, code: int, tenths: int) -> Told:
    return {
        "command": int(Kind.OUTPUT),
        "output_no": number,
        "control_code": code,
        "timer_count": tenths,
    }


def _tenths(ms: float) -> int:
    """Return a time that is not nothing, in tenths of a second."""
    return max(1, min(BYTE, round(ms / TENTH_MS)))


def _wrapped(lines: Sequence[str], rows: int) -> list[str]:
    """Cut lines to a reader's display, between words where that can be; it knows ASCII only."""
    found: list[str] = []
    for line in lines:
        now = ""
        for word in _plain(line).split():
            if now and len(now) + 1 + len(word) > COLUMNS:
                found.append(now)
                now = ""
            now = f"{now} {word}".strip()[:COLUMNS]
        found.append(now)
    return [*found, *[""] * rows][:rows]


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return parts.encode("ascii", "ignore").decode("ascii")
