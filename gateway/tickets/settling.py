"""What follows a grant: its passages, its annulment, an undo. The readable twin of ``settle.lua``.

A grant at a gate that reports passages is *reserved*: in the ticket it counts as a stamp and as
inside at once (an exit: not before its passage); in spaces and attendance its persons count one by
one as they pass. Everything here is idempotent: said twice it changes nothing the second time.

A ticket remembers its last eight grants; ``remembered`` are these, newest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from gateway.tickets.model import Ticket, TicketState
from gateway.tickets.occupancy import Effects, enter, leave
from gateway.tickets.outcome import add_at, apply
from gateway.tickets.party import Kind
from gateway.tickets.ruling import Entitlement, Outcome, Ruling
from gateway.tickets.scan import Scan, Venue


class Stand(StrEnum):
    """How a grant stands."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    ANNULLED = "annulled"
    UNDONE = "undone"


STANDING = frozenset({Stand.RESERVED, Stand.COMMITTED})
_ON_STAMPS = frozenset({Kind.STAMP, Kind.REST})
_ENTRIES = _ON_STAMPS | {Kind.REENTRY}


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as its ticket remembers it."""

    event: str
    at: int
    day: int
    space: str
    reader: str
    kind: Kind
    index: int
    granted: int
    """Persons it was given for."""
    persons: int
    """Those of them it still stands for."""
    gained: tuple[str, ...] = ()
    """The spaces that its persons are awaited in."""
    step: int | None = None
    """The step of a rotating code that it used."""
    before: TicketState | None = None
    """The state a reservation was given on, until something else happens to the ticket."""
    passed: int = 0
    """Persons reported so far, those who slipped through behind included."""
    stand: Stand = Stand.RESERVED


@dataclass(frozen=True, slots=True)
class Settled:
    """A grant settled, and what that changes; ``untracked`` slipped through behind it."""

    grant: Grant
    outcome: Outcome
    untracked: int = 0
    conflict: bool = False
    replayed: bool = False
    """It had been settled so before: nothing changes."""
    refused: str | None = None
    """Why it cannot be settled so: ``all_passed``, ``undone``, ``nothing_to_undo``."""


def given(
    entitlement: Entitlement, ruling: Ruling, scan: Scan, venue: Venue, event: str, *, reserve: bool
) -> tuple[Grant, Outcome]:
    """Give a granted scan: at once, or, with ``reserve``, to be settled when persons pass.

    Raises:
        ValueError: the ruling grants nothing new.
    """
    if not ruling.granted or ruling.kind is None:
        raise ValueError("found a refusal or a replay")
    outcome = apply(entitlement, ruling, scan, venue)
    grant = Grant(
        event=event,
        at=scan.now,
        day=scan.day,
        space=scan.space,
        reader=scan.reader,
        kind=ruling.kind,
        index=ruling.index,
        granted=ruling.persons,
        persons=ruling.persons,
        step=outcome.state.step if outcome.state.step != entitlement.state.step else None,
    )
    if not reserve:
        return replace(grant, passed=ruling.persons, stand=Stand.COMMITTED), outcome
    leaves = ruling.kind is Kind.EXIT
    beyond = venue.chain(outcome.state.origin) if ruling.kind in _ENTRIES else ()
    gained = () if leaves else tuple(it for it in venue.chain(scan.space) if it not in beyond)
    before = None if ruling.kind is Kind.FREE else entitlement.state
    state = entitlement.state if leaves else outcome.state
    return replace(grant, gained=gained, before=before), Outcome(state)


def passage(
    ticket: Ticket,
    grant: Grant,
    state: TicketState,
    venue: Venue,
    *,
    now: int,
    persons: int | None = None,
) -> Settled:
    """Let persons pass; ``persons`` is how many have passed under this grant so far, else all.

    The first passage counts the stamp. One after the annulment, also of only a part, takes stamp
    and persons again, over the allowance if need be, with a conflict: the person is inside.
    """
    if grant.stand is Stand.UNDONE:
        return Settled(grant, Outcome(state), refused="undone")
    so_far = grant.granted if persons is None else persons
    passed = min(so_far, grant.granted)
    more, beyond = max(0, passed - grant.passed), so_far - max(grant.granted, grant.passed)
    if more == 0 and beyond <= 0:
        return Settled(grant, Outcome(state), replayed=True)
    stamps = int(more > 0 and grant.kind is Kind.STAMP and grant.passed == 0)
    again = more > 0 and grant.stand is not Stand.RESERVED
    effects: Effects = ()
    if again:
        state, effects = _take_again(
            ticket, grant, state, venue, persons=more, stamps=stamps, now=now
        )
    elif more:
        state, effects = _pass_reserved(ticket, grant, state, venue, persons=more, now=now)
    settled = replace(grant, passed=max(so_far, grant.passed))
    if again:
        settled = replace(settled, persons=passed, stand=Stand.COMMITTED)
    elif passed == grant.granted:
        settled = replace(settled, stand=Stand.COMMITTED)
    return Settled(settled, Outcome(state, effects, more, stamps), max(0, beyond), conflict=again)


def annul(
    ticket: Ticket,
    grant: Grant,
    state: TicketState,
    venue: Venue,
    remembered: Sequence[Grant] = (),
) -> Settled:
    """Give back those who have not passed; who has passed keeps the stamp.

    If nothing has happened to the ticket since, an annulment with nobody through restores it. A
    stamp that others came in on stands without the grant that made it: it counts from now on.
    """
    if grant.stand is Stand.ANNULLED or (
        grant.stand is Stand.COMMITTED and grant.persons < grant.granted
    ):
        return Settled(grant, Outcome(state), replayed=True)
    if grant.stand is not Stand.RESERVED:
        refused = "undone" if grant.stand is Stand.UNDONE else "all_passed"
        return Settled(grant, Outcome(state), refused=refused)
    back = grant.persons - grant.passed
    if grant.passed:
        settled = replace(grant, persons=grant.passed, stand=Stand.COMMITTED)
    else:
        settled = replace(grant, stand=Stand.ANNULLED)
    if grant.kind not in _ENTRIES:
        return Settled(settled, Outcome(state))
    state, given_back = _give_back(ticket, grant, state, back, keeps_stamp=grant.passed > 0)
    if grant.passed == 0 and grant.before is not None:
        state = _as_before(state, grant.before)
    else:
        if grant.passed == 0:
            state = _forget_times(grant, state, remembered)
        state, _ = _unplace(grant, state, back, venue, remembered)
    if grant.passed == 0:
        state = _free_step(grant, state)
    unsettled = int(grant.kind is Kind.STAMP and grant.passed == 0)
    return Settled(settled, Outcome(state, stamps=unsettled - given_back))


def undo(
    ticket: Ticket,
    grant: Grant,
    state: TicketState,
    venue: Venue,
    remembered: Sequence[Grant] = (),
) -> Settled:
    """Take a grant back: its persons, and its stamp with the last persons of it."""
    if grant.stand is Stand.UNDONE:
        return Settled(grant, Outcome(state), replayed=True)
    if grant.stand is Stand.ANNULLED or grant.kind in {Kind.EXIT, Kind.FREE}:
        return Settled(grant, Outcome(state), refused="nothing_to_undo")
    return _take_off(ticket, grant, state, venue, remembered)


def take_back(
    ticket: Ticket,
    grant: Grant,
    state: TicketState,
    venue: Venue,
    remembered: Sequence[Grant] = (),
) -> Settled:
    """Take back a grant whose caller was told that the store does not answer.

    What is settled already stays so; whoever has gone out, or through a free gate, has gone.
    """
    if grant.stand not in STANDING:
        return Settled(grant, Outcome(state), replayed=True)
    if grant.stand is Stand.COMMITTED and grant.kind in {Kind.EXIT, Kind.FREE}:
        return Settled(grant, Outcome(state), refused="nothing_to_undo")
    if grant.passed == 0 or grant.kind in {Kind.EXIT, Kind.FREE}:
        return annul(ticket, grant, state, venue, remembered)
    return _take_off(ticket, grant, state, venue, remembered)


def _take_off(
    ticket: Ticket, grant: Grant, state: TicketState, venue: Venue, remembered: Sequence[Grant]
) -> Settled:
    undone = replace(grant, stand=Stand.UNDONE)
    stamps = 0
    if grant.stand is Stand.RESERVED:
        annulled = annul(ticket, grant, state, venue, remembered)
        if grant.passed == 0:
            return replace(annulled, grant=undone)
        state, stamps = annulled.outcome.state, annulled.outcome.stamps
    persons = min(grant.passed, grant.granted)
    state, given_back = _give_back(ticket, grant, state, persons, keeps_stamp=False)
    if given_back:
        state = _forget_times(grant, state, remembered)
    state = _free_step(grant, state)
    state, effects = _unplace(grant, state, persons, venue, remembered)
    return Settled(undone, Outcome(state, effects, -persons, stamps - given_back))


def _give_back(
    ticket: Ticket, grant: Grant, state: TicketState, persons: int, *, keeps_stamp: bool
) -> tuple[TicketState, int]:
    """Return persons to a window, and a stamp if those still admitted need one less."""
    if grant.kind not in _ON_STAMPS:
        return state, 0
    admitted = add_at(state.persons_by_window, grant.index, -persons)
    made = add_at(state.made_by_window, grant.index, 0)
    needed = ceil(admitted[max(grant.index, 0)] / ticket.persons)
    stamps = int(not keeps_stamp and needed < made[max(grant.index, 0)])
    on_its_day = stamps if state.day == grant.day else 0
    state = replace(
        state,
        made_by_window=add_at(made, grant.index, -stamps),
        persons_by_window=admitted,
        made_on_day=max(0, state.made_on_day - on_its_day),
    )
    return state, stamps


def _as_before(state: TicketState, before: TicketState) -> TicketState:
    """Put place and times back to those before a reservation."""
    return replace(
        before,
        made_by_window=state.made_by_window,
        persons_by_window=state.persons_by_window,
        destroyed_at=state.destroyed_at,
        step=state.step,
    )


def _free_step(grant: Grant, state: TicketState) -> TicketState:
    """Give the step of a rotating code back: it may be shown again, none before it."""
    if grant.step is None or grant.step != state.step:
        return state
    return replace(state, step=grant.step - 1)


def _forget_times(grant: Grant, state: TicketState, remembered: Sequence[Grant]) -> TicketState:
    """Set first and last stamp back to what still stands; a move made with the last goes too."""
    if state.made == 0:
        last_at = None
        forgotten = replace(state, first_at=None, first_reader=None, last_at=None, last_reader=None)
    else:
        stamps = (it for it in remembered if it.kind is Kind.STAMP and it.stand in STANDING)
        last = next((it for it in stamps if it.event != grant.event), None)
        if state.last_at != grant.at or last is None:
            return state
        last_at = last.at
        forgotten = replace(state, last_at=last_at, last_reader=last.reader)
    return replace(forgotten, moved_at=last_at) if state.moved_at == state.last_at else forgotten


def _unplace(
    grant: Grant, state: TicketState, persons: int, venue: Venue, remembered: Sequence[Grant]
) -> tuple[TicketState, Effects]:
    """Take persons out of the space they were granted, as far as they are still seen there."""
    persons = _still_there(grant, state, persons, remembered)
    if persons == 0:
        return state, ()
    move = leave(state, grant.space, persons, venue, now=state.moved_at or grant.at)
    return replace(move.state, moved_at=state.moved_at), move.effects


def _still_there(
    grant: Grant, state: TicketState, persons: int, remembered: Sequence[Grant]
) -> int:
    """Tell how many are still in the grant's space: newer entries may have taken their place."""
    if grant.kind is Kind.EXIT or state.inside != grant.space:
        return 0
    if state.inside_persons == 0:
        return persons
    left = state.inside_persons
    for newer in remembered:
        if newer.event == grant.event:
            break
        if newer.kind in _ENTRIES and newer.stand in STANDING:
            left -= newer.persons
    return max(0, min(persons, left))


