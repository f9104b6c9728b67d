"""Where a ticket's persons are: what an entry and an exit do to the spaces.

A ticket is in one space at most (``inside``, with ``inside_persons``). It remembers the space
around it in which its persons were counted before (``origin``): an exit puts them back there, and
takes them out of no more than they were added to.

``inside`` without persons means: back from a space within, all of them.
"""

from dataclasses import dataclass, replace

from gateway.tickets.model import TicketState
from gateway.tickets.scan import Venue

type Effects = tuple[tuple[str, int], ...]
"""Persons added to (or taken out of) each space."""


@dataclass(frozen=True, slots=True)
class Move:
    """A ticket's place after a move, and what the move adds to the spaces."""

    state: TicketState
    effects: Effects


def covers(inside: str | None, space: str, venue: Venue) -> bool:
    """Tell whether somebody ``inside`` is in a space: there, or in one within it."""
    return space in venue.chain(inside)


def enter(
    state: TicketState, space: str, persons: int, venue: Venue, *, now: int, most: int
) -> Move:
    """Count persons into a space and those around it.

    Those seen last in another space, or in one within this, must have left unseen: they are taken
    out first. ``most`` is how many of the ticket may have been in this very space and stay: 0 for
    a new stamp.

    An entry older than the last move (an offline scan uploaded late) counts persons and leaves
    the ticket where it has gone since.
    """
    if state.moved_at is not None and now < state.moved_at:
        return Move(state, _add(venue.chain(space), persons))
    here, before = venue.chain(space), venue.chain(state.inside)
    if space in before:
        origin = _beyond(state, space, venue)
    else:
        origin = next((around for around in before if around in here), None)
    beyond = venue.chain(origin)
    seen = (state.inside_persons or persons) if state.inside else 0
    stay = min(state.inside_persons, most) if state.inside == space else 0
    effects = _merge(
        _add(_without(before, beyond), stay - seen), _add(_without(here, beyond), persons)
    )
    return Move(
        replace(state, inside=space, origin=origin, inside_persons=stay + persons, moved_at=now),
        effects,
    )


def leave(state: TicketState, space: str, persons: int, venue: Venue, *, now: int) -> Move:
    """Count persons out of a space, and out of those within it where they were seen last.

    The last of them is back in the space around it in which they were counted before. A ticket
    that is not in the space at all (it came in unseen) is counted out of it and of all around it,
    and stays where it is known to be; so does one whose exit is told late.
    """
    late = state.moved_at is not None and now < state.moved_at
    if late or not covers(state.inside, space, venue):
        moved_at = state.moved_at if late else now
        return Move(replace(state, moved_at=moved_at), _add(venue.chain(space), -persons))
    back_in = _beyond(state, space, venue)
    effects = _add(_without(venue.chain(state.inside), venue.chain(back_in)), -persons)
    rest = state.inside_persons - persons
    if rest > 0:
        return Move(replace(state, inside_persons=rest, moved_at=now), effects)
    return Move(
        replace(state, inside=back_in, origin=None, inside_persons=0, moved_at=now), effects
    )


def _beyond(state: TicketState, space: str, venue: Venue) -> str | None:
    """Return the space a ticket inside ``space`` is in again once it has left it."""
    if covers(state.origin, space, venue):
        return next(iter(venue.chain(space)[1:]), None)
    return state.origin


def _without(chain: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(space for space in chain if space not in other)


def _add(spaces: tuple[str, ...], persons: int) -> Effects:
    return tuple((space, persons) for space in spaces) if persons else ()


def _merge(left: Effects, came: Effects) -> Effects:
    total: dict[str, int] = {}
    for space, persons in (*left, *came):
        total[space] = total.get(space, 0) + persons
    return tuple((space, persons) for space, persons in total.items() if persons)
