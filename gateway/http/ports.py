"""What the HTTP face asks of the central database; every call raises `DatabaseUnavailable`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gateway.tickets.event import EventRow
from gateway.tickets.model import Product, Session, Ticket


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

    async def put_tickets(self, tickets: Sequence[Ticket]) -> None:
        """Write tickets; raises `DatabaseValueError`."""

    async def put_products(self, products: Sequence[Product]) -> None:
        """Write products; raises `DatabaseValueError`."""

    async def put_sessions(self, sessions: Sequence[Session]) -> None:
        """Write sessions; raises `DatabaseValueError`."""
