"""What wires are told: open, lock, show, sound. Each wire takes those that its devices can follow.

A gate (a device that knows passages itself) is told to `Release`, a board with relays to `Pulse` or
to `Set` an output; ``channel`` is the name that the equipment gives it.
"""

from dataclasses import dataclass, field
from typing import Any

from drivers.signals import Direction, Mode


@dataclass(frozen=True, slots=True)
class Release:
    """Let so many persons pass under a grant; ``tx`` is the grant's event."""

    direction: Direction
    pulse_ms: int
    persons: int
    tx: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a release back."""

    tx: str


@dataclass(frozen=True, slots=True)
class SetMode:
    """Work as usual, let everybody pass, or nobody."""

    direction: Direction
    mode: Mode


type Beats = tuple[tuple[int, int], ...]
"""So long on, so long off (ms), one after the other."""


@dataclass(frozen=True, slots=True)
class Light:
    """Show a light pattern, such as ``granted`` or ``denied``.

    A gate that knows the word shows what it means; one that has a lamp only shows ``colour`` in the
    rhythm of ``beats``, again and again (`controllers.looks`).
    """

    pattern: str
    colour: str = field(default="white", compare=False)
    beats: Beats = field(default=((1_000, 0),), compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """Show lines of text for so long (ms)."""

    lines: tuple[str, ...]
    ms: int


@dataclass(frozen=True, slots=True)
class Buzzer:
    """Sound a pattern, such as ``granted`` or ``denied``; ``beats`` once, who knows no words."""

    pattern: str
    beats: Beats = field(default=((100, 0),), compare=False)


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer, if you are there."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Switch an output on for so long (ms); the hardware itself lets it drop.

    ``on`` is false where the output rests while it is on: it goes off for so long, then on again.
    Levels are those of the board: what `inverted` says of a channel has been seen to.
    """

    channel: str
    ms: int
    on: bool = True


@dataclass(frozen=True, slots=True)
class Set:
    """Switch an output on or off.

    ``insist``: it closes or locks, so it is to be tried until it lands or something else is asked
    of the output. What opens is never tried again: nobody stands there any more.
    """

    channel: str
    on: bool
    insist: bool = False


@dataclass(frozen=True, slots=True)
class ShowDecision:
    """Show the answer to a scan (DESIGN 8, `decision`); never acted on, never acknowledged.

    ``document`` is the answer of `POST /v1/scans`, ``id`` the scan's.
    """

    id: str
    document: dict[str, Any]


type Command = (
    Release | Revoke | SetMode | Light | Text | Buzzer | Ping | Pulse | Set | ShowDecision
)
