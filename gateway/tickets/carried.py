"""What a handheld carries of a ticket, to decide while the gateway is away.

A row says as much as may be known beforehand: what stands against the ticket whatever the hour, its
windows at the reader's space with the stamps left in each, whom it lets in. Where the answer hangs
on what happens meanwhile (somebody coming back, a limit by day) it says that nobody there can tell;
then a person decides. ``gateway/web/scan/rule.js`` judges by it, and never contradicts the rule.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.tickets.model import Product, Reentry, Session, Status, Ticket, TicketState
from gateway.tickets.party import comes_whole
from gateway.tickets.reasons import Reason
from gateway.tickets.windows import opens, resolve, sold

KEY_LENGTH: Final = 22
"""Of the hash in base64: 132 bits."""

type Row = dict[str, Any]


def key_of(site: str, code: str) -> str:
    """Return the place of a ticket in a list: nobody reads its code from it.

    >>> key_of("museum", "KRSXG5CTNVZA2")
    'EYl5VTBYtVxWUsW3SIwG3m'
    """
    digest = hashlib.sha256(f"{site}:{code}".encode()).digest()
    return urlsafe_b64encode(digest).decode()[:KEY_LENGTH]


def carried(
    ticket: Ticket,
    product: Product,
    sessions: Mapping[str, Session],
    state: TicketState,
    chain: tuple[str, ...],
    *,
    refuses_inside: bool = False,
) -> Row:
    """Write the row of a ticket for a reader of a space, given with the spaces around it.

    ``n`` persons, ``g`` they come together, ``r`` the reason that stands against it, ``u`` nobody
    can tell offline; ``w`` its windows there, in its order: [from, until, stamps left] in whole
    seconds since the epoch, null open or unlimited.
    """
    whole = comes_whole(ticket, product)
    row: Row = {"n": ticket.persons, "g": whole, "r": None, "u": False, "w": []}
    standing = next(_against(ticket, product, state), None)
    if standing is not None:
        return row | {"r": standing}
    resolved = resolve(ticket, product, sessions, state.first_at)
    places = list(enumerate(sold(ticket)))
    here = [n for n, window in places if opens(window, ticket, product, chain)]
    if not here:
        return row | {"r": Reason.WRONG_SPACE}
    windows = [resolved[n] for n in here]
    if None in windows or _is_open(ticket, product, state, refuses_inside=refuses_inside):
        return row | {"u": True}
    return row | {
        "w": [
            [window.starts, window.until, _left(ticket, product, state, n)]
            for n, window in zip(here, windows, strict=True)
            if window is not None
        ]
    }


def _against(ticket: Ticket, product: Product, state: TicketState) -> Iterator[Reason]:
    """Give what stands against a ticket at any hour, in order of precedence."""
    if ticket.destroyed_at is not None or state.destroyed_at is not None:
        yield Reason.DESTROYED
    if ticket.status in {Status.CANCELLED, Status.REPLACED}:
        yield Reason.CANCELLED
    if ticket.status is Status.ON_HOLD and ticket.hold_until is not None:
        return  # it lapses at its hour
    if ticket.status is Status.BLOCKED or product.blocked:
        yield Reason.BLOCKED
    if ticket.status is Status.ON_HOLD:
        yield Reason.ON_HOLD
    if ticket.status is Status.UNPAID and not product.allow_unpaid:
        yield Reason.UNPAID
    if ticket.form_required and not ticket.form_signed:
        yield Reason.FORM_MISSING


def _is_open(ticket: Ticket, product: Product, state: TicketState, *, refuses_inside: bool) -> bool:
    """Tell whether the answer hangs on what happens after the list was made."""
    used = state.made > 0
    coming = used and (product.reentry is not Reentry.NONE or refuses_inside)
    party = used and ticket.persons > 1
    by_day = product.max_stamps_per_day is not None or product.min_interval_s > 0
    held = ticket.status is Status.ON_HOLD
    return coming or party or by_day or held


def _left(ticket: Ticket, product: Product, state: TicketState, index: int) -> int | None:
    """Return the stamps left in a window; ``None``: no limit."""
    allowed = sold(ticket)[index].stamps
    if allowed is None:
        allowed = product.max_stamps
    if allowed is None:
        return None
    made = state.made_by_window[index] if index < len(state.made_by_window) else 0
    return max(0, allowed - made)
