"""What machines ask for. The venue carries it out: on a wire, in the store, on the live bus.

``tx`` is the grant a command belongs to, the event's id.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

type Direction = Literal["entry", "exit"]
type Mode = Literal["normal", "free", "locked"]


class Alarm(StrEnum):
    """What an operator is told of until it is over and acknowledged."""

    FORCED = "forced"
    HELD_OPEN = "held_open"
    HELD_WARNING = "held_warning"
    TAILGATING = "tailgating"
    WRONG_WAY = "wrong_way"
    UNAUTHORIZED_PASSAGE = "unauthorized_passage"
    RELEASE_FAILED = "release_failed"
    LOCK_FAULT = "lock_fault"
    FAULT = "fault"
    POWER = "power"
    BATTERY_LOW = "battery_low"
    LINK_DOWN = "link_down"
    SPACE_FULL = "space_full"
    EVACUATION = "evacuation"
    REFUSALS = "refusals"


# --- to the device


@dataclass(frozen=True, slots=True)
class Release:
    """Open for so many persons; ``longer``: give them more time (a flagged ticket)."""

    direction: Direction
    tx: str
    persons: int
    longer: bool = False


@dataclass(frozen=True, slots=True)
class Revoke:
    """Close again: the release is over without its passage."""

    direction: Direction
    tx: str


@dataclass(frozen=True, slots=True)
class SetMode:
    """Have the device itself work as usual, open, or locked in a direction."""

    direction: Direction
    mode: Mode


@dataclass(frozen=True, slots=True)
class Unlock:
    """Release a door's lock, for so long (ms) at most; ``None``: until it is locked again.

    Where there is an end the hardware keeps it, should nobody be there to lock.
    """

    ms: int | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """Lock a door again."""


# --- to the books


@dataclass(frozen=True, slots=True)
class Commit:
    """So many have passed under this grant so far; ``at`` is the device's time (ms)."""

    tx: str
    persons: int
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Annul:
    """Give back those of this grant who have not passed."""

    tx: str
    why: str


@dataclass(frozen=True, slots=True)
class Count:
    """Count persons who passed without a grant; ``id`` is the device's, counted once."""

    direction: Direction
    persons: int
    why: str
    id: str | None = None
    at: int | None = None


# --- to people


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise an alarm, or tell again that it holds; ``text`` has its facts."""

    alarm: Alarm
    direction: Direction | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Clear:
    """An alarm's cause is over."""

    alarm: Alarm
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class AskForCheck:
    """Ask a steward to look into the bag; the gate stays shut until they confirm."""

    direction: Direction
    tx: str


@dataclass(frozen=True, slots=True)
class Evacuate:
    """The fire input is active: the space is to be evacuated."""


@dataclass(frozen=True, slots=True)
class EvacuationOver:
    """The fire input is at rest again; people decide when to return."""


type Command = (
    Release
    | Revoke
    | SetMode
    | Unlock
    | Lock
    | Commit
    | Annul
    | Count
    | Raise
    | Clear
    | AskForCheck
    | Evacuate
    | EvacuationOver
)
