"""What the rules are told besides the ticket: the scan, and the venue as it stands.

Values only; the gateway fills them in from the wire, the site file and the store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Direction(StrEnum):
    """Which way the visitor goes."""

    ENTRY = "entry"
    EXIT = "exit"


class Mode(StrEnum):
    """What operators have set a space to."""

    NORMAL = "normal"
    FREE = "free"
    LOCKED = "locked"
    EVACUATE = "evacuate"


class AntiPassback(StrEnum):
    """What happens when a ticket comes in twice: nothing, a hint, or a refusal."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"


class WhenFull(StrEnum):
    """What a space at its capacity does."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Space:
    """A place that can be entered, with the persons in it and those on their way in."""

    id: str
    parent: str | None = None
    mode: Mode = Mode.NORMAL
    capacity: int | None = None
    full: WhenFull = WhenFull.REFUSE
    anti_passback: AntiPassback = AntiPassback.OFF
    anti_passback_min: int = 0
    """Forgiven this many minutes after the last move; 0: never."""
    inside: int = 0
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Venue:
    """The spaces of a site; ``loading`` while the store does not hold all tickets yet."""

    spaces: Mapping[str, Space] = field(default_factory=dict)
    loading: bool = False

    def chain(self, space: str | None) -> tuple[str, ...]:
        """Return a space and those around it, innermost first."""
        chain: list[str] = []
        while space is not None and space not in chain:
            chain.append(space)
            known = self.spaces.get(space)
            space = known.parent if known else None
        return tuple(chain)

    def around(self, space: str) -> tuple[Space, ...]:
        """Return the known spaces of the chain of a space."""
        return tuple(self.spaces[name] for name in self.chain(space) if name in self.spaces)

    def after(self, effects: Iterable[tuple[str, int]], *, reserve: bool = False) -> "Venue":
        """Return the venue with persons added to, or taken out of, its spaces; never below 0."""
        spaces = dict(self.spaces)
        for name, persons in effects:
            if (space := spaces.get(name)) is None:
                continue
            if reserve and persons > 0:
                spaces[name] = replace(space, reserved=space.reserved + persons)
            else:
                spaces[name] = replace(space, inside=max(0, space.inside + persons))
        return replace(self, spaces=spaces)


@dataclass(frozen=True, slots=True)
class Scan:
    """One presentation of a ticket at a reader.

    ``day`` is the site's local day at ``now``, as the number YYYYMMDD. The flags are what is known
    before any ticket is looked up.
    """

    now: int
    day: int
    space: str
    reader: str = ""
    direction: Direction = Direction.ENTRY
    persons: int | None = None
    """As asked for; ``None``: the default of the ticket."""
    override: bool = False
    check: bool = False
    malformed: bool = False
    replays: bool = False
    """Its nonce is remembered, or this ticket's grant at this reader is not settled yet."""
    out_of_service: bool = False
    lane_busy: bool = False
    """A grant of another ticket at this reader is not settled yet."""
    free: bool = False
    """The equipment itself is set free."""
    closed: bool = False
    """The space, or one around it, is closed by its planning."""
    bad_signature: bool = False
    stale_code: bool = False
    step: int | None = None
    """Of a rotating code whose figure is right: it lets in once, and none before it again."""
