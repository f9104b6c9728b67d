"""What decisions and states look and sound like: a colour, a symbol and a rhythm for each.

Never colour alone: two looks differ in their symbol and in their rhythm too, so that they are told
apart by who sees no colours, and on a lamp that has only one. No light flashes more than three
times a second (WCAG 2.3.1).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

type Rhythm = tuple[tuple[int, int], ...]
"""Beats: so long on, so long off (ms). A light repeats them, a sound does not."""


class Light(StrEnum):
    """Patterns of light; the word goes over the wire."""

    IDLE = "idle"
    GRANTED = "granted"
    ATTENTION = "attention"
    FREE = "free"
    CHECK = "check"
    AGAIN = "again"
    WAIT = "wait"
    DESK = "desk"
    DENIED = "denied"
    CLOSED = "closed"
    LOCKED = "locked"
    OUT_OF_SERVICE = "out_of_service"
    EVACUATION = "evacuation"


class Sound(StrEnum):
    """Patterns of sound; the word goes over the wire."""

    GRANTED = "granted"
    ATTENTION = "attention"
    CHECK = "check"
    AGAIN = "again"
    WAIT = "wait"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Look:
    """A light's colour, its symbol where there is one to show, and its rhythm."""

    colour: str
    symbol: str
    rhythm: Rhythm


LOOKS: Final[dict[Light, Look]] = {
    Light.IDLE: Look("white", "ticket", ((200, 2_800),)),
    Light.GRANTED: Look("green", "arrow", ((1_000, 0),)),
    Light.ATTENTION: Look("green", "eye", ((600, 200),)),
    Light.FREE: Look("green", "arrows", ((1_400, 200),)),
    Light.CHECK: Look("amber", "bag", ((300, 300),)),
    Light.AGAIN: Look("amber", "turn", ((200, 200),)),
    Light.WAIT: Look("amber", "hourglass", ((800, 800),)),
    Light.DESK: Look("amber", "person", ((180, 180), (180, 760))),
    Light.DENIED: Look("red", "cross", ((180, 180), (180, 180), (180, 560))),
    Light.CLOSED: Look("red", "bar", ((1_900, 100),)),
    Light.LOCKED: Look("red", "lock", ((500, 1_500),)),
    Light.OUT_OF_SERVICE: Look("red", "wrench", ((100, 1_900),)),
    Light.EVACUATION: Look("green", "runner", ((250, 250),)),
}

SOUNDS: Final[dict[Sound, Rhythm]] = {
    Sound.GRANTED: ((80, 0),),
    Sound.ATTENTION: ((80, 80), (80, 0)),
    Sound.CHECK: ((400, 100), (80, 0)),
    Sound.AGAIN: ((150, 100), (150, 0)),
    Sound.WAIT: ((300, 0),),
    Sound.DENIED: ((250, 120), (250, 120), (250, 0)),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a decision is shown and sounded."""

    light: Light
    sound: Sound | None


GRANTED: Final = Answer(Light.GRANTED, Sound.GRANTED)
ATTENTION: Final = Answer(Light.ATTENTION, Sound.ATTENTION)
CHECK: Final = Answer(Light.CHECK, Sound.CHECK)

_AGAIN = Answer(Light.AGAIN, Sound.AGAIN)
_WAIT = Answer(Light.WAIT, Sound.WAIT)
_DESK = Answer(Light.DESK, Sound.DENIED)
_DENIED = Answer(Light.DENIED, Sound.DENIED)

REFUSED: Final[dict[str, Answer]] = {
    "malformed_code": _AGAIN,
    "evacuation": Answer(Light.EVACUATION, None),  # the fire alarm is to be heard
    "reader_out_of_service": Answer(Light.OUT_OF_SERVICE, Sound.DENIED),
    "lane_busy": _WAIT,
    "space_closed": Answer(Light.CLOSED, Sound.DENIED),
    "bad_signature": _DENIED,
    "stale_code": _AGAIN,
    "unknown_ticket": _DENIED,
    "destroyed": _DENIED,
    "cancelled": _DENIED,
    "blocked": _DENIED,
    "on_hold": _DESK,
    "unpaid": _DESK,
    "form_missing": _DESK,
    "wrong_space": _DENIED,
    "too_early": _WAIT,
    "too_late": _DENIED,
    "already_inside": _DENIED,
    "not_inside": _DENIED,
    "too_soon": _WAIT,
    "no_stamps_left": _DENIED,
    "daily_limit": _DENIED,
    "party_too_large": _DESK,
    "space_full": _WAIT,
    "store_unavailable": _WAIT,
}
"""By reason: hold it again, wait, go to the desk, or no."""


def answer(*, granted: bool, reason: str | None = None, attention: bool = False) -> Answer:
    """Return how a decision is shown; a reason nobody has told us of is shown as a plain no.

    >>> answer(granted=False, reason="space_full").light
    <Light.WAIT: 'wait'>
    """
    if granted:
        return ATTENTION if attention else GRANTED
    return REFUSED.get(reason or "", _DENIED)
