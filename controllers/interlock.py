"""Doors of which one opens at a time: a mantrap, an airlock.

A member may unlock only while all the others are secure: closed and locked, and known to be. Free
modes are people's own word and are not questioned, but while a door is free the others stay shut.
In an evacuation every door opens.
"""

from typing import Protocol


class Member(Protocol):
    """A door of the group."""

    @property
    def secure(self) -> bool:
        """Whether it is closed and locked, and known to be."""


class Interlock:
    """A group of doors; each joins when it is made."""

    def __init__(self) -> None:
        self._members: list[Member] = []

    def join(self, member: Member) -> None:
        """Take a door into the group."""
        self._members.append(member)

    def allows(self, member: Member) -> bool:
        """Return whether this door may unlock."""
        return all(other.secure for other in self._members if other is not member)
