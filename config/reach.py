"""Whether spaces can be entered and left again, and boards are used."""

from collections.abc import Iterator

from config.draft import Draft, Table
from config.models import Space
from config.problems import Problem

_LEADS = ("reader", "turnstile", "door")


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Find spaces that nothing leads into, where it is known what leads where."""
    ids = {space.id for space in draft.spaces}
    known = all(each.text("space") in ids for each in draft.equipment) and all(
        each.text("parent") in ids for each in draft.spaces if "parent" in each.written
    )
    if not known:
        return
    entered = _served(draft, "entry")
    shut = {each.id for each in draft.spaces if not _inner(draft, str(each.id)) & entered}
    for space in draft.spaces:
        if space.model is not None and space.id in shut and space.model.parent not in shut:
            text = (
                f"found {space.id!r}, but nothing leads into it: no reader, turnstile or door "
                "serves it, or a space within it, by the entry"
            )
            yield space.problem("id", text=text)


def warnings_of(draft: Draft) -> Iterator[Problem]:
    """Find spaces that fill up for good, and what has no effect."""
    left = _served(draft, "exit")
    for space in draft.spaces:
        if space.model is not None:
            yield from _filling(space, space.model, draft, left)
            yield from _idle(space, space.model)
    used = {each.text("controller") for each in draft.equipment}
    for controller in draft.controllers:
        if controller.id not in used:
            yield controller.problem("id", text=f"no equipment is wired to {controller.id!r}")


def _filling(table: Table[Space], space: Space, draft: Draft, left: set[str]) -> Iterator[Problem]:
    """Find spaces that nobody is ever seen to leave."""
    if (_inner(draft, space.id) | _outer(draft, space.id)) & left or space.dwell_min:
        return
    if space.capacity is not None:
        text = (
            f"{space.capacity} persons fill it for good: no equipment serves its exit; "
            "add one, or dwell_min"
        )
        yield table.problem("capacity", text=text)
    if space.anti_passback == "hard" and not (space.anti_passback_min or space.anti_passback_reset):
        text = (
            "nobody can come a second time: no equipment serves the exit; add one, "
            "or anti_passback_min, or anti_passback_reset"
        )
        yield table.problem("anti_passback", text=text)


def _idle(table: Table[Space], space: Space) -> Iterator[Problem]:
    if space.anti_passback == "off":
        for key in ("anti_passback_min", "anti_passback_reset"):
            if table.written.get(key):
                yield table.problem(key, text="has no effect: anti_passback is off")


def _served(draft: Draft, direction: str) -> set[str]:
    """Return the spaces that a reader, turnstile or door serves in a direction.

    One with an error in it may have meant to.
    """
    return {
        each.text("space") or ""
        for each in draft.equipment
        if each.model is None or (each.model.kind in _LEADS and direction in each.model.directions)
    }


def _inner(draft: Draft, space: str) -> set[str]:
    """Return a space and those within it."""
    found = {space}
    while more := {
        each.id
        for each in draft.spaces
        if each.id is not None and each.id not in found and each.text("parent") in found
    }:
        found |= more
    return found


def _outer(draft: Draft, space: str) -> set[str]:
    """Return a space and those around it."""
    parents = {each.id: each.text("parent") for each in draft.spaces}
    found: set[str] = set()
    at: str | None = space
    while at is not None and at not in found:
        found.add(at)
        at = parents.get(at)
    return found
