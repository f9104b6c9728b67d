"""The four roles; each may do what those before it may."""

from enum import StrEnum


class Role(StrEnum):
    """What the holder of a key may do; later members include earlier ones.

    >>> Role.OPERATOR.rank > Role.SCANNER.rank
    True
    """

    VIEWER = "viewer"
    SCANNER = "scanner"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Tell the place among the roles, 0 (viewer) to 3 (admin)."""
        return RANKS[self]


RANKS = {role: position for position, role in enumerate(Role)}

MAY = frozenset({"destroy"})
"""Single rights a key may carry beyond its role."""
