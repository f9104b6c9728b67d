"""Messages on small displays: so many lines of so many characters, cut where it does no harm."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

ELLIPSIS = "…"
_PLAIN = str.maketrans(
    {
        "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"',
        "–": "-", "—": "-", "·": "-", "ß": "ss", "æ": "ae", "œ": "oe", "Æ": "AE", "Œ": "OE",
        "ø": "o", "Ø": "O", "€": "EUR",
    }
)  # fmt: skip
_HARD_SPACES = "\u00a0\u202f\u2007"
_HARD = "\ue000"
"""Stands for a space at which no line ends, while a text is being cut."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A display: its lines and columns, and whether it knows ASCII only."""

    columns: int = 20
    lines: int = 4
    plain: bool = False


def pages(message: str, panel: Panel, most: int = 2) -> tuple[tuple[str, ...], ...]:
    """Cut a message into pages of a panel, at most so many; what is left out ends in ``…``.

    A line ends between words; never before a colon, an exclamation or a question mark that is set
    apart (French), never within a letter and its accents. A word longer than a line is cut.

    >>> pages("Too early: 14/06/2026 10:00 to 12:00", Panel(16, 2))
    (('Too early:', '14/06/2026 10:00'), ('to 12:00',))
    """
    lines = list(_lines(_clean(message, panel), panel.columns))
    room = most * panel.lines
    if len(lines) > room:
        mark = "..." if panel.plain else ELLIPSIS
        lines = lines[:room]
        lines[-1] = _fit(lines[-1], panel.columns - len(mark)).rstrip() + mark
    shown = [line.replace(_HARD, " ") for line in lines]
    return tuple(tuple(shown[at : at + panel.lines]) for at in range(0, len(shown), panel.lines))


def width(text: str) -> int:
    """Return how many columns a text takes; accents that stand over a letter take none.

    >>> width("e\N{COMBINING ACUTE ACCENT}te"), width("票")
    (3, 2)
    """
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _clean(message: str, panel: Panel) -> str:
    """Leave only what a display can show: no control characters, no half letters."""
    text = unicodedata.normalize("NFC", message)
    for space in _HARD_SPACES:
        text = text.replace(space, _HARD)
    for sign in ":!?;":
        text = text.replace(f" {sign}", f"{_HARD}{sign}")
    if panel.plain:
        text = unicodedata.normalize("NFKD", text.translate(_PLAIN))
        text = "".join(each for each in text if not unicodedata.combining(each))
        text = "".join(each if each.isascii() or each == _HARD else "?" for each in text)
    return "".join(
        " " if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} else each for each in text
    )


def _lines(text: str, columns: int) -> Iterator[str]:
    """Fill lines with words."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width(longer) <= columns:
            line = longer
            continue
        if line:
            yield line
        line = word
        while width(line) > columns:
            part = _fit(line, columns)
            yield part
            line = line[len(part) :]
    if line:
        yield line


def _fit(text: str, columns: int) -> str:
    """Return as much of a text's beginning as fits; an accent stays with its letter."""
    taken = 0
    for position, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:position]
    return text
