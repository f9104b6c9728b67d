"""A venue as SVG: rooms within rooms, hours as a bar of the day, wires to the boards on the right.

Nothing is told by colour alone: kinds are words, directions arrows, hours written beside their bar.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

from config.drawing.venue import Day, Gate, Room, Venue, Wire
from config.planning import MINUTES
from config.values import Serves

MARGIN = 28
PAD = 16
ROW = 30
HEAD = 26
LINE = 19
GAP = 14
ROOM_WIDTH = 720
BETWEEN = 110
BOARD_WIDTH = 280
CHARACTER = 6.6
"""Width of a character of the small text, on the wide side."""
MONO = 8
"""Width of a character of an id."""
TITLE = 60
"""Characters of a name that fit in a title."""

INK, SOFT, RULE, PAPER = "#1c2530", "#5a6775", "#c4ccd4", "#ffffff"
ROOMS = ("#f4f6f8", "#e9eef3", "#dde5ec")
"""Rooms are a little darker the deeper they lie."""
OPEN, SHUT = "#2f7d5b", "#d9dee3"
WIRES = ("#1f5fa8", "#a8471f", "#5b3fa0", "#11777c", "#8a6d00", "#a02d6a")

_ARROWS: dict[Serves, tuple[str, ...]] = {"entry": ("in",), "exit": ("out",), "both": ("in", "out")}


@dataclass(slots=True)
class _Page:
    """What has been drawn, and where wires begin and end."""

    body: ET.Element
    id_width: float
    """The width of the column of ids."""
    ends: list[tuple[str, float, float]] = field(default_factory=list)
    """The board of each wired gate, and where its row ends."""


class _Place(NamedTuple):
    """Where something is drawn, and how wide it may be."""

    x: float
    y: float
    width: float

    def within(self, y: float) -> "_Place":
        """Return the place at a height within a box here."""
        return _Place(self.x + PAD, y, self.width - 2 * PAD)


def as_svg(venue: Venue) -> str:
    """Draw a venue; the picture is as high as the venue needs."""
    picture = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    ET.SubElement(picture, "title").text = f"{venue.name}: spaces, gates and boards"
    ET.SubElement(picture, "rect", width="100%", height="100%", fill=PAPER)
    longest = max((len(gate.id) for room in venue.rooms for gate in room.all_gates()), default=0)
    page = _Page(
        ET.SubElement(picture, "g", {"font-family": "system-ui, sans-serif"}),
        id_width=max(130, longest * MONO + 12),
    )

    _text(page, MARGIN, MARGIN + 14, venue.name, size=21, weight=600)
    told = f"{venue.id} · {venue.timezone} · {venue.day}"
    _text(page, MARGIN, MARGIN + 36, told, color=SOFT)
    top = MARGIN + 58.0
    bottom = top
    for room in venue.rooms:
        bottom = _room(page, room, _Place(MARGIN, bottom, ROOM_WIDTH), 0) + GAP
    left = MARGIN + ROOM_WIDTH + BETWEEN
    below = _boards(page, venue.wires, left, top)
    width = left + BOARD_WIDTH + MARGIN if venue.wires else MARGIN + ROOM_WIDTH + MARGIN
    bottom = max(bottom, below)
    _text(page, MARGIN, bottom + 12, "Arrows: into the space, out of it, or both.", color=SOFT)
    height = bottom + 12 + MARGIN
    picture.set("viewBox", f"0 0 {width:g} {height:g}")
    picture.set("width", f"{width:g}")
    picture.set("height", f"{height:g}")
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


# --- rooms


def _room(page: _Page, room: Room, place: _Place, depth: int) -> float:
    """Draw a room with all in it; return where it ends."""
    x, y, width = place
    box = _rect(page, place, 0, fill=ROOMS[min(depth, len(ROOMS) - 1)])
    at = y + HEAD
    title = room.name or room.id
    title = title if len(title) <= TITLE else title[: TITLE - 1] + "…"
    _text(page, x + PAD, at, title, size=15, weight=600)
    if room.name:
        _text(page, x + width - PAD, at, room.id, color=SOFT, anchor="end", mono=True)
    for line in _wrapped(room.facts, width - 2 * PAD):
        at += LINE
        _text(page, x + PAD, at, line, color=SOFT)
    if room.day is not None:
        at = _hours(page, room.day, place.within(at + 10))
    at += GAP
    for gate in room.gates:
        at = _gate(page, gate, place.within(at))
    for inner in room.rooms:
        at = _room(page, inner, place.within(at + 4), depth + 1) + GAP - 4
    end = at + (PAD - GAP if room.rooms else 4)
    box.set("height", f"{end - y:g}")
    return end


def _hours(page: _Page, day: Day, place: _Place) -> float:
    """Draw today's hours as a bar of 24 hours, with a mark every six."""
    x, y, width = place
    _rect(page, place, 7, fill=SHUT, line="none", round_=2)
    for since, until in day.spans:
        begins, ends = (x + width * each / MINUTES for each in (since, until))
        _rect(page, _Place(begins, y, ends - begins), 7, fill=OPEN, line="none", round_=2)
    for hour in range(0, 25, 6):
        anchor = {0: "start", 24: "end"}.get(hour, "middle")
        mark = x + width * hour / 24
        _text(page, mark, y + 18, f"{hour}", size=9, color=SOFT, anchor=anchor)
    _text(page, x, y + 33, day.text)
    return y + 37


