"""From the site file to places: where each reader stands, and how its grants are settled."""

from dataclasses import dataclass

from config import Equipment, Site
from gateway.entitlements.place import Direction, Place
from gateway.venue.codes import Accepts
from gateway.venue.machines import longest_ms

SETTLE_AFTER_MS = 5_000
"""What a reservation waits beyond opening time and the longest passage (DESIGN 5)."""


def place_of(site: Site, equipment: Equipment, direction: Direction) -> Place:
    """Return the place of an equipment in one direction; a reader's grants are as its gate's."""
    gate = next((each for each in site.equipment if each.id == equipment.opens), equipment)
    return Place(
        reader=equipment.id,
        space=equipment.space,
        chain=site.chain(equipment.space),
        direction=direction,
        hold_ms=longest_ms(gate) + SETTLE_AFTER_MS if equipment.count_on == "passage" else None,
    )


def places(site: Site) -> dict[tuple[str, Direction], Place]:
    """Return every place of a site, by equipment and direction."""
    return {
        (equipment.id, direction): place_of(site, equipment, direction)
        for equipment in site.equipment
        for direction in equipment.directions
    }


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """One reader and the directions it serves.

    ``entry`` and ``exit`` are its places, or ``None`` where it does not serve the direction;
    ``opens`` is the gate its grants release; ``asks`` says that it is a gate which speaks HTTP;
    ``carries`` that it is a handheld which carries a list; ``refuses_inside`` that its space lets
    nobody in who is inside; ``accepts`` which codes its entry takes; ``signed``
    that a signature lets in while the store is silent.
    """

    id: str
    entry: Place | None
    exit: Place | None
    opens: str | None = None
    asks: bool = False
    carries: bool = False
    refuses_inside: bool = False
    accepts: Accepts = "any"
    signed: bool = False

    def place(self, direction: Direction | None) -> Place | None:
        """Return the place in a direction; by default the reader's own, entry where it has both."""
        if direction is None:
            return self.entry or self.exit
        return self.entry if direction == "entry" else self.exit


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
    asking = {each.id for each in site.controllers if each.driver == "http"}
    refusing = {each.id for each in site.spaces if each.anti_passback == "hard"}
    return {
        each.id: ReaderFacts(
            each.id,
            known.get((each.id, "entry")),
            known.get((each.id, "exit")),
            each.opens,
            each.controller in asking,
            each.carries,
            each.space in refusing,
            each.accepts,
            each.local_policy == "signed",
        )
        for each in site.equipment
    }


def spaces(site: Site) -> dict[str, SpaceFacts]:
    """Return the facts of every space of a site."""
    return {
        each.id: SpaceFacts(each.id, each.name or each.id, each.parent, each.capacity)
        for each in site.spaces
    }
