"""When and where a ticket may be stamped: from margins, sessions and spans to one window.

Times are resolved at the scan, so that a moved session is one write. A window counts whole
seconds since the epoch and holds from its first to its last, both included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.tickets.decision import Window
from gateway.tickets.model import MarginFrom, Product, Session, Ticket, TicketWindow
from gateway.tickets.reasons import Reason

MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """The window a scan falls into, and why it does not open (no reason: it holds now).

    ``index`` is its place among the ticket's windows, ``-1`` where no window can be told.
    """

    index: int
    window: Window
    reasons: tuple[Reason, ...] = ()


def sold(ticket: Ticket) -> tuple[TicketWindow, ...]:
    """Return the windows as sold; a ticket without a list has one: its session, else its span."""
    if ticket.windows:
        return ticket.windows
    if ticket.session is not None:
        return (TicketWindow(session=ticket.session),)
    return (TicketWindow(starts=ticket.valid_from, until=ticket.valid_until),)


def resolve(
    ticket: Ticket,
    product: Product,
    sessions: Mapping[str, Session],
    first_at: int | None = None,
) -> tuple[Window | None, ...]:
    """Return the ticket's windows in its order; ``None`` for one whose session is not known.

    Once stamped, every window also ends ``valid_for_s`` after the first stamp.
    """
    last = None
    if product.valid_for_s is not None and first_at is not None:
        last = first_at // MS_PER_S + product.valid_for_s
    return tuple(_resolve_one(window, product, sessions, last) for window in sold(ticket))


def _resolve_one(
    window: TicketWindow, product: Product, sessions: Mapping[str, Session], last: int | None
) -> Window | None:
    if window.session is None:
        starts, until = _seconds(window.starts), _seconds(window.until)
    elif (session := sessions.get(window.session)) is not None:
        starts, until = with_margins(session, product)
    else:
        return None
    if last is not None and (until is None or last < until):
        until = last
    return Window(starts, until)


def with_margins(session: Session, product: Product) -> Window:
    """Return the span in which a session's tickets may be stamped.

    >>> at_two = Session("s", "tour", starts_at=50_400_000, ends_at=54_000_000)
    >>> with_margins(at_two, Product("tour", margin_before_s=1800, margin_after_s=900))
    Window(starts=48600, until=54900)
    """
    after = session.starts_at
    if product.margin_after_from is MarginFrom.END and session.ends_at is not None:
        after = session.ends_at
    return Window(
        session.starts_at // MS_PER_S - product.margin_before_s,
        after // MS_PER_S + product.margin_after_s,
    )


def _seconds(at: int | None) -> int | None:
    return None if at is None else at // MS_PER_S


def opens(window: TicketWindow, ticket: Ticket, product: Product, chain: tuple[str, ...]) -> bool:
    """Tell whether a window lists a space, given with the spaces around it.

    The window's spaces count, else the ticket's, else the product's; no list, or an empty one,
    opens any space. A space named opens those within it.
    """
    spaces = window.spaces or ticket.spaces or product.spaces
    return not spaces or any(space in chain for space in spaces)


def choose(
    ticket: Ticket,
    product: Product,
    windows: tuple[Window | None, ...],
    chain: tuple[str, ...],
    now: int,
) -> Choice:
    """Choose the window of a scan among those that list its space.

    The first in order that holds now; else the next to come (``too_early``); else the last past
    (``too_late``). If none lists the space the same choice is made among all, for the display and
    for an override, and ``wrong_space`` comes before its own reason. Where sessions are missing in
    the catalogue and no other window is left, the store cannot tell: ``store_unavailable``.
    """
    as_sold = sold(ticket)
    everywhere = range(len(as_sold))
    here = [n for n in everywhere if opens(as_sold[n], ticket, product, chain)]
    among = [(n, window) for n in here or everywhere if (window := windows[n]) is not None]
    if not among:
        return Choice(-1, Window(None, None), (Reason.STORE_UNAVAILABLE,))
    choice = _nearest(among, now // MS_PER_S)
    return choice if here else replace(choice, reasons=(Reason.WRONG_SPACE, *choice.reasons))


def _nearest(windows: list[tuple[int, Window]], now_s: int) -> Choice:
    for index, window in windows:
        if _holds(window, now_s):
            return Choice(index, window)
    coming = [(index, window) for index, window in windows if _comes(window, now_s)]
    if coming:
        index, window = min(coming, key=lambda numbered: numbered[1].starts or 0)
        return Choice(index, window, (Reason.TOO_EARLY,))
    index, window = max(windows, key=lambda numbered: numbered[1].until or 0)
    return Choice(index, window, (Reason.TOO_LATE,))


def _holds(window: Window, now_s: int) -> bool:
    return (window.starts is None or window.starts <= now_s) and (
        window.until is None or now_s <= window.until
    )


def _comes(window: Window, now_s: int) -> bool:
    """Tell whether a window will hold later; one that ended before it starts never does."""
    return (
        window.starts is not None
        and now_s < window.starts
        and (window.until is None or window.starts <= window.until)
    )
