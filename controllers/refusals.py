"""A reason of refusal that jumps: many more than just now, and more than chance explains.

Forged tickets, a wrong margin, a reader that reads badly: each shows first as refusals for one
reason. A pure machine: it is told what was counted in the last minutes and in the quarter of an
hour before, and says what has begun and what is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final

RECENT_S: Final = 120
"""What is looked at."""
BEFORE_S: Final = 900
"""What it is compared with: the quarter of an hour before that."""
FEWEST: Final = 6
"""So many in two minutes at least, whatever came before."""
TIMES: Final = 3.0
"""So many times what was to be expected."""
SPREAD: Final = 4.0
"""So many standard deviations above it (of a Poisson distribution)."""
USUAL: Final = 0.02
"""Two of a hundred scans are refused for a reason without anybody having to look."""
OVER: Final = 1.5
"""It is over when there are fewer than so many times what was to be expected."""
EXPECTED_ANYWAY: Final = frozenset({"evacuation"})
"""Reasons that follow from what an operator has done to everybody."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Refusals by reason in a span, and all scans of it."""

    refused: Mapping[str, int]
    scans: int


@dataclass(frozen=True, slots=True)
class Jumped:
    """A reason has jumped: so many in the last two minutes, so many in the quarter hour before."""

    reason: str
    recent: int
    before: int


@dataclass(frozen=True, slots=True)
class Settled:
    """A reason is as it was before it jumped."""

    reason: str


class Refusals:
    """Follows the refusals of a site."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}
        """What was usual before each jump that lasts: a jump does not become usual by lasting."""

    @property
    def lasting(self) -> frozenset[str]:
        """The reasons whose jump is not over."""
        return frozenset(self._shares)

    def step(self, recent: Counted, before: Counted) -> list[Jumped | Settled]:
        """Look once; return what has begun and what is over."""
        found: list[Jumped | Settled] = []
        for reason in sorted(recent.refused.keys() | self._shares.keys()):
            now = recent.refused.get(reason, 0)
            share = self._shares.get(reason)
            if share is None:
                usual = self._usual(reason, before)
                if reason not in EXPECTED_ANYWAY and is_jump(now, usual * recent.scans):
                    self._shares[reason] = usual
                    found.append(Jumped(reason, now, before.refused.get(reason, 0)))
            elif now < FEWEST or now < OVER * share * recent.scans:
                del self._shares[reason]
                found.append(Settled(reason))
        return found

    def _usual(self, reason: str, before: Counted) -> float:
        """Return the share of scans that are refused for a reason when nothing is wrong."""
        share = before.refused.get(reason, 0) / before.scans if before.scans else 0.0
        return max(share, USUAL)


def is_jump(now: int, expected: float) -> bool:
    """Tell whether so many are more than chance and habit explain.

    >>> is_jump(5, 0.1), is_jump(20, 2.0), is_jump(20, 10.0)
    (False, True, False)
    """
    return now >= FEWEST and now > TIMES * expected and now > expected + SPREAD * sqrt(expected)
