"""Whether each equipment makes sense: its kind, its keys, what it opens, what it counts on."""

from collections import defaultdict
from collections.abc import Iterator

from config.draft import Draft, Table
from config.models import Equipment
from config.problems import Problem
from config.values import Kind
from config.wires import PASSAGES

RESERVED = "gateway"
"""An equipment of this name would share its MQTT topic with the gateways (DESIGN 8)."""

_READS: tuple[Kind, ...] = ("reader", "turnstile", "door")
_OPENS: tuple[Kind, ...] = ("turnstile", "door")
_DOOR: tuple[Kind, ...] = ("door",)

BELONGS: dict[str, tuple[Kind, ...]] = {
    "opens": ("reader",),
    "count_on": _READS,
    "accepts": _READS,
    "local_policy": _READS,
    "repeat_ms": _READS,
    "local_persons": _READS,
    "local_min": _READS,
    "longer_open_s": _OPENS,
    "release": _OPENS,
    "pulse_ms": ("turnstile", "door", "relay"),
    "credits_max": ("turnstile",),
    "bag_check_percent": _OPENS,
    "tailgating_ms": ("turnstile",),
    "lock": _DOOR,
    "held_warning_s": _DOOR,
    "held_s": _DOOR,
    "rex_unlocks": _DOOR,
    "rex_s": _DOOR,
    "interlock": _DOOR,
}
"""Keys that mean something for some kinds of equipment only."""


