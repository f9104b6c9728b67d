"""What machines are told: by the store, by the wire, by operators, by the clock.

``now`` comes with each step, in milliseconds of a clock that only rises. ``at`` is a device's time.
"""

from dataclasses import dataclass

from controllers.commands import Alarm, Direction, Mode

# --- from the store


@dataclass(frozen=True, slots=True)
class Granted:
    """A scan was granted: ``tx`` is its event, ``persons`` may pass.

    ``longer``: a flagged ticket, whose holder needs more time. ``dice`` in [0, 1) decides about a
    random check. ``counted``: the grant itself has been counted already (``count_on = "grant"``),
    so that neither its passage nor its absence changes the books.
    """

    direction: Direction
    tx: str
    persons: int = 1
    longer: bool = False
    dice: float = 1.0
    counted: bool = False


# --- from the wire


@dataclass(frozen=True, slots=True)
class Released:
    """The device has taken the release."""

    tx: str


@dataclass(frozen=True, slots=True)
class ReleaseFailed:
    """The device refused the release, or said nothing in time."""

    tx: str
    why: str


@dataclass(frozen=True, slots=True)
class Passed:
    """One person has passed; ``tx`` where the device knows under which grant."""

    direction: Direction
    tx: str | None = None
    id: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class PassageStarted:
    """Somebody has begun to pass."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class PassageTimedOut:
    """The device waited for its passage in vain."""

    direction: Direction | None = None
    tx: str | None = None


@dataclass(frozen=True, slots=True)
class WrongWay:
    """Somebody came against the direction released."""

    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class TailgatingSeen:
    """The device itself has seen two pass for one."""

    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class ForcedSeen:
    """The device itself says that it was forced."""

    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """A door's contact stands at a level: open or closed."""

    open: bool


@dataclass(frozen=True, slots=True)
class BondChanged:
    """A lock's own sense: whether the bolt holds."""

    locked: bool


@dataclass(frozen=True, slots=True)
class ExitRequested:
    """The request-to-exit button or sensor of a door."""


@dataclass(frozen=True, slots=True)
class FireInput:
    """The fire input as a level; it is wired so that its loss is an alarm."""

    active: bool


@dataclass(frozen=True, slots=True)
class FaultSeen:
    """The device reports a fault of its own."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """The device works again."""


@dataclass(frozen=True, slots=True)
class PowerChanged:
    """Mains power of the device: there, or gone."""

    ok: bool


@dataclass(frozen=True, slots=True)
class BatteryRead:
    """Charge of the device's battery, 0-100 percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The device cannot be reached."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class LinkBack:
    """The device can be reached again; ``modes`` it stands in are set anew."""


# --- from operators and plannings


@dataclass(frozen=True, slots=True)
class ModeSet:
    """From now on: as usual, free, or locked."""

    direction: Direction
    mode: Mode


@dataclass(frozen=True, slots=True)
class OpenOnce:
    """An operator opens for one person; ``tx`` names the act. It also confirms a bag check."""

    direction: Direction
    tx: str


@dataclass(frozen=True, slots=True)
class EvacuationBegan:
    """The space is evacuated: open whatever can be opened, lock nothing."""


@dataclass(frozen=True, slots=True)
class EvacuationEnded:
    """It is clear, and an operator has acknowledged."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An operator has seen to an alarm of this equipment."""

    alarm: Alarm


# --- from the clock


@dataclass(frozen=True, slots=True)
class Tick:
    """The instant has come that the machine asked for (`next_at`)."""


type Event = (
    Granted
    | Released
    | ReleaseFailed
    | Passed
    | PassageStarted
    | PassageTimedOut
    | WrongWay
    | TailgatingSeen
    | ForcedSeen
    | ContactChanged
    | BondChanged
    | ExitRequested
    | FireInput
    | FaultSeen
    | FaultCleared
    | PowerChanged
    | BatteryRead
    | LinkLost
    | LinkBack
    | ModeSet
    | OpenOnce
    | EvacuationBegan
    | EvacuationEnded
    | Acknowledged
    | Tick
)