def _pass_reserved(
    ticket: Ticket, grant: Grant, state: TicketState, venue: Venue, *, persons: int, now: int
) -> tuple[TicketState, Effects]:
    """Count persons in as they pass; with the first, those seen elsewhere leave there."""
    if grant.kind is Kind.EXIT:
        move = leave(state, grant.space, persons, venue, now=now)
        return move.state, move.effects
    if grant.passed == 0 and grant.before is not None:
        most = 0 if grant.kind is Kind.STAMP else ticket.persons
        return state, enter(grant.before, grant.space, persons, venue, now=now, most=most).effects
    return state, tuple((space, persons) for space in grant.gained)


def _take_again(
    ticket: Ticket,
    grant: Grant,
    state: TicketState,
    venue: Venue,
    *,
    persons: int,
    stamps: int,
    now: int,
) -> tuple[TicketState, Effects]:
    """Count persons whose places had been given back: stamp, figures and place."""
    if grant.kind is Kind.FREE:
        return state, tuple((space, persons) for space in venue.chain(grant.space))
    if grant.kind in _ON_STAMPS:
        state = replace(
            state,
            made_by_window=add_at(state.made_by_window, grant.index, stamps),
            persons_by_window=add_at(state.persons_by_window, grant.index, persons),
        )
    if stamps:
        state = _on_its_day(grant, state)
        if state.first_at is None:
            at, reader = grant.at, grant.reader
            state = replace(state, first_at=at, first_reader=reader, last_at=at, last_reader=reader)
    if grant.kind is Kind.EXIT:
        move = leave(state, grant.space, persons, venue, now=now)
    else:
        move = enter(state, grant.space, persons, venue, now=now, most=ticket.persons)
    return move.state, move.effects


def _on_its_day(grant: Grant, state: TicketState) -> TicketState:
    """Count a stamp on the grant's day, unless the ticket has been stamped on a later one."""
    if state.day is not None and state.day > grant.day:
        return state
    made = state.made_on_day + 1 if state.day == grant.day else 1
    return replace(state, day=grant.day, made_on_day=made)
