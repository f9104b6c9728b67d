"""The museum of the demonstration: its site file, and what it sells.

Spaces, products and the kinds of visitors stand here as data; seller and visitors act on them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, assert_never

type Wire = Literal["mqtt", "http"]
"""How gates of ours speak: over the machine's own mosquitto, or over HTTP where there is none."""

SITE = "demo"
DESK = "desk"
"""The handheld at which you can try."""
OPERATOR = "operator"
"""The key that is printed for you: it scans at the desk, and sees and commands all."""


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


type Wiring = Literal["ours", "board", "osdp"]
"""A gate of ours speaks by itself. A venue's own has scan engines beside it and its contacts wired
to a board; or it is a door on the output of an OSDP reader, with another reader inside."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands at a room's entrance; a door takes whole groups, a turnstile one by one."""

    id: str
    name: str
    kind: Literal["turnstile", "door"]
    space: Space
    wiring: Wiring = "ours"

    @property
    def readers(self) -> Mapping[Literal["entry", "exit"], str]:
        """The readers beside it, where it does not read by itself."""
        match self.wiring:
            case "board":
                return {"entry": f"{self.id}-in", "exit": f"{self.id}-out"}
            case "osdp":
                return {"exit": f"{self.id}-out"}  # the one outside is the door itself
            case _:
                return {}

    @property
    def takes_groups(self) -> bool:
        """Whether groups go through it; the others take one after the other."""
        return self.kind == "door" and self.wiring == "ours"

    @property
    def counts_heads(self) -> bool:
        """Whether it notices who follows somebody through; a door's contact does not."""
        return self.kind == "turnstile"


GATES: Final = (
    Gate("collection-gate-1", "Collection, gate 1", "turnstile", Space.COLLECTION),
    Gate("collection-gate-2", "Collection, gate 2", "turnstile", Space.COLLECTION),
    Gate("collection-gate-3", "Collection, gate 3", "turnstile", Space.COLLECTION),
    Gate("collection-gate-4", "Collection, gate 4", "turnstile", Space.COLLECTION, "board"),
    Gate("group-door", "Door for groups", "door", Space.COLLECTION),
    Gate("exhibition-gate-1", "Exhibition, gate 1", "turnstile", Space.EXHIBITION),
    Gate("exhibition-gate-2", "Exhibition, gate 2", "turnstile", Space.EXHIBITION),
    *(
        [Gate("friends-door", "Exhibition, side door", "door", Space.EXHIBITION, "osdp")]
        if find_spec("osdp_sys")  # the extra composteur[osdp]
        else []
    ),
)
OF_OURS: Final = tuple(gate for gate in GATES if gate.wiring == "ours")
OPEN_S: Final = 4.0
"""How long the gateway waits for a passage; the gates themselves close sooner (`HOLD_S`)."""
WIRED_OPEN_S: Final = 3.0
"""The same for a gate on wires, which cannot tell that it has closed."""
HOLD_S: Final = 2.5
WALK_S: Final = 0.9
DENY_S: Final = 1.0
"""How long the red lamp of a gate on wires blinks."""
BOARD: Final = "waveshare-relay-8-d"
RELAYS: Final = {
    "release_entry": 1,
    "release_exit": 2,
    "free_entry": 3,
    "free_exit": 4,
    "lock_entry": 5,
    "lock_exit": 6,
    "granted": 7,
    "denied": 8,
}
"""How the gate on wires is wired to its board: the gateway switches these, ..."""
INPUTS: Final = {"passage_entry": 1, "passage_exit": 2}
"""... and reads those."""
STRIKE, CONTACT = 0, 0
"""The output and the input of the reader outside that the door hangs on."""
PER_MIN: Final = {"turnstile": 60, "door": 120, "reader": 120}
"""Whom a gate, or a steward, can let through in a minute, as visitors of a demonstration walk."""


def handhelds(rate: float) -> dict[str, Space]:
    """Return the handhelds a rate of arrivals needs, and the room each stands at.

    A handheld may scan 100 times a second; arrivals and departures pass it, in bursts. Gates let a
    person through in a second: whoever finds a queue there goes to a steward with a handheld.

    >>> list(handhelds(10))
    ['collection-1', 'collection-2', 'exhibition-1', 'exhibition-2']
    """
    each = max(2, round(rate * 2 / 40) + 1)
    return {
        f"{space}-{number}": space
        for space in (Space.COLLECTION, Space.EXHIBITION)
        for number in range(1, each + 1)
    }


@dataclass(frozen=True, slots=True)
class Cables:
    """Where the devices of gates on wires are.

    Attributes:
        engines: the ports of the turnstile's scan engines.
        board: the address of its board.
        readers: the line of the door's readers, and the file of each one's key; where there are.
    """

    engines: Mapping[Literal["entry", "exit"], Path]
    board: str
    readers: tuple[Path, Mapping[Literal["entry", "exit"], Path]] | None = None


