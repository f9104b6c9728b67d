"""What wires tell: codes read, inputs changed, persons passed, links up and down.

Values only. ``device`` is the id of the equipment that a signal comes from; ``at`` is the device's
own time in milliseconds since the epoch, ``None`` where it has no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

type Direction = Literal["entry", "exit"]
type Mode = Literal["normal", "free", "locked"]


@dataclass(frozen=True, slots=True)
class CodeRead:
    """A reader has read a code.

    ``id`` is the device's own name for this reading, the nonce of the scan; ``direction`` is
    ``None`` where the device serves one direction only. ``symbology`` is an AIM identifier.
    """

    device: str
    code: str
    id: str | None = None
    direction: Direction | None = None
    symbology: str | None = None
    at: int | None = None


class GateEventType(StrEnum):
    """What a gate that knows passages itself reports (DESIGN 8)."""

    PASSED = "passed"
    PASSAGE_STARTED = "passage_started"
    PASSAGE_TIMEOUT = "passage_timeout"
    WRONG_WAY = "wrong_way"
    TAILGATING = "tailgating"
    FORCED = "forced"
    HELD_OPEN = "held_open"
    FAULT = "fault"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class GateEvent:
    """A gate reports; ``tx`` is the grant it belongs to, ``id`` is the device's, used once."""

    device: str
    type: GateEventType
    id: str | None = None
    direction: Direction | None = None
    tx: str | None = None
    at: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class InputChanged:
    """An input stands at a level; ``name`` is that of the equipment's channel (`contact`, …)."""

    device: str
    name: str
    value: bool
    id: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class StateRead:
    """How a device says that it stands; what it does not say is empty or ``None``.

    ``counters`` are its passages since ``boot``; ``battery`` is in percent, 0-100.
    """

    device: str
    boot: str = ""
    modes: Mapping[Direction, Mode] = field(default_factory=dict)
    inputs: Mapping[str, bool] = field(default_factory=dict)
    counters: Mapping[Direction, int] = field(default_factory=dict)
    battery: int | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """A device can be reached, or cannot any more; ``why`` is for people and logs."""

    device: str
    up: bool
    why: str = ""
    boot: str = ""


type Signal = CodeRead | GateEvent | InputChanged | StateRead | LinkChanged
