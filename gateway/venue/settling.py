"""Give back what was reserved for passages that never came.

Every gateway settles what is overdue, its own or not, so a dead one needs no heir; who comes second
finds nothing left to do. While the store is away nothing can be settled and nothing is lost.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.entitlements.store import NotPossible, UnknownEvent
from gateway.errors import StoreUnavailable
from gateway.tickets.event import EventRow

EVERY_S = 0.5
AT_ONCE = 100

log = structlog.get_logger()


class Reservations(Protocol):
    """Where reservations wait."""

    async def overdue(self, now: int, count: int = 100) -> list[tuple[str, str]]:
        """List those whose deadline has passed: (event, code)."""


class Grants(Protocol):
    """What makes an end of one."""

    async def grant(self, event: str) -> EventRow | None:
        """Read the event of a grant."""

    async def annul(self, row: EventRow) -> object:
        """Give back those who have not passed."""


async def settle_overdue(reservations: Reservations, grants: Grants, now: int) -> int:
    """Annul what is overdue; return how many there were.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    overdue = await reservations.overdue(now, AT_ONCE)
    for event, _code in overdue:
        row = await grants.grant(event)
        if row is None:
            log.warning("overdue_grant_gone", grant=event)
            continue
        try:
            await grants.annul(row)
        except (NotPossible, UnknownEvent):
            continue  # all have passed meanwhile, or another gateway was first
    return len(overdue)


async def keep_settling(
    reservations: Reservations, grants: Grants, clock: Callable[[], int]
) -> None:
    """Settle until cancelled."""
    while True:
        settled = AT_ONCE
        while settled == AT_ONCE:
            try:
                settled = await settle_overdue(reservations, grants, clock())
            except StoreUnavailable:
                settled = 0
        await asyncio.sleep(EVERY_S)
