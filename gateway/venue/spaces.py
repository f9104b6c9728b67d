"""The spaces as people see them: what the site file says of each, what the store counts in it."""

from collections.abc import Iterable
from typing import Final

from gateway.entitlements.admin import SpaceState
from gateway.venue.answers import Document
from gateway.venue.operations import Operations

SHUT: Final = frozenset({"locked", "evacuate"})
"""Modes in which nobody is let in."""


def space_documents(operations: Operations, states: Iterable[SpaceState]) -> dict[str, Document]:
    """Write every space of the site file with what the store counts in it.

    A space within one that is locked or evacuated lets nobody in either.
    """
    counted = {state.id: state for state in states}
    evacuated = operations.evacuation.spaces
    documents: dict[str, Document] = {}
    for facts in operations.spaces.values():
        state = counted.get(facts.id)
        mode = "normal" if state is None else state.mode
        if facts.id in evacuated:
            mode = "evacuate"
        documents[facts.id] = {
            "id": facts.id,
            "name": facts.name,
            "parent": facts.parent,
            "open": facts.open,
            "mode": mode,
            "capacity": facts.capacity,
            "inside": 0 if state is None else state.inside,
            "reserved": 0 if state is None else state.reserved,
        }
    shut = {name for name, space in documents.items() if space["mode"] in SHUT}
    for name, document in documents.items():
        document["open"] = document["open"] and shut.isdisjoint(chain(operations, name))
    return documents


def chain(operations: Operations, space: str) -> tuple[str, ...]:
    """Return a space and those around it, innermost first."""
    names: list[str] = []
    name: str | None = space
    while name is not None and name not in names:
        names.append(name)
        facts = operations.spaces.get(name)
        name = None if facts is None else facts.parent
    return tuple(names)
