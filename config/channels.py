"""Whether the channels of equipment are there on its board, each used once."""

from collections.abc import Iterator, Mapping

from config.contacts import ENTRY, EXIT
from config.draft import Draft, Table
from config.models import Equipment
from config.problems import Problem, suggested
from config.wires import ChannelRange

type _Place = tuple[str, bool, int]
"""A contact: the controller, whether it is an output, its number."""


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Find channels that are not allowed, missing, out of range or used twice."""
    yield from _boards(draft)
    yield from _lines(draft)
    used: dict[_Place, tuple[str, str]] = {}
    for table in draft.equipment:
        equipment = table.model
        if equipment is None or equipment.controller is None:
            continue
        wire = draft.wires.get(equipment.controller)
        if wire is None:
            continue
        ranges = wire.channels(equipment.kind)
        yield from _names(table, equipment, ranges)
        yield from _numbers(table, equipment, ranges, used)


def _boards(draft: Draft) -> Iterator[Problem]:
    """Find boards described twice: their channels would be used twice unseen."""
    seen: dict[tuple[str | None, str], str] = {}
    for table in draft.controllers:
        name = table.id or ""
        wire = draft.wires.get(name)
        if wire is None or wire.board is None:
            continue
        key, value = wire.board
        owner = seen.setdefault((table.text("driver"), value), name)
        if owner != name:
            yield table.problem(key, text=f"found {value!r}, the board of {owner} already")


def _lines(draft: Draft) -> Iterator[Problem]:
    """Find controllers that share a line and describe it in two ways."""
    seen: dict[str, tuple[str, Mapping[str, object]]] = {}
    for table in draft.controllers:
        name = table.id or ""
        wire = draft.wires.get(name)
        if wire is None or wire.shared_line is None:
            continue
        key, value, spoken = wire.shared_line
        owner, before = seen.setdefault(value, (name, spoken))
        for setting, found in spoken.items():
            if before.get(setting) != found:
                text = (
                    f"{value} is {owner}'s line, too: {setting} is {found!r} here and "
                    f"{before.get(setting)!r} there"
                )
                yield table.problem(key, text=text)


def _names(
    table: Table[Equipment], equipment: Equipment, ranges: Mapping[str, ChannelRange]
) -> Iterator[Problem]:
    """Find channels that do not belong here, and those that are missing."""
    channels = equipment.channels
    here = f"a {equipment.kind} on {equipment.controller}"
    for name in channels:
        if not ranges:
            yield table.problem("channels", name, text=f"means nothing: {here} has no channels")
        elif name not in ranges:
            text = f"is no channel of {here}; {suggested(name, list(ranges))}"
            yield table.problem("channels", name, text=text)
        elif not _serves(equipment, name):
            text = f"found, but direction is {equipment.direction!r}"
            yield table.problem("channels", name, text=text)
        elif (pair := ranges[name].pair_with) and pair not in channels:
            yield table.problem("channels", name, text=f"needs {pair} beside it")
    for name, allowed in ranges.items():
        if allowed.required and name not in channels and _serves(equipment, name):
            yield table.problem(
                "channels",
                text=f"{name} is missing: {here} needs it, allowed: "
                f"{allowed.lowest} to {allowed.highest}",
            )


def _serves(equipment: Equipment, channel: str) -> bool:
    """Tell whether a channel belongs to a direction the equipment serves, or to none."""
    return not (
        (channel.endswith(ENTRY) and "entry" not in equipment.directions)
        or (channel.endswith(EXIT) and "exit" not in equipment.directions)
    )


def _numbers(
    table: Table[Equipment],
    equipment: Equipment,
    ranges: Mapping[str, ChannelRange],
    used: dict[_Place, tuple[str, str]],
) -> Iterator[Problem]:
    """Find numbers the board does not have, and contacts used twice."""
    for name, channel in equipment.channels.items():
        if (allowed := ranges.get(name)) is None:
            continue
        sort = "output" if allowed.output else "input"
        if not allowed.lowest <= channel.at <= allowed.highest:
            text = (
                f"found {channel.at}, allowed: {allowed.lowest} to {allowed.highest}, "
                f"the {sort}s of {equipment.controller}"
            )
            yield table.problem("channels", name, text=text)
            continue
        place = (equipment.controller or "", allowed.output, channel.at)
        owner, owned = used.setdefault(place, (equipment.id, name))
        if (owner, owned) != (equipment.id, name):
            text = (
                f"found {channel.at}, but {sort} {channel.at} of {equipment.controller} "
                f"is {owned} of {owner} already"
            )
            yield table.problem("channels", name, text=text)