def warnings_of(draft: Draft) -> Iterator[Problem]:
    """Find what wires allow and warn of."""
    for table in draft.controllers:
        wire = draft.wires.get(table.id or "")
        for key, text in () if wire is None else wire.warnings():
            yield table.problem(key, text=text)


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Find equipment that could not work."""
    for table in draft.equipment:
        if table.id == RESERVED:
            text = f"found {RESERVED!r}, a name kept for gateways; choose another"
            yield table.problem("id", text=text)
        if (equipment := table.model) is not None:
            yield from _keys(table, equipment)
            yield from _controller(table, equipment)
            yield from _times(table, equipment)
            yield from _passages(table, equipment, draft)
            yield from _opens(table, equipment, draft)
    yield from _carried(draft)
    yield from _interlocks(draft)


def _keys(table: Table[Equipment], equipment: Equipment) -> Iterator[Problem]:
    """Find keys that mean nothing for this kind."""
    for key, kinds in BELONGS.items():
        if key in table.written and equipment.kind not in kinds:
            owners = " or ".join((", ".join(kinds[:-1]), kinds[-1]) if kinds[1:] else kinds)
            text = f"means nothing for a {equipment.kind}; it is a key of a {owners}"
            yield table.problem(key, text=text)


def _controller(table: Table[Equipment], equipment: Equipment) -> Iterator[Problem]:
    """Find what should be wired to a board, and is not."""
    if equipment.controller is not None:
        return
    if equipment.kind != "reader":
        text = (
            f"is missing: a {equipment.kind} is wired to a [[controller]]; "
            "only a reader (a handheld) can do without"
        )
        yield table.problem("controller", text=text)
    elif equipment.channels:
        yield table.problem("channels", text="found without a controller, whose contacts they are")


def _carried(draft: Draft) -> Iterator[Problem]:
    """Find equipment that its controller cannot carry, or one too many of it."""
    carried: dict[str, int] = defaultdict(int)
    for table in draft.equipment:
        controller, kind = table.text("controller") or "", table.text("kind") or "reader"
        wire = draft.wires.get(controller)
        if wire is None:
            continue
        carried[controller] += 1
        if wire.kinds is not None and kind not in wire.kinds:
            allowed = " or ".join(sorted(wire.kinds))
            text = f"found {controller!r}, which cannot carry a {kind}; allowed there: {allowed}"
            yield table.problem("controller", text=text)
        elif wire.most is not None and carried[controller] > wire.most:
            text = f"found {controller!r}, which has its equipment already: it carries {wire.most}"
            yield table.problem("controller", text=text)


def _times(table: Table[Equipment], equipment: Equipment) -> Iterator[Problem]:
    if equipment.longer_s < equipment.open_s:
        text = f"found {equipment.longer_s:g}, less than open_s ({equipment.open_s:g})"
        yield table.problem("longer_open_s", text=text)
    if equipment.kind == "door" and equipment.held_warning_s >= equipment.held_s:
        key = "held_warning_s" if "held_warning_s" in table.written else "held_s"
        text = (
            f"found {getattr(equipment, key):g}, but the warning (held_warning_s "
            f"{equipment.held_warning_s:g}) must come before the alarm (held_s "
            f"{equipment.held_s:g})"
        )
        yield table.problem(key, text=text)


def _passages(table: Table[Equipment], equipment: Equipment, draft: Draft) -> Iterator[Problem]:
    """Find what counts on passages that nothing reports."""
    if table.written.get("count_on") != "passage" or equipment.opens is not None:
        return
    if equipment.controller is None:
        if equipment.kind == "reader":
            text = "found 'passage', but a handheld reports none: name a controller, or use 'grant'"
            yield table.problem("count_on", text=text)
        return
    wire = draft.wires.get(equipment.controller)
    if wire is None:
        return
    named = PASSAGES.intersection(equipment.channels)
    if not wire.reports_passages(equipment.kind, equipment.channels):
        known = sorted(PASSAGES.intersection(wire.channels(equipment.kind)))
        wired = f"wire {' and '.join(known)}" if known else "wire it to a board that does"
        text = (
            f"found 'passage', but nothing on {equipment.controller} reports one: {wired}, "
            "or use 'grant'"
        )
        yield table.problem("count_on", text=text)
    elif named and "contact" not in named:
        for direction in equipment.directions:
            if f"passage_{direction}" not in named:
                text = (
                    f"found 'passage', but no input tells of passages by the {direction}: "
                    f"channels needs passage_{direction}"
                )
                yield table.problem("count_on", text=text)


def _opens(table: Table[Equipment], reader: Equipment, draft: Draft) -> Iterator[Problem]:
    """Find readers that cannot open what they name."""
    gate = next((each.model for each in draft.equipment if each.id == reader.opens), None)
    if gate is None or reader.kind != "reader":
        return
    found = f"found {gate.id!r}, "
    astray = [each for each in reader.directions if each not in gate.directions]
    if gate.kind not in _OPENS:
        text = f"a {gate.kind}; allowed: the id of a turnstile or door"
        yield table.problem("opens", text=found + text)
    elif gate.space != reader.space:
        text = f"which serves {gate.space!r}, while this reader serves {reader.space!r}"
        yield table.problem("opens", text=found + text)
    elif astray:
        text = f"which serves {gate.direction!r}, while this reader serves {reader.direction!r}"
        yield table.problem("opens", text=found + text)
    if "count_on" in table.written and reader.count_on != gate.count_on:
        text = (
            f"found {reader.count_on!r}, but {gate.id}, which it opens, counts on "
            f"{gate.count_on!r}: leave it out"
        )
        yield table.problem("count_on", text=text)


def _interlocks(draft: Draft) -> Iterator[Problem]:
    """Find interlocks of one door, and those no single gateway could keep."""
    groups: dict[str, list[Table[Equipment]]] = defaultdict(list)
    for table in draft.equipment:
        name = table.text("interlock")
        if name is not None and table.text("kind") == "door":
            groups[name].append(table)
    gateways = {each.id: each.text("gateway") or "main" for each in draft.controllers}
    for name, tables in groups.items():
        first, *others = tables
        if not others:
            known = [group for group in groups if group != name]
            there = f"; other interlocks here: {', '.join(known)}" if known else ""
            text = f"found {name!r}, which no other door has: an interlock is of two or more{there}"
            yield first.problem("interlock", text=text)
        for table in others:
            mine, theirs = (gateways.get(each.text("controller")) for each in (table, first))
            if mine is not None and theirs is not None and mine != theirs:
                text = (
                    f"found {name!r}, but {first.id} is run by gateway {theirs} "
                    f"and this door by {mine}"
                )
                yield table.problem("interlock", text=text)
