"""Grants that a machine carries out, and those it remembers: which of their persons have passed."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from controllers.commands import Annul, Command, Commit, Count, Direction

REMEMBERED = 256
"""So many grants of late are remembered: a passage may be reported long after its time."""

OPENED_BY_OPERATOR = "opened by operator"


class Kind(StrEnum):
    """What a release is for, and so what its passage does to the books."""

    GRANT = "grant"
    """A reservation: passages commit it, the rest is given back."""
    COUNTED = "counted"
    """Counted at the grant already: passages change nothing."""
    ACT = "act"
    """An operator opens: whoever passes is counted, without a ticket."""


@dataclass(slots=True)
class Grant:
    """One grant, or one operator's act, in one direction.

    ``persons`` is ``None`` where the machine was never told of the grant: it was made before a
    restart. `passed` then counts from the restart on.
    """

    direction: Direction
    tx: str
    persons: int | None
    kind: Kind = Kind.GRANT
    longer: bool = False
    passed: int = 0

    @property
    def left(self) -> int:
        """How many have not passed; endless where nobody knows."""
        return 1 if self.persons is None else self.persons - self.passed

    def passes(self, event_id: str | None, at: int | None) -> list[Command]:
        """One more has passed: return what the books are told."""
        self.passed += 1
        match self.kind:
            case Kind.GRANT:
                return [Commit(self.tx, self.passed, at)]
            case Kind.ACT:
                return [Count(self.direction, 1, OPENED_BY_OPERATOR, event_id, at)]
            case Kind.COUNTED:
                return []

    def all_pass(self) -> list[Command]:
        """All have passed, as far as can be told: return what the books are told."""
        commands: list[Command] = []
        while self.persons is not None and self.left:
            commands = self.passes(None, None)
        return commands

    def give_back(self, why: str) -> list[Command]:
        """Nobody else passes: return what the books are told."""
        return [Annul(self.tx, why)] if self.kind is Kind.GRANT and self.left else []


class Memory:
    """The grants of late, by ``tx``."""

    def __init__(self) -> None:
        self._grants: OrderedDict[str, Grant] = OrderedDict()

    def __contains__(self, tx: str) -> bool:
        return tx in self._grants

    def get(self, tx: str) -> Grant | None:
        """Return the grant, if it is remembered."""
        return self._grants.get(tx)

    def add(self, grant: Grant) -> Grant:
        """Remember a grant."""
        self._grants[grant.tx] = grant
        while len(self._grants) > REMEMBERED:
            self._grants.popitem(last=False)
        return grant
