"""From the site file to places: where each reader stands, and how its grants are settled.

`ReaderFacts` is the table that everybody who scans looks into, and that plannings, operators and
machines keep true: the HTTP face and the wires decide by the same flags.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from config import Equipment, Site
from gateway.entitlements.place import Direction, Place

SETTLE_AFTER_S = 5
"""What a reservation waits beyond opening time and the longest passage (DESIGN 5)."""


def place_of(site: Site, equipment: Equipment, direction: Direction) -> Place:
    """Return the place of an equipment in one direction."""
    hold_s = max(equipment.open_s, equipment.longer_s) + equipment.passage_s + SETTLE_AFTER_S
    return Place(
        reader=equipment.id,
        space=equipment.space,
        chain=site.chain(equipment.space),
        direction=direction,
        hold_ms=round(hold_s * 1000) if equipment.count_on == "passage" else None,
    )


def places(site: Site) -> dict[tuple[str, Direction], Place]:
    """Return every place of a site, by equipment and direction."""
    return {
        (equipment.id, direction): place_of(site, equipment, direction)
        for equipment in site.equipment
        for direction in equipment.directions
    }


type Mode = Literal["normal", "free", "locked"]

BOTH: Final[tuple[Direction, ...]] = ("entry", "exit")


@dataclass(slots=True)
class ReaderFacts:
    """One reader, the directions it serves, and what its scans must know besides the ticket.

    ``entry`` and ``exit`` are its places, or ``None`` where it does not serve the direction;
    ``opens`` is the gate its grants release. ``flags`` go with every scan in a direction: c closed,
    o out of service, f free. Whoever changes a fact calls its setter.
    """

    id: str
    entry: Place | None
    exit: Place | None
    opens: str | None = None
    closed: bool = False
    """Whether a planning has closed its space, or one around it."""
    modes: dict[Direction, Mode] = field(default_factory=lambda: dict.fromkeys(BOTH, "normal"))
    """What operators have set."""
    serving: dict[Direction, bool] = field(default_factory=lambda: dict.fromkeys(BOTH, True))
    """Whether the device can do its work."""
    flags: dict[Direction, str] = field(default_factory=lambda: dict.fromkeys(BOTH, ""))

    def place(self, direction: Direction | None) -> Place | None:
        """Return the place in a direction; by default the reader's own, entry where it has both."""
        if direction is None:
            return self.entry or self.exit
        return self.entry if direction == "entry" else self.exit

    def set_closed(self, closed: bool) -> None:  # noqa: FBT001  # the one fact it sets
        """Open or close its space."""
        if closed != self.closed:
            self.closed = closed
            self._write_flags()

    def set_mode(self, direction: Direction, mode: Mode) -> None:
        """Set what operators want of it in a direction."""
        if mode != self.modes[direction]:
            self.modes[direction] = mode
            self._write_flags()

    def set_serving(self, direction: Direction, serving: bool) -> None:  # noqa: FBT001  # see above
        """Tell whether the device can do its work in a direction."""
        if serving != self.serving[direction]:
            self.serving[direction] = serving
            self._write_flags()

    def _write_flags(self) -> None:
        for direction in BOTH:
            mode = self.modes[direction]
            out = mode == "locked" or not self.serving[direction]
            letters = (("c", self.closed), ("o", out), ("f", mode == "free"))
            self.flags[direction] = "".join(letter for letter, on in letters if on)


@dataclass(slots=True)
class SpaceFacts:
    """One space of the site file; ``open`` is kept up to date by its planning."""

    id: str
    name: str
    parent: str | None = None
    capacity: int | None = None
    open: bool = True


def readers(site: Site) -> dict[str, ReaderFacts]:
    """Return the facts of every reader of a site, as they are before anybody has told more."""
    known = places(site)
    return {
        each.id: ReaderFacts(
            each.id, known.get((each.id, "entry")), known.get((each.id, "exit")), each.opens
        )
        for each in site.equipment
    }


def spaces(site: Site) -> dict[str, SpaceFacts]:
    """Return the facts of every space of a site."""
    return {
        each.id: SpaceFacts(each.id, each.name or each.id, each.parent, each.capacity)
        for each in site.spaces
    }
