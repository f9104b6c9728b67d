"""What the HTTP face asks of the central database; every call raises `DatabaseUnavailable`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gateway.entitlements.packing import Row
from gateway.tickets.event import EventRow


class Central(Protocol):
    """The central database."""

    async def history(
        self, code: str, *, after: str | None, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return the events of a ticket as rows of `scan_event`, oldest first."""

    async def find_tickets(
        self, *, order: str | None, holder: str | None, after: str | None, limit: int
    ) -> Sequence[str]:
        """Return the codes of tickets by their order or holder, in order."""

    async def event(self, event_id: str) -> EventRow | None:
        """Return one event that the store's stream does not hold any more."""

    async def put_tickets(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Row]:
        """Write tickets, and return them as the store takes them (with their ``rev``).

        Raises:
            DatabaseValueError: the database refuses a value; none of the rows is written.
        """
