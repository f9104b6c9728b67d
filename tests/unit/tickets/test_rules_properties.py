"""What holds for every ticket, every place and every order of events."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.tickets.model import (
    NEW,
    Audience,
    Product,
    Reentry,
    Session,
    Status,
    Ticket,
    TicketState,
    TicketWindow,
)
from gateway.tickets.outcome import apply
from gateway.tickets.party import Kind
from gateway.tickets.reasons import OVERRIDABLE, REFUSES_EXIT, Reason
from gateway.tickets.rules import decide, record
from gateway.tickets.ruling import Entitlement, Outcome
from gateway.tickets.scan import AntiPassback, Direction, Mode, Scan, Space, Venue, WhenFull
from gateway.tickets.settling import Grant, Stand, annul, passage, undo
from gateway.tickets.settling import given as given_to
from tests.unit.tickets.builders import NOON, TODAY

ORDER = tuple(Reason)
NAMES = st.sampled_from(("museum", "hall", "room", "garden"))
PARENTS = {"museum": None, "hall": "museum", "room": "hall", "garden": "museum"}
TIMES = st.integers(NOON - 7_200_000, NOON + 7_200_000)
SOME_SPACES = st.none() | st.lists(NAMES, max_size=2).map(tuple)
SESSIONS = {"at-one": Session("at-one", "visit", NOON + 3_600_000, NOON + 7_200_000)}

products = st.builds(
    Product,
    id=st.just("visit"),
    spaces=SOME_SPACES,
    margin_before_s=st.sampled_from((0, 3600)),
    max_stamps=st.none() | st.integers(0, 3),
    max_stamps_per_day=st.none() | st.integers(1, 3),
    min_interval_s=st.sampled_from((0, 600)),
    valid_for_s=st.none() | st.just(3600),
    reentry=st.sampled_from(Reentry),
    reentry_window_s=st.none() | st.just(1800),
    allow_unpaid=st.booleans(),
    partial_groups=st.booleans(),
    blocked=st.booleans(),
)
windows = st.builds(
    TicketWindow,
    session=st.none() | st.sampled_from(("at-one", "lost")),
    starts=st.none() | TIMES,
    until=st.none() | TIMES,
    spaces=SOME_SPACES,
    stamps=st.none() | st.integers(0, 2),
)
tickets = st.builds(
    Ticket,
    code=st.just("KRSXG5CTNVZA2"),
    product=st.just("visit"),
    session=st.none() | st.just("at-one"),
    valid_from=st.none() | TIMES,
    windows=st.none() | st.lists(windows, max_size=3).map(tuple),
    audience=st.sampled_from(Audience),
    persons=st.integers(1, 5),
    spaces=SOME_SPACES,
    status=st.sampled_from((Status.ACTIVE, *Status)),
    hold_until=st.none() | TIMES,
    form_required=st.booleans(),
    form_signed=st.booleans(),
    destroyed_at=st.none() | TIMES,
)
COUNTS = st.lists(st.integers(0, 3), max_size=3).map(tuple)
states = st.builds(
    TicketState,
    made_by_window=COUNTS,
    persons_by_window=COUNTS,
    day=st.none() | st.just(TODAY),
    made_on_day=st.integers(0, 3),
    first_at=st.none() | TIMES,
    last_at=st.none() | TIMES,
    inside=st.none() | NAMES,
    inside_persons=st.integers(0, 5),
    moved_at=st.none() | TIMES,
)
entitlements = st.builds(
    Entitlement,
    ticket=st.none() | tickets,
    state=states,
    product=st.none() | products,
    sessions=st.just(SESSIONS),
)
easy = st.builds(
    Entitlement,
    ticket=st.builds(
        Ticket,
        code=st.just("KRSXG5CTNVZA2"),
        product=st.just("visit"),
        audience=st.sampled_from(Audience),
        persons=st.integers(1, 4),
    ),
    product=st.builds(
        Product,
        id=st.just("visit"),
        max_stamps=st.integers(1, 3),
        partial_groups=st.booleans(),
        reentry=st.sampled_from(Reentry),
    ),
)
"""Tickets that open often, for histories."""


def a_space(name: str) -> st.SearchStrategy[Space]:
    return st.builds(
        Space,
        id=st.just(name),
        parent=st.just(PARENTS[name]),
        mode=st.sampled_from((Mode.NORMAL, Mode.NORMAL, *Mode)),
        capacity=st.none() | st.integers(0, 6),
        full=st.sampled_from(WhenFull),
        anti_passback=st.sampled_from(AntiPassback),
        anti_passback_min=st.sampled_from((0, 30)),
        inside=st.integers(0, 6),
    )


venues = st.builds(
    lambda loading, *spaces: Venue({space.id: space for space in spaces}, loading=loading),
    st.booleans(),
    *(a_space(name) for name in PARENTS),
)
CALM = Venue({name: Space(name, parent) for name, parent in PARENTS.items()})
flags = {
    name: st.sampled_from((False, False, False, True))
    for name in ("malformed", "out_of_service", "lane_busy", "free", "closed", "bad_signature")
}
scans = st.builds(
    Scan,
    now=TIMES,
    day=st.just(TODAY),
    space=NAMES,
    direction=st.sampled_from(Direction),
    persons=st.none() | st.integers(1, 6),
    **flags,
)
visits = st.builds(
    Scan,
    now=st.just(NOON),
    day=st.just(TODAY),
    space=NAMES,
    reader=st.sampled_from(("north-1", "south-2")),
    direction=st.sampled_from(Direction),
    persons=st.none() | st.integers(1, 4),
)


@given(entitlements, scans, venues)
def test_nobody_is_kept_inside_for_a_reason_that_must_not(
    entitlement: Entitlement, scan: Scan, venue: Venue
) -> None:
    leaving = replace(scan, direction=Direction.EXIT)

    assert decide(entitlement, leaving, venue).reason in {None, *REFUSES_EXIT}


@given(entitlements, scans, venues)
def test_override_lifts_only_what_it_may(
    entitlement: Entitlement, scan: Scan, venue: Venue
) -> None:
    plain = decide(entitlement, scan, venue)
    lifted = decide(entitlement, replace(scan, override=True), venue)

    assert lifted.reason not in OVERRIDABLE
    if plain.reason not in OVERRIDABLE:
        assert lifted.reason == plain.reason
    elif lifted.granted:
        assert lifted.passed[0] == plain.reason


@given(entitlements, scans, venues)
def test_objections_come_in_order_of_precedence(
    entitlement: Entitlement, scan: Scan, venue: Venue
) -> None:
    counted = record(entitlement, scan, venue)
    places = [ORDER.index(reason) for reason in counted.passed]
    known = entitlement.ticket is not None and entitlement.product is not None

    assert counted.granted
    if known and Reason.STORE_UNAVAILABLE not in counted.passed:
        assert places == sorted(places)


@given(entitlements, scans, venues)
def test_first_objection_is_the_reason(entitlement: Entitlement, scan: Scan, venue: Venue) -> None:
    counted = record(entitlement, scan, venue)
    first = counted.passed[0] if counted.passed else None

    assert decide(entitlement, scan, venue).reason == (
        Reason.MALFORMED_CODE if scan.malformed else first
    )


@given(entitlements, scans, venues)
def test_refusal_check_and_replay_change_nothing(
    entitlement: Entitlement, scan: Scan, venue: Venue
) -> None:
    for same in (replace(scan, check=True), replace(scan, replays=True), scan):
        ruling = decide(entitlement, same, venue)
        if not ruling.granted or ruling.replayed or same.check:
            outcome = apply(entitlement, ruling, same, venue)

            assert outcome.state == entitlement.state
            assert (outcome.effects, outcome.persons, outcome.stamps) == ((), 0, 0)


@given(entitlements, scans, venues)
def test_check_answers_as_the_stamp_would(
    entitlement: Entitlement, scan: Scan, venue: Venue
) -> None:
    assert decide(entitlement, replace(scan, check=True), venue) == decide(entitlement, scan, venue)


@given(entitlements, scans, venues, st.integers(1, 10))
def test_more_room_never_refuses(
    entitlement: Entitlement, scan: Scan, venue: Venue, more: int
) -> None:
    roomier = Venue(
        {
            name: replace(space, capacity=None if space.capacity is None else space.capacity + more)
            for name, space in venue.spaces.items()
        },
        loading=venue.loading,
    )

    if decide(entitlement, scan, venue).granted:
        assert decide(entitlement, scan, roomier).granted


@given(entitlements, scans, venues)
def test_more_stamps_allowed_never_refuse(
    entitlement: Entitlement, scan: Scan, venue: Venue
) -> None:
    product = entitlement.product
    if product is None or product.max_stamps is None:
        return
    generous = replace(entitlement, product=replace(product, max_stamps=product.max_stamps + 1))

    if decide(entitlement, scan, venue).granted:
        assert decide(generous, scan, venue).granted


@given(easy, st.lists(visits, max_size=12))
def test_stamps_and_persons_stay_within_the_allowance(
    entitlement: Entitlement, history: list[Scan]
) -> None:
    ticket, product = entitlement.ticket, entitlement.product
    assert ticket is not None
    assert product is not None
    assert product.max_stamps is not None
    for scan in history:
        ruling = decide(entitlement, scan, CALM)
        state = apply(entitlement, ruling, scan, CALM).state
        entitlement = replace(entitlement, state=state)

    assert entitlement.state.made <= product.max_stamps
    assert sum(entitlement.state.persons_by_window) <= entitlement.state.made * ticket.persons


@given(easy, st.lists(visits, max_size=12))
def test_space_never_gains_more_than_the_persons_of_the_ticket(
    entitlement: Entitlement, history: list[Scan]
) -> None:
    """Whatever way they go, in one space a ticket counts at most once for each of its persons."""
    ticket = entitlement.ticket
    assert ticket is not None
    for scan in history:
        ruling = decide(entitlement, scan, CALM)
        outcome = apply(entitlement, ruling, scan, CALM)

        assert all(
            abs(persons) <= max(ticket.persons, ruling.persons) for _, persons in outcome.effects
        )
        assert outcome.state.inside_persons <= ticket.persons
        entitlement = replace(entitlement, state=outcome.state)


def a_grant(
    entitlement: Entitlement, scan: Scan, *, reserve: bool
) -> tuple[Ticket, Grant, Outcome] | None:
    """Give an entry on a ticket, if the rule lets it in."""
    ruling = decide(entitlement, scan, CALM)
    if entitlement.ticket is None or not ruling.granted or ruling.kind in {Kind.EXIT, Kind.FREE}:
        return None
    return entitlement.ticket, *given_to(entitlement, ruling, scan, CALM, "3-1-0", reserve=reserve)


def used(state: TicketState) -> tuple[object, ...]:
    """Return what is used of a ticket, however long the figures are."""
    figures = (state.made_by_window, state.persons_by_window)
    times = (state.first_at, state.last_at, state.made_on_day)
    return (*((*it, 0, 0, 0)[:3] for it in figures), *times)


@given(easy, visits)
def test_undo_gives_back_what_the_grant_took(entitlement: Entitlement, scan: Scan) -> None:
    given_one = a_grant(entitlement, scan, reserve=False)
    if given_one is None:
        return
    ticket, grant, granted = given_one
    undone = undo(ticket, grant, granted.state, CALM)
    again = undo(ticket, undone.grant, undone.outcome.state, CALM)

    assert used(undone.outcome.state) == used(NEW)
    assert undone.outcome.state.inside is None
    assert undone.outcome.persons == -granted.persons
    assert undone.outcome.stamps == -granted.stamps
    venue = CALM.after(granted.effects).after(undone.outcome.effects)
    assert venue == CALM
    assert again.replayed
    assert again.outcome == Outcome(undone.outcome.state)


@given(easy, visits, st.lists(st.integers(0, 6), max_size=4))
def test_passages_count_everybody_once(
    entitlement: Entitlement, scan: Scan, reports: list[int]
) -> None:
    given_one = a_grant(entitlement, scan, reserve=True)
    if given_one is None:
        return
    ticket, grant, outcome = given_one
    state = outcome.state
    persons = stamps = untracked = 0
    for report in reports:
        settled = passage(ticket, grant, state, CALM, now=NOON, persons=report)
        persons += settled.outcome.persons
        stamps += settled.outcome.stamps
        untracked += settled.untracked
        grant, state = settled.grant, settled.outcome.state

    most = max(reports, default=0)
    assert persons == min(grant.granted, most)
    assert untracked == max(0, most - grant.granted)
    assert stamps == int(grant.kind is Kind.STAMP and persons > 0)


@given(easy, visits, st.integers(0, 4))
def test_annulment_gives_back_those_who_did_not_pass(
    entitlement: Entitlement, scan: Scan, through: int
) -> None:
    given_one = a_grant(entitlement, scan, reserve=True)
    if given_one is None:
        return
    ticket, grant, outcome = given_one
    reserved = outcome.state
    passed = passage(ticket, grant, reserved, CALM, now=NOON, persons=min(through, grant.granted))
    settled = annul(ticket, passed.grant, passed.outcome.state, CALM)
    state = settled.outcome.state

    if passed.grant.stand is Stand.COMMITTED:
        assert settled.refused == "all_passed"
        assert state == reserved
        return
    if through == 0:
        assert used(state) == used(entitlement.state)
        assert state.inside == entitlement.state.inside
        assert state.moved_at == entitlement.state.moved_at
    else:
        assert sum(state.persons_by_window) == through
        assert state.inside_persons == through
    assert annul(ticket, settled.grant, state, CALM).replayed
    late = passage(ticket, settled.grant, state, CALM, now=NOON)
    assert late.conflict
    assert late.outcome.persons == grant.granted - through
    assert used(late.outcome.state)[:2] == used(reserved)[:2]
