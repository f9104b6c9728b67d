"""Tickets as the gateway writes and searches them for its HTTP callers."""

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from gateway.central.pool import Pool
from gateway.central.values import value_error
from gateway.errors import DatabaseValueError

if TYPE_CHECKING:
    from gateway.central.pool import PooledConnection

TICKET_COLUMNS: Final = (
    "code",
    "product",
    "session",
    "valid_from",
    "valid_until",
    "windows",
    "order_ref",
    "ordered_at",
    "payer",
    "holder",
    "audience",
    "audience_label",
    "persons",
    "spaces",
    "status",
    "hold_until",
    "replaced_by",
    "form_required",
    "form_signed",
    "attention",
    "destroyed_at",
    "source",
)
"""What a seller writes of a ticket, in the order of catalogue.put_ticket."""

_ARGUMENT = re.compile(r"query argument \$(\d+)")
_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class Catalogue(Pool):
    """What sellers write."""

    async def find_tickets(
        self, *, order: str | None, holder: str | None, after: str | None = None, limit: int = 100
    ) -> list[str]:
        """Return the codes of tickets by their order, by words of the holder's name, or by both."""
        if order and holder:
            rows = await self.fetch("catalogue.by_order_and_holder", order, holder, after, limit)
        elif order:
            rows = await self.fetch("catalogue.by_order", order, after, limit)
        elif holder:
            rows = await self.fetch("catalogue.by_holder", holder, after, limit)
        else:
            rows = []
        return [row["code"] for row in rows]

    async def put_tickets(self, rows: Sequence[Mapping[str, Any]]) -> list[asyncpg.Record]:
        """Write tickets, all or none, and return them as the feed would: with their `rev`.

        Args:
            rows: All of a ticket's columns by name; instants aware, `windows` as JSON text.

        Raises:
            DatabaseValueError: The database does not take a value.
        """
        # In one order for everybody: two who write the same tickets wait, and never for each other.
        ordered = sorted(rows, key=itemgetter("code"))
        query = self.queries["catalogue.put_ticket"]
        async with self.acquire() as connection, connection.transaction():
            try:
                written = await connection.fetchmany(
                    query, [[row[name] for name in TICKET_COLUMNS] for row in ordered]
                )
            except _REFUSED as error:
                raise _named(value_error(error)) from error
            await self._look_for_sessions(connection, ordered)
            revs = {row["code"]: row["rev"] for row in written}
            return await connection.fetch(
                self.queries["feed.tickets"], list(revs), list(revs.values())
            )

    async def _look_for_sessions(
        self, connection: "PooledConnection", rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Refuse windows of sessions that are not there: the gate could not tell when they are."""
        windows = [row["windows"] for row in rows if row["windows"] is not None]
        unknown = windows and await connection.fetch(
            self.queries["catalogue.unknown_sessions"], windows
        )
        if unknown:
            raise DatabaseValueError("windows", f"there is no session {unknown[0]['id']}")


def _named(error: DatabaseValueError) -> DatabaseValueError:
    """Name the column of a value that the driver itself cannot send, such as the year 0."""
    argument = _ARGUMENT.search(error.detail)
    if error.field or argument is None:
        return error
    return DatabaseValueError(TICKET_COLUMNS[int(argument[1]) - 1], "a value that cannot be kept")
