"""The rule: what a scan of a ticket gets.

The readable twin of ``entitlements/functions/scan.lua``. Both pass ``tests/vectors``; this one is
the oracle of the tests and the engine of degraded mode. It knows no store, no clock and no wire.

``decide`` collects objections in order of precedence and gives the first that stands;
``outcome.apply`` carries a grant out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.tickets.decision import Window
from gateway.tickets.model import Product, Status, Ticket, TicketState
from gateway.tickets.occupancy import covers
from gateway.tickets.outcome import entered
from gateway.tickets.party import (
    Account,
    Kind,
    Party,
    account,
    arriving,
    leaving,
    passing,
    persons_left,
    seen_from,
)
from gateway.tickets.reasons import OVERRIDABLE, Reason
from gateway.tickets.ruling import Entitlement, Ruling
from gateway.tickets.scan import AntiPassback, Direction, Mode, Scan, Space, Venue, WhenFull
from gateway.tickets.windows import Choice, choose, resolve

MS_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A ticket that can be judged, with the window the scan falls into and what is used of it."""

    ticket: Ticket
    state: TicketState
    product: Product
    windows: tuple[Window | None, ...]
    choice: Choice
    used: Account
    party: Party


def decide(entitlement: Entitlement, scan: Scan, venue: Venue) -> Ruling:
    """Decide a scan.

    A ticket whose product the catalogue does not hold cannot be judged: an entry gets
    ``store_unavailable`` in the place of ``unknown_ticket``, an exit opens.
    """
    return _rule(entitlement, scan, venue, OVERRIDABLE if scan.override else frozenset())


def record(entitlement: Entitlement, scan: Scan, venue: Venue) -> Ruling:
    """Take in a scan granted elsewhere: it counts whatever the rules say.

    The first of ``passed`` is the reason of its conflict, before what soft anti-passback says. More
    persons than are left on a stamp came in on a stamp of their own. An unknown ticket is counted
    only.
    """
    ruling = _rule(entitlement, scan, venue, frozenset(Reason))
    if ruling.passed:
        ruling = replace(ruling, conflict=ruling.passed[0])
    if ruling.kind is Kind.REST and entitlement.ticket is not None:
        left = persons_left(entitlement.ticket, entitlement.state, ruling.index)
        return replace(ruling, kind=Kind.STAMP) if ruling.persons > left else ruling
    return ruling


def _rule(entitlement: Entitlement, scan: Scan, venue: Venue, passes: frozenset[Reason]) -> Ruling:
    if scan.malformed and Reason.MALFORMED_CODE not in passes:
        return Ruling(Reason.MALFORMED_CODE, None, scan.persons or 1)
    if scan.replays and not scan.check:
        return Ruling(None, None, scan.persons or 1, replayed=True)
    known = _known(entitlement, scan, venue)
    party = known.party if known else _stranger(entitlement, scan)
    reason, passed = _first(_objections(entitlement, known, scan, venue), passes)
    conflict = _flag(entitlement, known, scan, venue) if reason is None else None
    ruling = Ruling(reason, party.kind, party.persons, passed=passed, conflict=conflict)
    if known is None:
        unsure = entitlement.ticket is not None or venue.loading
        return replace(ruling, degraded=unsure and ruling.kind is Kind.EXIT)
    return replace(
        ruling,
        index=known.choice.index,
        window=known.choice.window,
        windows=known.windows,
        allowed=known.used.allowed,
        attention=known.ticket.attention or known.product.attention,
    )


def _first(
    objections: Iterable[Reason], passes: frozenset[Reason]
) -> tuple[Reason | None, tuple[Reason, ...]]:
    """Return the first reason that stands, else those that were passed."""
    passed: list[Reason] = []
    for reason in objections:
        if reason not in passes:
            return reason, ()
        passed.append(reason)
    return None, tuple(passed)


def _known(entitlement: Entitlement, scan: Scan, venue: Venue) -> _Known | None:
    ticket, state, product = entitlement.ticket, entitlement.state, entitlement.product
    if ticket is None or product is None:
        return None
    windows = resolve(ticket, product, entitlement.sessions, state.first_at)
    choice = choose(ticket, product, windows, venue.chain(scan.space), scan.now)
    used = account(ticket, state, product, choice.index)
    used = seen_from(used, state, scan.space, venue)
    if scan.direction is Direction.EXIT:
        party = leaving(ticket, state, scan)
    elif is_free(scan, venue):
        party = passing(ticket, product, scan)
    else:
        party = arriving(ticket, state, product, used, scan)
    return _Known(ticket, state, product, windows, choice, used, party)


def _stranger(entitlement: Entitlement, scan: Scan) -> Party:
    """Tell what somebody is whose ticket cannot be judged; who gets in is only counted."""
    if scan.direction is Direction.EXIT:
        return leaving(entitlement.ticket, entitlement.state, scan)
    return passing(entitlement.ticket, entitlement.product, scan)


def _objections(
    entitlement: Entitlement, known: _Known | None, scan: Scan, venue: Venue
) -> Iterator[Reason]:
    """Give all that speaks against a scan, in order of precedence."""
    if scan.direction is Direction.EXIT:
        yield from _against_exit(entitlement, scan, venue)
        return
    if is_evacuated(scan, venue):
        yield Reason.EVACUATION
    yield from _against_reader(scan)
    if is_free(scan, venue):
        return
    yield from _against_code(entitlement, scan, venue)
    if known is None:
        unsure = entitlement.ticket is not None or venue.loading
        yield Reason.STORE_UNAVAILABLE if unsure else Reason.UNKNOWN_TICKET
        return
    yield from _against_ticket(known, scan.now)
    yield from known.choice.reasons
    if _is_inside(known, scan, venue, AntiPassback.HARD):
        yield Reason.ALREADY_INSIDE
    yield from known.party.objections
    if _is_full(known, scan, venue):
        yield Reason.SPACE_FULL


