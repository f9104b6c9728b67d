"""How many come in on a ticket, and what that uses up: a stamp, the rest of one, or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.tickets.model import Audience, Product, Reentry, Ticket, TicketState
from gateway.tickets.occupancy import covers
from gateway.tickets.reasons import Reason
from gateway.tickets.scan import Scan, Venue
from gateway.tickets.windows import MS_PER_S, sold


class Kind(StrEnum):
    """What a grant is."""

    STAMP = "stamp"
    """One more use; its persons are admitted on it."""
    REST = "rest"
    """Persons admitted on a stamp already made."""
    REENTRY = "reentry"
    """Persons admitted before who come in again."""
    EXIT = "exit"
    FREE = "free"
    """The gate is free: persons are counted, the ticket stays as it is."""


@dataclass(frozen=True, slots=True)
class Account:
    """What has been used of one window of a ticket."""

    persons: int
    """Whom one stamp covers."""
    made: int
    admitted: int
    allowed: int | None
    inside: int
    """Persons of the ticket inside now, whatever their window."""

    @property
    def left(self) -> int:
        """Return the persons who may still come in on the stamps made."""
        return max(0, self.made * self.persons - self.admitted)

    @property
    def out(self) -> int:
        """Return the persons of the last stamp who are outside."""
        return self.persons - self.left - self.inside


@dataclass(frozen=True, slots=True)
class Party:
    """Those who come in now; ``objections`` in order of precedence."""

    kind: Kind
    persons: int
    objections: tuple[Reason, ...] = ()


def account(ticket: Ticket, state: TicketState, product: Product, index: int) -> Account:
    """Add up a window of a ticket; ``index`` is its place among the ticket's windows."""
    allowed = sold(ticket)[index].stamps if index >= 0 else None
    return Account(
        persons=ticket.persons,
        made=_at(state.made_by_window, index),
        admitted=_at(state.persons_by_window, index),
        allowed=product.max_stamps if allowed is None else allowed,
        inside=state.inside_persons,
    )


def seen_from(used: Account, state: TicketState, space: str, venue: Venue) -> Account:
    """Return the account as a reader of ``space`` sees it.

    A ticket back from a space within is inside with all its persons.
    """
    if state.inside_persons == 0 and covers(state.inside, space, venue):
        return replace(used, inside=used.out)
    return used


def persons_left(ticket: Ticket, state: TicketState, index: int) -> int:
    """Return how many may come in on the stamps made; all of them before the first stamp."""
    made = _at(state.made_by_window, index)
    if made == 0:
        return ticket.persons
    return max(0, made * ticket.persons - _at(state.persons_by_window, index))


def arriving(
    ticket: Ticket, state: TicketState, product: Product, used: Account, scan: Scan
) -> Party:
    """Tell what an entry is, in this order.

    Persons who were seen leaving come back; else persons are left on a stamp made; else the stamp
    opens freely again; else it takes a new stamp.
    """
    whole = comes_whole(ticket, product)
    back = _may_come_back(product, state, used, scan.now)
    persons = scan.persons or _default(ticket, used, back, whole=whole)
    rest_first = scan.persons is None and whole and used.left > 0
    if product.reentry is Reentry.AFTER_EXIT and persons <= back and not rest_first:
        return Party(Kind.REENTRY, persons)
    if used.left:
        return Party(Kind.REST, persons, _too_large(persons, used.left, whole=whole))
    if product.reentry is Reentry.FREE and back:
        return Party(Kind.REENTRY, persons, _too_large(persons, ticket.persons, whole=False))
    too_large = _too_large(persons, ticket.persons, whole=whole)
    return Party(Kind.STAMP, persons, (*_against_a_stamp(state, product, used, scan), *too_large))


def leaving(ticket: Ticket | None, state: TicketState, scan: Scan) -> Party:
    """Tell who goes out: as said, else one visitor, else all of a group known to be inside."""
    group = ticket is not None and ticket.audience is Audience.GROUP
    return Party(Kind.EXIT, scan.persons or (group and state.inside_persons) or 1)


def passing(ticket: Ticket | None, product: Product | None, scan: Scan) -> Party:
    """Tell who goes through a free gate: as said, else a whole group, else one visitor."""
    whole = ticket is not None and product is not None and comes_whole(ticket, product)
    return Party(Kind.FREE, scan.persons or (ticket.persons if ticket and whole else 1))


def comes_whole(ticket: Ticket, product: Product) -> bool:
    """Tell whether all persons of a ticket must enter together."""
    return ticket.audience is Audience.GROUP and not product.partial_groups


def _default(ticket: Ticket, used: Account, back: int, *, whole: bool) -> int:
    return (used.left or back or ticket.persons) if whole else 1


def _may_come_back(product: Product, state: TicketState, used: Account, now: int) -> int:
    """Return how many may come in again without a stamp; the last moment of the span counts."""
    if used.made == 0 or product.reentry is Reentry.NONE:
        return 0
    free = product.reentry is Reentry.FREE
    since = state.last_at if free else state.moved_at
    if since is None:
        return 0
    if product.reentry_window_s is not None and now > since + product.reentry_window_s * MS_PER_S:
        return 0
    return used.persons if free else max(0, used.out)


def _too_large(persons: int, most: int, *, whole: bool) -> tuple[Reason, ...]:
    wrong = persons != most if whole else persons > most
    return (Reason.PARTY_TOO_LARGE,) if wrong else ()


def _against_a_stamp(
    state: TicketState, product: Product, used: Account, scan: Scan
) -> Iterator[Reason]:
    pause_ms = product.min_interval_s * MS_PER_S
    if pause_ms and state.last_at is not None and scan.now < state.last_at + pause_ms:
        yield Reason.TOO_SOON
    if used.allowed is not None and used.made >= used.allowed:
        yield Reason.NO_STAMPS_LEFT
    made_today = state.made_on_day if state.day == scan.day else 0
    if product.max_stamps_per_day is not None and made_today >= product.max_stamps_per_day:
        yield Reason.DAILY_LIMIT


def _at(figures: tuple[int, ...], index: int) -> int:
    return figures[index] if 0 <= index < len(figures) else 0
