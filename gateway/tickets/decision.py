"""What the entitlement store answers to a scan: the decision and the ticket as a steward needs it.

Values only. Instants are integer milliseconds since the epoch (UTC), window bounds whole seconds.
Each scan makes two of them, so they are structs: 0.1 us to make, where a frozen dataclass of
as many fields takes 1.8 us.
"""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from gateway.tickets.codes.reading import Fact


class Window(NamedTuple):
    """The span in which a ticket may be stamped: ``starts <= now <= until`` in whole seconds.

    ``None`` is an open end.
    """

    starts: int | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """An admission that the rules would have refused, found after the fact."""

    reason: str
    with_event: str | None
    reader: str | None
    at: int | None


class TicketView(msgspec.Struct, frozen=True, gc=False):
    """The ticket as it stands after the decision (DESIGN 7, ``ticket`` of the answer)."""

    code: str
    product: str
    session: str | None
    label: str
    audience: str
    holder: str | None
    persons: int
    persons_left: int
    status: str
    hold_until: int | None
    replaced_by: str | None
    destroyed_at: int | None
    windows: tuple[Window, ...]
    window: Window
    made: int
    allowed: int | None
    first_at: int | None
    first_reader: str | None
    last_at: int | None
    last_reader: str | None
    inside: str | None


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer of the store to one scan.

    ``reason`` is ``None`` when granted. ``event`` is the id of the event made (the first one's when
    ``replayed``; ``None`` for a check). ``persons`` are those granted or asked for.
    """

    granted: bool
    reason: str | None = None
    event: str | None = None
    replayed: bool = False
    conflict: Conflict | None = None
    attention: bool = False
    persons: int = 1
    ticket: TicketView | None = None
    degraded: bool = False
    fact: Fact | None = None
    """What is known of a code that is refused; put in by the gateway, which has read it."""

    def with_fact(self, fact: Fact) -> "Decision":
        """Return the decision with what is known of its code."""
        return msgspec.structs.replace(self, fact=fact)