def site_file(port: int, rate: float, wire: Wire, cables: Cables) -> str:
    """Return the text of the site file."""
    readers = {DESK: Space.COLLECTION} | handhelds(rate)
    equipment = [_entrance(gate, cables) for gate in GATES]
    equipment += [_handheld(reader, space) for reader, space in readers.items()]
    broker = '\nmqtt = "embedded"' if wire == "mqtt" else ""
    return f"""\
# Written by `composteur demo`, anew at each start.
[site]
id = "{SITE}"
name = "Museum of the Old Town (demo)"
timezone = "Europe/Paris"
language = "en"

[stores]
state_dir = "."{broker}

[http]
port = {port}

[[space]]
id = "{Space.MUSEUM}"
name = "The whole museum"
{_room(rate * 80)}
[[space]]
id = "{Space.COLLECTION}"
name = "Permanent collection"
parent = "{Space.MUSEUM}"
{_room(rate * 60)}
[[space]]
id = "{Space.EXHIBITION}"
name = "Special exhibition"
parent = "{Space.MUSEUM}"
{_room(rate * 25)}
[[controller]]
id = "gates"
driver = "{wire}"

{"".join(equipment)}"""


def _room(persons: float) -> str:
    """Return for how many a space has room: enough for its visitors, at any rate, as a rule."""
    return f'capacity = {max(20, round(persons, -1)):.0f}\nfull = "warn"\n'


def _entrance(gate: Gate, cables: Cables) -> str:
    match gate.wiring:
        case "ours":
            return _gate(gate)
        case "board":
            return _gate_on_wires(gate, cables)
        case "osdp":
            return _door_with_readers(gate, cables)
        case _:
            assert_never(gate.wiring)


def _gate(gate: Gate) -> str:
    return f"""\
[[equipment]]
id = "{gate.id}"
name = "{gate.name}"
kind = "{gate.kind}"
space = "{gate.space}"
direction = "both"
controller = "gates"
count_on = "passage"
open_s = {OPEN_S:g}
lane_per_min = {PER_MIN[gate.kind]}

"""


def _gate_on_wires(gate: Gate, cables: Cables) -> str:
    channels = ", ".join(f"{name} = {number}" for name, number in (RELAYS | INPUTS).items())
    text = f"""\
# {gate.name}: a turnstile of any make. What it is commanded by and what it tells (dry contacts) is
# wired to a board of relays and inputs, which speaks Modbus; numbers are as printed on the board.
# Before it, on either side, stands a scan engine on a serial line. In a venue `address` is the
# board's, and `port` a name under /dev/serial/by-id.
[[controller]]
id = "relays"
driver = "modbus"
profile = "{BOARD}"
address = "{cables.board}"

[[equipment]]
id = "{gate.id}"
name = "{gate.name}"
kind = "{gate.kind}"
space = "{gate.space}"
direction = "both"
controller = "relays"
channels = {{ {channels} }}
count_on = "passage"
open_s = {WIRED_OPEN_S:g}
deny_s = {DENY_S:g}
lane_per_min = {PER_MIN[gate.kind]}

"""
    for direction, reader in gate.readers.items():
        text += f"""\
[[controller]]
id = "{reader}"
driver = "serial"
port = {_quoted(cables.engines[direction])}

[[equipment]]
id = "{reader}"
name = "{gate.name}, {direction}"
kind = "reader"
space = "{gate.space}"
direction = "{direction}"
controller = "{reader}"
opens = "{gate.id}"
deny_s = {DENY_S:g}

"""
    return text


def _door_with_readers(gate: Gate, cables: Cables) -> str:
    if cables.readers is None:
        return ""
    line, keys = cables.readers
    text = f"""\
# {gate.name}: an OSDP reader outside, whose output is the strike and whose input is the door's
# contact; another one inside, on the same line. They speak over secure channels, each with its key.
# In a venue `port` is a name under /dev/serial/by-id.
"""
    there: list[tuple[Literal["entry", "exit"], str]]
    there = [("entry", gate.id), *gate.readers.items()]
    for address, (way, name) in enumerate(there):
        text += f"""\
[[controller]]
id = "{name}"
driver = "osdp"
port = {_quoted(line)}
baud = 115200
address = {address}
key_file = {_quoted(keys[way])}

"""
    return f"""\
{text}[[equipment]]
id = "{gate.id}"
name = "{gate.name}"
kind = "{gate.kind}"
space = "{gate.space}"
direction = "both"
controller = "{gate.id}"
channels = {{ lock = {STRIKE}, contact = {CONTACT} }}
lock = "fail-secure"
count_on = "passage"
open_s = {WIRED_OPEN_S:g}
deny_s = {DENY_S:g}
lane_per_min = {PER_MIN["turnstile"]}

[[equipment]]
id = "{gate.readers["exit"]}"
name = "{gate.name}, inside"
kind = "reader"
space = "{gate.space}"
direction = "exit"
controller = "{gate.readers["exit"]}"
opens = "{gate.id}"
deny_s = {DENY_S:g}

"""


def _quoted(path: Path) -> str:
    """Write a path as a string of TOML, whatever folder a clone lies in."""
    return json.dumps(str(path), ensure_ascii=False)


def _handheld(reader: str, space: Space) -> str:
    return f"""\
[[equipment]]
id = "{reader}"
kind = "reader"
space = "{space}"
direction = "both"
lane_per_min = {PER_MIN["reader"]}

"""
