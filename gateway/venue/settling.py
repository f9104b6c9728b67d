"""Give back what was reserved for passages that never came.

Every gateway settles what is overdue, its own or not, so a dead one needs no heir; who comes second
finds nothing left to do. While the store is away nothing can be settled and nothing is lost.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

import structlog
from redis.exceptions import RedisError

from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.store import NotPossible, UnknownEvent
from gateway.errors import DatabaseUnavailable, StoreUnavailable
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


class Archive(Protocol):
    """Where the events are that the store's stream holds no more."""

    async def event(self, event_id: str) -> EventRow | None:
        """Read an event."""


async def settle_overdue(
    reservations: Reservations, grants: Grants, archive: Archive, now: int
) -> int:
    """Annul what is overdue; return how many came to an end.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    settled = 0
    for event, code in await reservations.overdue(now, AT_ONCE):
        try:
            row = await grants.grant(event) or await archive.event(event)
        except DatabaseUnavailable:
            continue  # a rebuilt store's reservation: its grant is there only
        if row is None:
            log.warning("overdue_grant_gone", grant=event)
            row = lost_grant(event, code)
        with suppress(NotPossible, UnknownEvent):  # all have passed, or another gateway was first
            await grants.annul(row)
        settled += 1
    return settled


async def prolong(admin: StoreAdmin, event: str, code: str, until: int) -> None:
    """Have a reservation end no sooner than then (ms); one that has ended stays so.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    try:
        await admin.client.zadd(admin.key("open"), {f"{event}\t{code}": until}, xx=True, gt=True)
    except (RedisError, OSError) as error:
        raise StoreUnavailable from error


def lost_grant(event: str, code: str) -> EventRow:
    r"""Make up the line of a grant that nobody kept, so that its ticket can be released.

    The ticket itself remembers persons and window; of the space nothing is known.

    >>> lost_grant("1-1763759123456-0", "ABC").line()[:8]
    '0\ts\t\tABC'
    """
    at = event.split("-")[1]
    known = {
        "event_id": event,
        "at": at,
        "kind": "s",
        "ticket_code": code,
        "direction": "e",
        "decision": "g",
        "persons": "1",
        "deadline": at,
    }
    return EventRow(**{name: known.get(name, "") for name in _COLUMNS})


_COLUMNS: Final = EventRow._fields


async def keep_settling(
    reservations: Reservations, grants: Grants, archive: Archive, clock: Callable[[], int]
) -> None:
    """Settle until cancelled."""
    while True:
        settled = AT_ONCE
        while settled == AT_ONCE:
            try:
                settled = await settle_overdue(reservations, grants, archive, clock())
            except StoreUnavailable:
                settled = 0
        await asyncio.sleep(EVERY_S)
