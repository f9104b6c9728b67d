"""What a grant changes: the ticket's state, the spaces, the attendance."""

from dataclasses import replace

from gateway.tickets.model import Ticket, TicketState
from gateway.tickets.occupancy import Move, enter, leave
from gateway.tickets.party import Kind, Party
from gateway.tickets.ruling import Entitlement, Outcome, Ruling
from gateway.tickets.scan import Scan, Venue


def apply(entitlement: Entitlement, ruling: Ruling, scan: Scan, venue: Venue) -> Outcome:
    """Carry out a ruling; a refusal, a replay and a check change nothing.

    A free gate and an unknown ticket let persons through and count them; there is no state.
    """
    ticket, state, persons = entitlement.ticket, entitlement.state, ruling.persons
    if not ruling.granted or ruling.kind is None or scan.check:
        return Outcome(state)
    if ruling.kind is Kind.EXIT:
        move = leave(state, scan.space, persons, venue, now=scan.now)
        return Outcome(move.state if ticket else state, move.effects, persons)
    if ruling.kind is Kind.FREE or ticket is None:
        effects = tuple((space, persons) for space in venue.chain(scan.space))
        return Outcome(state, effects, persons)
    state = stepped(state, scan)
    move = entered(ticket, state, Party(ruling.kind, persons), scan, venue)
    match ruling.kind:
        case Kind.STAMP:
            return Outcome(stamped(move.state, ruling, scan), move.effects, persons, 1)
        case Kind.REST:
            admitted = add_at(state.persons_by_window, ruling.index, persons)
            state = replace(move.state, persons_by_window=admitted)
            return Outcome(state, move.effects, persons)
        case Kind.REENTRY:
            return Outcome(move.state, move.effects, persons)


def stepped(state: TicketState, scan: Scan) -> TicketState:
    """Use up the step of a rotating code; one told late never sets it back."""
    if scan.step is None or (state.step is not None and scan.step <= state.step):
        return state
    return replace(state, step=scan.step)


def entered(ticket: Ticket, state: TicketState, party: Party, scan: Scan, venue: Venue) -> Move:
    """Move persons in: on a new stamp nobody stays, else at most the ticket's other persons."""
    most = 0
    if party.kind is not Kind.STAMP:
        most = max(0, state.inside_persons - party.persons, ticket.persons - party.persons)
    return enter(state, scan.space, party.persons, venue, now=scan.now, most=most)


def stamped(state: TicketState, ruling: Ruling, scan: Scan) -> TicketState:
    """Record one stamp; one told late never moves the last one back."""
    is_first = state.first_at is None or scan.now < state.first_at
    is_last = state.last_at is None or scan.now >= state.last_at
    day, made_on_day = state.day, state.made_on_day
    if day is None or scan.day > day:
        day, made_on_day = scan.day, 0
    return replace(
        state,
        made_by_window=add_at(state.made_by_window, ruling.index, 1),
        persons_by_window=add_at(state.persons_by_window, ruling.index, ruling.persons),
        day=day,
        made_on_day=made_on_day + (scan.day == day),
        first_at=scan.now if is_first else state.first_at,
        first_reader=scan.reader if is_first else state.first_reader,
        last_at=scan.now if is_last else state.last_at,
        last_reader=scan.reader if is_last else state.last_reader,
    )


def add_at(figures: tuple[int, ...], index: int, more: int) -> tuple[int, ...]:
    """Return the figures with ``more`` added to one of them; missing ones are 0, none below.

    >>> add_at((1,), 2, 5)
    (1, 0, 5)
    """
    place = max(index, 0)
    longer = [*figures, *(0 for _ in range(place + 1 - len(figures)))]
    longer[place] = max(0, longer[place] + more)
    return tuple(longer)
