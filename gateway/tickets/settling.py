"""What follows a grant: its passages, its annulment, an undo. The readable twin of ``settle.lua``.

A grant at a gate that reports passages is *reserved*: in the ticket it counts as a stamp and as
inside at once; in spaces and attendance its persons count one by one as they pass. Everything here
is idempotent: said twice it changes nothing the second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from gateway.tickets.model import Ticket, TicketState
from gateway.tickets.occupancy import Effects, leave
from gateway.tickets.outcome import add_at
from gateway.tickets.party import Kind
from gateway.tickets.ruling import Outcome
from gateway.tickets.scan import Venue


class Stand(StrEnum):
    """How a grant stands."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    ANNULLED = "annulled"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as its ticket remembers it; ``before`` is the state it was given on."""

    event: str
    at: int
    day: int
    space: str
    reader: str
    kind: Kind
    index: int
    persons: int
    before: TicketState
    passed: int = 0
    stand: Stand = Stand.RESERVED


@dataclass(frozen=True, slots=True)
class Settled:
    """A grant settled, and what that changes; ``untracked`` slipped through behind it."""

    grant: Grant
    outcome: Outcome
    untracked: int = 0
    conflict: bool = False
    refused: str | None = None
    """Why it cannot be settled so: ``all_passed``, ``undone``, ``nothing_to_undo``."""


def passage(grant: Grant, state: TicketState, persons: int | None = None) -> Settled:
    """Let persons pass; ``persons`` is how many have passed under this grant so far, else all.

    The first passage counts the stamp. One after the annulment takes the stamp again, over the
    allowance if need be, with a conflict: the person is inside.
    """
    if grant.stand is Stand.UNDONE:
        return Settled(grant, Outcome(state), refused="undone")
    so_far = grant.persons if persons is None else persons
    passed = max(grant.passed, min(so_far, grant.persons))
    more, beyond = passed - grant.passed, max(0, so_far - grant.persons)
    if more == 0:
        return Settled(grant, Outcome(state), beyond)
    stamps = int(grant.kind is Kind.STAMP and grant.passed == 0)
    again = grant.stand is Stand.ANNULLED
    if again:
        state = _take_again(grant, state, more, stamps)
    done = again or passed == grant.persons
    settled = replace(grant, passed=passed, stand=Stand.COMMITTED if done else grant.stand)
    return Settled(settled, Outcome(state, (), more, stamps), beyond, conflict=again)


def annul(
    ticket: Ticket, grant: Grant, state: TicketState, venue: Venue, others: Sequence[Grant] = ()
) -> Settled:
    """Give back those who have not passed; who has passed keeps the stamp.

    If nothing has happened to the ticket since, an annulment with nobody through restores it.
    """
    match grant.stand:
        case Stand.ANNULLED:
            return Settled(grant, Outcome(state))
        case Stand.UNDONE:
            return Settled(grant, Outcome(state), refused="undone")
        case Stand.COMMITTED:
            return Settled(grant, Outcome(state), refused="all_passed")
        case Stand.RESERVED:
            pass
    back = grant.persons - grant.passed
    if grant.passed:
        settled = replace(grant, persons=grant.passed, stand=Stand.COMMITTED)
    else:
        settled = replace(grant, stand=Stand.ANNULLED)
    state, _ = _give_back(ticket, grant, state, back, others)
    state, _ = _unplace(grant, state, back, venue)
    if not grant.passed:
        state = replace(state, moved_at=grant.before.moved_at)
    return Settled(settled, Outcome(state))


def undo(
    ticket: Ticket, grant: Grant, state: TicketState, venue: Venue, others: Sequence[Grant] = ()
) -> Settled:
    """Take a grant back: its persons, and its stamp with the last persons of it.

    ``others`` are the grants remembered besides, newest first: the newest that stands tells when
    the ticket was last stamped.
    """
    if grant.stand is Stand.UNDONE:
        return Settled(grant, Outcome(state))
    if grant.stand is Stand.ANNULLED or grant.kind in {Kind.EXIT, Kind.FREE}:
        return Settled(grant, Outcome(state), refused="nothing_to_undo")
    undone = replace(grant, stand=Stand.UNDONE)
    if grant.stand is Stand.RESERVED and grant.passed == 0:
        return replace(annul(ticket, grant, state, venue, others), grant=undone)
    state, stamps = _give_back(ticket, grant, state, grant.persons, others)
    state, effects = _unplace(grant, state, grant.persons, venue)
    return Settled(undone, Outcome(state, effects, -grant.passed, -stamps))


def _give_back(
    ticket: Ticket, grant: Grant, state: TicketState, persons: int, others: Sequence[Grant]
) -> tuple[TicketState, int]:
    """Return persons to a window, and a stamp if those still admitted need one less."""
    if grant.kind not in {Kind.STAMP, Kind.REST}:
        return state, 0
    admitted = add_at(state.persons_by_window, grant.index, -persons)
    made = add_at(state.made_by_window, grant.index, 0)
    needed = ceil(admitted[grant.index] / ticket.persons)
    stamps = int(needed < made[grant.index])
    state = replace(
        state,
        made_by_window=add_at(made, grant.index, -stamps),
        persons_by_window=admitted,
        made_on_day=state.made_on_day - (stamps if state.day == grant.day else 0),
    )
    return (_forget_times(grant, state, others) if stamps else state), stamps


def _forget_times(grant: Grant, state: TicketState, others: Sequence[Grant]) -> TicketState:
    """Set the times of first and last stamp back to what still stands."""
    if state.made == 0:
        return replace(state, first_at=None, first_reader=None, last_at=None, last_reader=None)
    if state.last_at != grant.at:
        return state
    stand = {Stand.RESERVED, Stand.COMMITTED}
    last = next((it for it in others if it.kind is Kind.STAMP and it.stand in stand), None)
    if last is None:
        return state
    return replace(state, last_at=last.at, last_reader=last.reader)


def _unplace(
    grant: Grant, state: TicketState, persons: int, venue: Venue
) -> tuple[TicketState, Effects]:
    """Take persons out of the space they were granted, if the ticket is still seen there."""
    if grant.kind is Kind.EXIT or state.inside != grant.space:
        return state, ()
    if state.inside_persons == persons and state.moved_at == grant.at:
        before = grant.before
        back = replace(
            state,
            inside=before.inside,
            origin=before.origin,
            inside_persons=before.inside_persons,
        )
        return back, leave(state, grant.space, persons, venue, now=grant.at).effects
    move = leave(state, grant.space, persons, venue, now=state.moved_at or grant.at)
    return replace(move.state, moved_at=state.moved_at), move.effects


def _take_again(grant: Grant, state: TicketState, persons: int, stamps: int) -> TicketState:
    if grant.kind not in {Kind.STAMP, Kind.REST}:
        return state
    is_first = stamps and state.first_at is None
    return replace(
        state,
        made_by_window=add_at(state.made_by_window, grant.index, stamps),
        persons_by_window=add_at(state.persons_by_window, grant.index, persons),
        first_at=grant.at if is_first else state.first_at,
        first_reader=grant.reader if is_first else state.first_reader,
        last_at=grant.at if is_first else state.last_at,
        last_reader=grant.reader if is_first else state.last_reader,
    )
