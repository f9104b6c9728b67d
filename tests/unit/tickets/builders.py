"""Small tickets and places for tests of the rules."""

from typing import Any

from gateway.tickets.model import NEW, Product, Ticket, TicketState
from gateway.tickets.ruling import Entitlement
from gateway.tickets.scan import Direction, Scan, Space, Venue

NOON = 1_781_344_800_000
"""12:00 on Saturday 13 June 2026 in Paris."""
TODAY = 20260613
HALL = Venue({"hall": Space("hall")})


def an_entitlement(
    state: TicketState = NEW, product: dict[str, Any] | None = None, **ticket: Any
) -> Entitlement:
    """Return a ticket with its product; one stamp and one person unless said otherwise."""
    return Entitlement(
        Ticket("KRSXG5CTNVZA2", "visit", **ticket), state, Product("visit", **product or {})
    )


def a_scan(**fields: Any) -> Scan:
    """Return an entry into the hall at noon."""
    usual: dict[str, Any] = {"now": NOON, "day": TODAY, "space": "hall", "reader": "north-1"}
    return Scan(**usual | fields)


def an_exit(**fields: Any) -> Scan:
    """Return an exit from the hall at noon."""
    return a_scan(direction=Direction.EXIT, **fields)
