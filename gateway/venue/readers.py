"""From the site file to places: where each reader stands, and how its grants are settled."""

from config import Equipment, Site
from gateway.entitlements.place import Direction, Place

SETTLE_AFTER_S = 5
"""What a reservation waits beyond opening time and the longest passage (DESIGN 5)."""


def directions(equipment: Equipment) -> tuple[Direction, ...]:
    """Return the directions an equipment serves, its default first."""
    match equipment.direction:
        case "both":
            return "entry", "exit"
        case direction:
            return (direction,)


def place_of(site: Site, equipment: Equipment, direction: Direction) -> Place:
    """Return the place of an equipment in one direction."""
    hold_s = equipment.open_s + equipment.passage_s + SETTLE_AFTER_S
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
        for direction in directions(equipment)
    }