def _gate(page: _Page, gate: Gate, place: _Place) -> float:
    """Draw a gate as a row, readers that open it under it; return where they end."""
    x, y, width = place
    kind = x + 44 + page.id_width
    told = kind + 76
    facts = _wrapped((gate.name, *gate.facts), x + width - told - 10)
    readers = [" · ".join((f"{each.id} opens it", *each.facts)) for each in gate.readers]
    lines = max(1, len(facts) + len(readers))
    height = ROW + (lines - 1) * LINE
    _rect(page, place, height - 4, fill=PAPER, round_=5)
    _arrows(page, gate.direction, x + 10, y + 13)
    _text(page, x + 44, y + 17, gate.id, weight=600, mono=True)
    _text(page, kind, y + 17, gate.kind, color=SOFT)
    for number, line in enumerate([*facts, *readers]):
        _text(page, told, y + 17 + number * LINE, line, size=12)
    for number, board in enumerate((gate.board, *(reader.board for reader in gate.readers))):
        if board is not None:
            page.ends.append((board, x + width, y + 13 + number * LINE))
    return y + height + 2


def _arrows(page: _Page, serves: Serves, x: float, y: float) -> None:
    """Draw an arrow into the room (to the right), out of it, or both, one above the other."""
    ways = _ARROWS[serves]
    for number, way in enumerate(ways):
        at = y + (number * 8 - 4 if len(ways) > 1 else 0)
        shaft = (
            f"M{x:g} {at:g} h22 m-6 -4 l6 4 l-6 4"
            if way == "in"
            else f"M{x + 22:g} {at:g} h-22 m6 -4 l-6 4 l6 4"
        )
        path = {"d": shaft, "fill": "none", "stroke": INK, "stroke-width": "1.6"}
        ET.SubElement(page.body, "path", path)


# --- boards


def _boards(page: _Page, wires: Sequence[Wire], x: float, top: float) -> float:
    """Draw the boards, each near its gates, and the wires to them; return where they end."""
    middles = {wire.id: _middle(page, wire.id) for wire in wires}
    at = top
    for number, wire in enumerate(sorted(wires, key=lambda wire: middles[wire.id])):
        color = WIRES[number % len(WIRES)]
        facts = _wrapped(wire.facts, BOARD_WIDTH - 2 * PAD)
        height = HEAD + (1 + len(facts)) * LINE + 8
        wired = math.isfinite(middles[wire.id])
        y = max(at, middles[wire.id] - height / 2) if wired else at
        if wired:
            lane = x - 24 - (BETWEEN - 44) * number / len(wires)
            _wire(page, wire.id, color, lane, (x, y + height / 2))
        _rect(page, _Place(x, y, BOARD_WIDTH), height, fill=PAPER, line=color, round_=5)
        _text(page, x + PAD, y + HEAD - 3, wire.id, weight=600, mono=True, size=14)
        gates = f"{len(wire.gates)} wired" if wire.gates else "nothing wired"
        _text(page, x + PAD, y + HEAD + LINE - 4, f"{wire.driver} · {gates}", color=SOFT)
        for line, fact in enumerate(facts):
            _text(page, x + PAD, y + HEAD + (2 + line) * LINE - 4, fact, size=12)
        at = y + height + GAP
    return at


def _middle(page: _Page, board: str) -> float:
    """Return the height at which a board is nearest to its gates; nowhere without any."""
    rows = [y for name, _, y in page.ends if name == board]
    return sum(rows) / len(rows) if rows else math.inf


def _wire(page: _Page, board: str, color: str, lane: float, end: tuple[float, float]) -> None:
    """Draw the wires of one board: from each of its gates into a lane of its own, and to it."""
    x, y = end
    ends = [(left, at) for name, left, at in page.ends if name == board]
    rows = [y, *(at for _, at in ends)]
    path = "".join(f"M{left:g} {at:g} H{lane:g}" for left, at in ends)
    path += f"M{lane:g} {min(rows):g} V{max(rows):g} M{lane:g} {y:g} H{x:g}"
    drawn = {"d": path, "fill": "none", "stroke": color, "stroke-width": "1.5"}
    ET.SubElement(page.body, "path", drawn)
    for left, at in ends:
        ET.SubElement(page.body, "circle", cx=f"{left:g}", cy=f"{at:g}", r="3", fill=color)


# --- shapes


def _wrapped(facts: Sequence[str], width: float) -> list[str]:
    """Set facts in lines of a width; a fact longer than a line is broken between words."""
    room = int(width / CHARACTER)
    lines: list[str] = []
    for piece in _pieces([each for each in facts if each], room):
        joined = f"{lines[-1]} · {piece}" if lines else piece
        if lines and len(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(piece)
    return lines


def _pieces(facts: Sequence[str], room: int) -> Iterator[str]:
    """Break facts that are too long between their words."""
    for fact in facts:
        line = ""
        for word in fact.split(" "):
            if line and len(line) + 1 + len(word) > room:
                yield line
                line = word
            else:
                line = f"{line} {word}".strip()
        yield line


def _rect(
    page: _Page,
    place: _Place,
    height: float,
    *,
    fill: str,
    line: str = RULE,
    round_: int = 7,
) -> ET.Element:
    sizes = {"x": place.x, "y": place.y, "width": place.width, "height": height, "rx": round_}
    written = {key: f"{value:g}" for key, value in sizes.items()}
    return ET.SubElement(page.body, "rect", {**written, "fill": fill, "stroke": line})


def _text(
    page: _Page,
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    weight: int = 400,
    color: str = INK,
    anchor: str = "start",
    mono: bool = False,
) -> None:
    attributes = {
        "x": f"{x:g}",
        "y": f"{y:g}",
        "font-size": f"{size}",
        "font-weight": f"{weight}",
        "fill": color,
        "text-anchor": anchor,
    }
    if mono:
        attributes["font-family"] = "ui-monospace, monospace"
    ET.SubElement(page.body, "text", attributes).text = text
