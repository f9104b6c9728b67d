"""A venue as text, for a terminal."""

from collections.abc import Iterator, Sequence

from config.drawing.venue import Gate, Room, Venue
from config.values import Serves

ARROWS: dict[Serves, str] = {"entry": "→", "exit": "←", "both": "⇄"}


def as_text(venue: Venue) -> str:
    """Draw spaces as a tree, under each its gates, then the boards these are wired to."""
    return "\n".join(_lines(venue))


def _lines(venue: Venue) -> Iterator[str]:
    yield f"{venue.name} ({venue.id})"
    yield f"{venue.day}, {venue.timezone};  → entry  ← exit  ⇄ both"
    for room in venue.rooms:
        yield ""
        yield from _room(room, "", "")
    if venue.wires:
        yield ""
        yield "Boards"
        yield from _columns(
            [
                (f"  {wire.id}", " ".join((wire.driver, *wire.facts)), ", ".join(wire.gates))
                for wire in venue.wires
            ]
        )
    if venue.handhelds:
        yield ""
        yield f"Handhelds  {', '.join(venue.handhelds)}"


def _room(room: Room, first: str, rest: str) -> Iterator[str]:
    """Draw a room: its name, what is told of it, its gates, the rooms within it."""
    yield f"{first}{room.id}" + (f"  {room.name}" if room.name else "")
    stem = "│  " if room.rooms else "   "
    told = [*([room.day.text] if room.day else []), *room.facts]
    if told:
        yield f"{rest}{stem}{'; '.join(told)}"
    rows = [row for gate in room.gates for row in _gate(gate)]
    for line in _columns(rows):
        yield f"{rest}{stem}{line}"
    for position, inner in enumerate(room.rooms):
        last = position == len(room.rooms) - 1
        yield f"{rest}│"
        yield from _room(
            inner, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")
        )


def _gate(gate: Gate) -> Iterator[tuple[str, ...]]:
    wire = f"on {gate.board}" if gate.board else ""
    name = f'"{gate.name}"' if gate.name else ""
    facts = "; ".join(each for each in (name, *gate.facts) if each)
    yield f"{ARROWS[gate.direction]} {gate.id}", gate.kind, wire, facts
    for reader in gate.readers:
        facts = "; ".join((f"opens {gate.id}", *reader.facts))
        wire = f"on {reader.board}" if reader.board else ""
        yield f"{ARROWS[reader.direction]} └ {reader.id}", reader.kind, wire, facts


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Set rows in columns as wide as their widest cell; a column that is empty is left out."""
    if not rows:
        return
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        yield "  ".join(cells).rstrip()