def _against_exit(entitlement: Entitlement, scan: Scan, venue: Venue) -> Iterator[Reason]:
    """Let people out: only these few keep anybody inside, and in an evacuation none."""
    if is_evacuated(scan, venue):
        return
    yield from _against_reader(scan)
    if is_free(scan, venue):
        return
    if scan.bad_signature:
        yield Reason.BAD_SIGNATURE
    if entitlement.ticket is None:
        if not venue.loading:
            yield Reason.UNKNOWN_TICKET
        return
    if _is_outside(entitlement, scan, venue, AntiPassback.HARD):
        yield Reason.NOT_INSIDE


def _flag(
    entitlement: Entitlement, known: _Known | None, scan: Scan, venue: Venue
) -> Reason | None:
    """Tell what soft anti-passback finds wrong with a grant; an operator's override knows it."""
    if scan.override or is_evacuated(scan, venue) or is_free(scan, venue):
        return None
    if scan.direction is Direction.EXIT:
        outside = _is_outside(entitlement, scan, venue, AntiPassback.SOFT)
        return Reason.NOT_INSIDE if outside else None
    if known is not None and _is_inside(known, scan, venue, AntiPassback.SOFT):
        return Reason.ALREADY_INSIDE
    return None


def _against_reader(scan: Scan) -> Iterator[Reason]:
    if scan.out_of_service:
        yield Reason.READER_OUT_OF_SERVICE
    if scan.lane_busy:
        yield Reason.LANE_BUSY


def _against_code(entitlement: Entitlement, scan: Scan, venue: Venue) -> Iterator[Reason]:
    if scan.closed or _any_around(scan, venue, Mode.LOCKED):
        yield Reason.SPACE_CLOSED
    if scan.bad_signature:
        yield Reason.BAD_SIGNATURE
    used = entitlement.state.step
    if scan.stale_code or (scan.step is not None and used is not None and scan.step <= used):
        yield Reason.STALE_CODE


def _against_ticket(known: _Known, now: int) -> Iterator[Reason]:
    ticket, state, product = known.ticket, known.state, known.product
    if ticket.destroyed_at is not None or state.destroyed_at is not None:
        yield Reason.DESTROYED
    held = ticket.status is Status.ON_HOLD
    lapsed = held and ticket.hold_until is not None and ticket.hold_until <= now
    if lapsed or ticket.status in {Status.CANCELLED, Status.REPLACED}:
        yield Reason.CANCELLED
    if ticket.status is Status.BLOCKED or product.blocked:
        yield Reason.BLOCKED
    if held and not lapsed:
        yield Reason.ON_HOLD
    if ticket.status is Status.UNPAID and not product.allow_unpaid:
        yield Reason.UNPAID
    if ticket.form_required and not ticket.form_signed:
        yield Reason.FORM_MISSING


def is_evacuated(scan: Scan, venue: Venue) -> bool:
    """Tell whether the space, or one around it, is being evacuated."""
    return _any_around(scan, venue, Mode.EVACUATE)


def is_free(scan: Scan, venue: Venue) -> bool:
    """Tell whether the gate, or its space, lets everybody through."""
    space = venue.spaces.get(scan.space)
    return scan.free or (space is not None and space.mode is Mode.FREE)


def _any_around(scan: Scan, venue: Venue, mode: Mode) -> bool:
    return any(space.mode is mode for space in venue.around(scan.space))


def _minds(how: AntiPassback, state: TicketState, scan: Scan, venue: Venue) -> bool:
    """Tell whether anti-passback of this kind acts here and now; after a while it forgives."""
    space = venue.spaces.get(scan.space)
    if space is None or space.anti_passback is not how:
        return False
    forgiven_ms = space.anti_passback_min * MS_PER_MINUTE
    if not forgiven_ms or state.moved_at is None:
        return True
    return scan.now < state.moved_at + forgiven_ms


def _is_inside(known: _Known, scan: Scan, venue: Venue, how: AntiPassback) -> bool:
    """Tell whether all who may be inside on this ticket are, where that matters."""
    nobody_to_come = known.state.made > 0 and known.used.left == 0 and known.used.out <= 0
    return (
        nobody_to_come
        and covers(known.state.inside, scan.space, venue)
        and _minds(how, known.state, scan, venue)
    )


def _is_outside(entitlement: Entitlement, scan: Scan, venue: Venue, how: AntiPassback) -> bool:
    """Tell whether a known ticket leaves where it is not, where that matters."""
    state = entitlement.state
    return (
        entitlement.ticket is not None
        and not covers(state.inside, scan.space, venue)
        and _minds(how, state, scan, venue)
    )


def _is_full(known: _Known, scan: Scan, venue: Venue) -> bool:
    """Tell whether a space that would gain persons has no room for them."""
    gains = dict(entered(known.ticket, known.state, known.party, scan, venue).effects)
    return any(_lacks_room(space, gains.get(space.id, 0)) for space in venue.around(scan.space))


def _lacks_room(space: Space, gain: int) -> bool:
    if gain <= 0 or space.capacity is None or space.full is not WhenFull.REFUSE:
        return False
    return space.inside + space.reserved + gain > space.capacity
