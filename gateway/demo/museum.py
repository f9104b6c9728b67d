"""The museum of the demonstration: its site file, and what it sells.

Spaces, products and the kinds of visitors stand here as data; seller and visitors act on them.
"""

from dataclasses import dataclass
from enum import StrEnum

SITE = "demo"
DESK = "desk"
"""The handheld whose key is printed for you to try."""


class Space(StrEnum):
    """What can be entered; both rooms lie within the museum."""

    MUSEUM = "museum"
    COLLECTION = "collection"
    EXHIBITION = "exhibition"


class Product(StrEnum):
    """What the museum sells."""

    DAY = "day-ticket"
    TOUR = "tour"
    MEMBER = "membership"
    GROUP = "group-visit"


LABELS = {
    Product.DAY: "Day ticket, permanent collection",
    Product.TOUR: "Guided tour of the exhibition",
    Product.MEMBER: "Friends of the museum",
    Product.GROUP: "Group visit",
}


class Kind(StrEnum):
    """What a visitor comes with."""

    DAY = "a day ticket"
    TOUR = "a ticket for a tour"
    MEMBER = "a membership"
    GROUP = "a group's ticket"
    COPY = "a copy of a used ticket"
    EARLY = "a ticket for next week's tour"
    DESTROYED = "a destroyed ticket"
    UNKNOWN = "a ticket nobody sold"
    ASTRAY = "a ticket for another room"


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a kind of visitor comes, where to, and what the gateway must answer."""

    weight: int
    space: Space
    refused_as: str | None = None


HABITS = {
    Kind.DAY: Habit(44, Space.COLLECTION),
    Kind.TOUR: Habit(18, Space.EXHIBITION),
    Kind.MEMBER: Habit(8, Space.EXHIBITION),
    Kind.GROUP: Habit(3, Space.COLLECTION),
    Kind.COPY: Habit(10, Space.COLLECTION, "no_stamps_left"),
    Kind.EARLY: Habit(6, Space.EXHIBITION, "too_early"),
    Kind.DESTROYED: Habit(4, Space.COLLECTION, "destroyed"),
    Kind.UNKNOWN: Habit(4, Space.COLLECTION, "unknown_ticket"),
    Kind.ASTRAY: Habit(3, Space.EXHIBITION, "wrong_space"),
}


def handhelds(rate: float) -> dict[str, Space]:
    """Return the handhelds a rate of arrivals needs, and the room each stands at.

    A handheld may scan 100 times a second; arrivals and departures pass it, in bursts.

    >>> list(handhelds(10))
    ['collection-1', 'collection-2', 'exhibition-1', 'exhibition-2']
    """
    each = max(2, round(rate * 2 / 40) + 1)
    return {
        f"{space}-{number}": space
        for space in (Space.COLLECTION, Space.EXHIBITION)
        for number in range(1, each + 1)
    }


def site_file(port: int, rate: float) -> str:
    """Return the text of the site file."""
    readers = {DESK: Space.COLLECTION} | handhelds(rate)
    equipment = "\n".join(
        f'[[equipment]]\nid = "{reader}"\nkind = "reader"\nspace = "{space}"\ndirection = "both"\n'
        for reader, space in readers.items()
    )
    return f"""\
# Written by `composteur demo`, anew at each start.
[site]
id = "{SITE}"
name = "Museum of the Old Town (demo)"
timezone = "Europe/Paris"
language = "en"

[stores]
state_dir = "."

[http]
port = {port}

[[space]]
id = "{Space.MUSEUM}"
name = "The whole museum"

[[space]]
id = "{Space.COLLECTION}"
name = "Permanent collection"
parent = "{Space.MUSEUM}"

[[space]]
id = "{Space.EXHIBITION}"
name = "Special exhibition"
parent = "{Space.MUSEUM}"

{equipment}"""
