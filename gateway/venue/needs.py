"""What lanes are given by the rest of the venue, and what they ask of it.

`gateway.app` hands in the real ones; a test hands in what it likes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from controllers.commands import Mode
from gateway.entitlements.place import Direction, Place
from gateway.entitlements.store import EntitlementStore
from gateway.tickets.codes.reading import Reading
from gateway.tickets.decision import Decision
from gateway.venue.answers import Answers
from gateway.venue.equipment import Obey
from gateway.venue.late import LateScan
from gateway.venue.outage import Outage
from gateway.venue.settlements import Settlements


class Flags(Protocol):
    """What goes with every scan from outside the store (`gateway.venue.flags`)."""

    def of(self, place: Place) -> str:
        """Return the flags of a scan at a place now."""

    def set(
        self,
        equipment: str,
        direction: Direction,
        letter: Literal["c", "o", "f"],
        cause: str,
        *,
        holds: bool,
    ) -> None:
        """Have a letter hold for a cause, or not any more."""


class Codes(Protocol):
    """What reads codes (`gateway.venue.codes`)."""

    def read(self, text: str, /) -> Reading:
        """Read a code; never waits, never fails."""

    async def settled(self, text: str, reading: Reading, /) -> Reading:
        """Read a code again that a key unknown here has signed."""


class First(Protocol):
    """Who opens a space for all others when they come first (`gateway.venue.opening`)."""

    def awaits_first(self, place: Place, flags: str) -> bool:
        """Tell whether only the first of the staff is missing for a scan at a place."""

    async def flags_of_first(
        self, code: str, place: Place, flags: str, store: EntitlementStore, *, within_ms: int
    ) -> str:
        """Return the flags of such a scan: staff is let in, all others are not."""

    def came(self, place: Place) -> None:
        """Open the spaces of a place for all."""


class Panel(Protocol):
    """Where people see the equipment, and command it from (`gateway.venue.equipment`)."""

    def attach(self, name: str, obey: Obey) -> None:
        """Own an equipment: its orders come here."""

    def detach(self, name: str) -> None:
        """Own it no more."""

    def tell(self, name: str, **facts: Any) -> None:
        """Tell how an equipment stands; never waits."""


class Alarms(Protocol):
    """Where people are told what is wrong (`gateway.venue.alarms`)."""

    def raise_(
        self,
        kind: str,
        *,
        equipment: str | None = None,
        space: str | None = None,
        direction: Direction | None = None,
        text: str = "",
    ) -> object:
        """Raise an alarm, or tell again that it holds; never waits."""

    def clear(
        self,
        kind: str,
        *,
        equipment: str | None = None,
        space: str | None = None,
        direction: Direction | None = None,
    ) -> None:
        """Its cause is over."""


class Fire(Protocol):
    """Who evacuates a space when an equipment's fire input says so."""

    def __call__(self, equipment: str, space: str, *, active: bool) -> None:
        """Take how the input stands; never waits."""


class Later(Protocol):
    """Where scans wait that were granted while the store was silent."""

    def put(self, scan: LateScan) -> None:
        """Keep a scan; never waits."""


class Say(Protocol):
    """Writes a decision for people."""

    def __call__(self, decision: Decision, place: Place, language: str | None = None) -> str:
        """Say it in a language, by default the site's."""


@dataclass(slots=True)
class Needs:
    """All of it.

    Attributes:
        settlements: makes the books of a lane.
        languages: those of displays that name none.
        scanned: counts a scan: reader, reason, how long it took, persons.
        wall: milliseconds since the epoch.
        dice: a number in [0, 1), for random checks.
        mode: what an equipment is set to in a direction.
        codes: reads what was read.
        outage: whom gates let in while the store is silent.
        evacuates: whether the space of an equipment is evacuated.
        first: who opens a space for all others.
    """

    store: EntitlementStore
    settlements: Callable[[str], Settlements]
    late: Later
    flags: Flags
    panel: Panel
    alarms: Alarms
    fire: Fire
    answers: Answers
    say: Say
    languages: Callable[[], tuple[str, ...]]
    scanned: Callable[[str, str | None, float, int], None]
    wall: Callable[[], int]
    dice: Callable[[], float]
    mode: Callable[[str, Direction], Mode]
    evacuates: Callable[[str], bool]
    codes: Codes
    outage: Outage = field(default_factory=Outage)
    first: First | None = None
