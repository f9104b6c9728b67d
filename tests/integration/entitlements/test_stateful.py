"""Whatever happens in whatever order: the store stays what the readable rule and its events say.

Each scan is decided twice, by the store and by ``gateway.tickets.rules``; what follows a grant is
settled twice, by the store and by ``gateway.tickets.settling``; each on what the store held before
it. After every step the grants, the events and the records must tell the same story.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, override

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import structs

from gateway.embedded import Addresses
from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim, NotPossible, Settled
from gateway.tickets import settling
from gateway.tickets.decision import Decision
from gateway.tickets.event import EventRow
from gateway.tickets.model import (
    NEW,
    Audience,
    Product,
    Reentry,
    Status,
    Ticket,
    TicketState,
    TicketWindow,
)
from gateway.tickets.party import Kind
from gateway.tickets.rules import decide, record
from gateway.tickets.ruling import Entitlement, Outcome, Ruling
from gateway.tickets.scan import AntiPassback, Direction, Mode, Scan, Space, Venue
from gateway.tickets.settling import Stand
from tests.integration.entitlements.bench import (
    FOR_EVER,
    MINUTE,
    NOON,
    Bench,
    a_bench,
    state_row,
    ticket_row,
)
from tests.integration.entitlements.records import grants_in, plain, state_of_row

CODES = ("LONE", "GROUP", "PASS", "a code\\with backslashes\x1dand GS")
REMEMBERED = 8
LARGEST_RECORD = 1024
"""Bytes; eight grants and an open reservation take most of them."""

products = st.fixed_dictionaries(
    {},
    optional={
        "max_stamps": st.sampled_from([None, 1, 2, 3]),
        "max_stamps_per_day": st.sampled_from([None, 1, 2]),
        "min_interval_s": st.sampled_from([0, 60]),
        "valid_for_s": st.sampled_from([None, 3600]),
        "reentry": st.sampled_from(list(Reentry)),
        "reentry_window_s": st.sampled_from([None, 600]),
        "partial_groups": st.booleans(),
        "spaces": st.sampled_from([None, ("hall",), ("garden",)]),
    },
)
windows = st.sampled_from(
    [
        None,
        (TicketWindow(starts=NOON - MINUTE, until=NOON + 90 * MINUTE, stamps=2),),
        (
            TicketWindow(starts=NOON - MINUTE, until=NOON + 20 * MINUTE, spaces=("hall",)),
            TicketWindow(starts=NOON + 10 * MINUTE, until=None, stamps=1),
        ),
    ]
)
tickets = st.fixed_dictionaries(
    {
        "persons": st.sampled_from([1, 1, 2, 3]),
        "audience": st.sampled_from(list(Audience)),
        "windows": windows,
    }
)
spots = st.sampled_from(
    [
        ("north-1", "hall", "entry", True),
        ("north-1", "hall", "exit", True),
        ("north-2", "hall", "entry", True),
        ("desk", "hall", "entry", False),
        ("desk", "hall", "exit", False),
        ("door", "room", "entry", False),
        ("door", "room", "exit", False),
        ("gate", "garden", "entry", True),
        ("main", "museum", "entry", False),
        ("main", "museum", "exit", False),
    ]
)
codes = st.sampled_from([*CODES, "NOBODY"])
persons = st.sampled_from([None, None, None, 1, 2, 3])
nonces = st.sampled_from([None, None, "one", "two", "three"])


@dataclass
class Given:
    """A grant, and what this test has been told of it."""

    row: EventRow
    code: str
    grant: settling.Grant
    nonce: tuple[str, str] | None
    counted: int
    """Persons that its events together must tell."""
    ended_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.grant.stand is Stand.RESERVED


def conflict_in(decision: Decision) -> str | None:
    return decision.conflict.reason if decision.conflict else None


def _as_remembered(decision: Decision, kept: list[str]) -> Decision:
    """Leave out of a conflict the grant it names, where a rebuild does not know that grant."""
    conflict = decision.conflict
    if conflict is None or conflict.with_event in kept:
        return decision
    return structs.replace(decision, conflict=replace(conflict, with_event=None))


class StoreMachine(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = a_bench(self.url)
        self.bench: Bench = self.run(self.opened.__aenter__())
        self.products: dict[str, Product] = {}
        self.tickets: dict[str, Ticket] = {}
        self.revs = dict.fromkeys(CODES, 10)
        self.grants: dict[str, Given] = {}
        self.by_code: dict[str, list[str]] = defaultdict(list)
        self.forgotten: set[str] = set()
        self.day_limits: set[str] = set()

    @override
    def teardown(self) -> None:
        try:
            if self.tickets:
                self.settle_all()
        finally:
            self.run(self.opened.__aexit__(None, None, None))
            self.runner.close()

    def run[T](self, steps: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(steps)

    @property
    def now(self) -> int:
        return self.bench.store.time

    # --- the venue and what is sold

    @initialize(
        capacity=st.sampled_from([None, 2, 5]),
        anti_passback=st.sampled_from(list(AntiPassback)),
        sold=st.tuples(*(st.tuples(products, tickets) for _ in CODES)),
    )
    def begin(
        self,
        capacity: int | None,
        anti_passback: AntiPassback,
        sold: tuple[tuple[dict[str, Any], dict[str, Any]], ...],
    ) -> None:
        spaces = [
            Space("museum"),
            Space("hall", "museum", capacity=capacity, anti_passback=anti_passback),
            Space("room", "hall", anti_passback=anti_passback, anti_passback_min=5),
            Space("garden", "museum"),
        ]
        self.run(self.bench.set_venue(Venue({space.id: space for space in spaces})))
        for number, (code, (product, ticket)) in enumerate(zip(CODES, sold, strict=True)):
            made = self.run(self.bench.a_product(f"product{number}", **product))
            self.products[made.id] = made
            self.tickets[code] = Ticket(code, made.id, **ticket)
            self.feed(code, 0)

    def feed(self, code: str, newer: int) -> None:
        self.revs[code] += newer
        self.run(self.bench.put(self.tickets[code], rev=self.revs[code]))

    @rule(
        code=st.sampled_from(CODES),
        status=st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.ON_HOLD, Status.CANCELLED]),
        count=st.sampled_from([1, 2, 3]),
        windows=windows,
    )
    def sell_again(
        self, code: str, status: Status, count: int, windows: tuple[TicketWindow, ...] | None
    ) -> None:
        self.tickets[code] = replace(
            self.tickets[code], status=status, persons=count, windows=windows
        )
        self.feed(code, 1)

    @rule(code=st.sampled_from(CODES))
    def be_told_old_news(self, code: str) -> None:
        before = self.run(self.bench.record(code))
        stale = replace(self.tickets[code], status=Status.BLOCKED, persons=9)
        self.run(self.bench.put(stale, rev=self.revs[code] - 1))

        assert self.run(self.bench.record(code)) == before

    @rule(
        space=st.sampled_from(["museum", "hall"]),
        mode=st.sampled_from([Mode.NORMAL, Mode.NORMAL, Mode.FREE, Mode.LOCKED, Mode.EVACUATE]),
    )
    def set_mode(self, space: str, mode: Mode) -> None:
        self.run(self.bench.admin.set_mode(space, mode.value))

    @rule(minutes=st.sampled_from([0.1, 1, 7, 30, 60 * 14]))
    def wait(self, minutes: float) -> None:
        self.bench.store.time += int(minutes * MINUTE)

    @rule(code=st.sampled_from(CODES))
    def destroy(self, code: str) -> None:
        first = self.run(self.bench.store.destroy(code, operator="otto", reason=None))
        again = self.run(self.bench.store.destroy(code, operator="otto", reason=None))

        assert again.replayed
        assert first.ticket is not None
        assert again.ticket is not None
        assert again.ticket.destroyed_at == first.ticket.destroyed_at

    # --- scans

    @rule(
        code=codes,
        spot=spots,
        persons=persons,
        nonce=nonces,
        override=st.sampled_from([False, False, False, True]),
        check=st.sampled_from([False, False, False, True]),
    )
    def scan(
        self,
        *,
        code: str,
        spot: tuple[str, str, Any, bool],
        persons: int | None,
        nonce: str | None,
        override: bool,
        check: bool,
    ) -> None:
        reader, space, direction, reserves = spot
        place = self.bench.place(reader, space, direction, reserves=reserves)
        held, venue = self.held(code), self.run(self.venue())
        first = None if check else self.answered_before(code, place, nonce)
        open_here = self.open_at(reader) if reserves else None
        scan = self.scan_at(
            place,
            persons=persons,
            override=override,
            check=check,
            replays=first is not None,
            lane_busy=open_here is not None and open_here.code != code,
        )
        ruling = decide(held, scan, venue)

        decision = self.run(
            self.bench.store.scan(
                code,
                place,
                check=check,
                nonce=nonce,
                persons=persons,
                override="known" if override else None,
            )
        )

        assert (decision.granted, decision.reason) == (ruling.granted, ruling.reason)
        if first is not None and not check:
            self.replayed(decision, first)
            return
        assert conflict_in(decision) == ruling.conflict
        if decision.granted:  # what is refused before the ticket is looked at counts as one
            assert decision.persons == ruling.persons
        outcome = Outcome(held.state)
        if decision.granted and decision.event:
            outcome = self.given(
                decision, nonce, held, ruling, scan, code=code, venue=venue, reserve=reserves
            )
        self.left_behind(held, outcome, venue)

    @rule(
        code=codes,
        spot=spots,
        persons=persons,
        nonce=nonces,
        ago=st.sampled_from([0, MINUTE, 15 * MINUTE]),
    )
    def record(
        self,
        *,
        code: str,
        spot: tuple[str, str, Any, bool],
        persons: int | None,
        nonce: str | None,
        ago: int,
    ) -> None:
        reader, space, direction, _ = spot
        place = self.bench.place(reader, space, direction)
        held, venue = self.held(code), self.run(self.venue())
        first = self.answered_before(code, place, nonce)
        scan = replace(
            self.scan_at(place, persons=persons, replays=first is not None), now=self.now - ago
        )
        scan = replace(scan, day=int(self.bench.store.day_of(scan.now)))
        ruling = record(held, scan, venue)

        claim = Claim(at=scan.now, granted=True)
        decision = self.run(
            self.bench.store.record(code, place, claim, nonce=nonce, persons=persons)
        )

        assert decision.granted
        if first is not None:
            self.replayed(decision, first)
            return
        assert decision.persons == ruling.persons
        assert conflict_in(decision) == ruling.conflict
        outcome = self.given(decision, nonce, held, ruling, scan, code=code, venue=venue)
        self.left_behind(held, outcome, venue)

    def scan_at(self, place: Place, **fields: Any) -> Scan:
        return Scan(
            now=self.now,
            day=int(self.bench.store.day_of(self.now)),
            space=place.space,
            reader=place.reader,
            direction=Direction(place.direction),
            **fields,
        )

    def held(self, code: str) -> Entitlement:
        if code not in self.tickets:
            return Entitlement()
        ticket = self.tickets[code]
        return Entitlement(ticket, self.run(self.bench.state(code)), self.products[ticket.product])

    async def venue(self) -> Venue:
        spaces = {
            it.id: replace(
                self.bench.venue.spaces[it.id],
                inside=it.inside,
                reserved=it.reserved,
                mode=Mode(it.mode),
            )
            for it in await self.bench.admin.spaces()
        }
        return Venue(spaces)

    def open_at(self, reader: str) -> Given | None:
        newest = [it for it in self.grants.values() if it.row.reader == reader and it.row.deadline]
        return newest[-1] if newest and newest[-1].is_open else None

    def answered_before(self, code: str, place: Place, nonce: str | None) -> Given | None:
        """Return the grant that this scan is a repetition of."""
        remembered = [self.grants[event] for event in self.by_code[code][-REMEMBERED:]]
        for given in remembered if nonce else ():
            if given.nonce == (place.reader, nonce) and given.row.event_id not in self.forgotten:
                return given
        here = self.open_at(place.reader) if place.hold_ms else None
        return here if here is not None and here.code == code else None

    def remembered(self, code: str) -> list[str]:
        """Name the grants a ticket remembers; of an unknown one there are none."""
        return self.by_code[code][-REMEMBERED:] if code in self.tickets else []

    def replayed(self, decision: Decision, first: Given) -> None:
        assert decision.replayed
        assert decision.event == first.row.event_id

    def left_behind(self, held: Entitlement, outcome: Outcome, venue: Venue) -> None:
        """Compare what the store has become with what the rule makes of it."""
        assert inside(self.run(self.venue())) == inside(venue.after(outcome.effects))
        if held.ticket is not None:
            daily = bool(held.product and held.product.max_stamps_per_day)
            found = self.run(self.bench.state(held.ticket.code))
            assert plain(found, daily=daily) == plain(outcome.state, daily=daily)

    def given(
        self,
        decision: Decision,
        nonce: str | None,
        held: Entitlement,
        ruling: Ruling,
        scan: Scan,
        *,
        code: str,
        venue: Venue,
        reserve: bool = False,
    ) -> Outcome:
        assert decision.event is not None
        row = self.run(self.bench.store.grant(decision.event))
        assert row is not None
        grant, outcome = settling.given(held, ruling, scan, venue, decision.event, reserve=reserve)
        self.grants[decision.event] = Given(
            row=row,
            code=code,
            grant=grant,
            nonce=(scan.reader, nonce) if nonce and code in self.tickets else None,
            counted=outcome.persons,
        )
        self.by_code[code].append(decision.event)
        if ruling.kind is not Kind.FREE:
            self.something_happened(code, decision.event)
        return outcome

    def something_happened(self, code: str, event: str) -> None:
        """Forget what the ticket's other grants were given on: it is out of date."""
        for other in self.by_code[code]:
            if other != event:
                given = self.grants[other]
                given.grant = replace(given.grant, before=None)

    # --- what follows a grant

    def pick(self, data: st.DataObject) -> Given:
        live = [
            given
            for given in self.grants.values()
            if given.row.event_id in self.by_code[given.code][-REMEMBERED:]
        ]
        return data.draw(st.sampled_from(live[-12:]))

    def settle(
        self,
        given: Given,
        rule: Callable[..., settling.Settled],
        act: Coroutine[Any, Any, Settled],
        **asked: Any,
    ) -> Settled | None:
        """Settle a grant by the rule and in the store; ``None`` where neither can."""
        held, venue = self.held(given.code), self.run(self.venue())
        before = len(self.run(self.bench.events()))
        expected = self.expected(given, rule, held, venue, **asked)
        try:
            settled = self.run(act)
        except NotPossible:
            assert expected.refused is not None
            return None
        assert expected.refused is None
        assert settled.replayed is expected.replayed
        assert (settled.conflict is not None) is expected.conflict
        self.compare(given, expected, held, venue, before)
        if not settled.replayed:
            given.ended_by = settled.event
        return settled

    def expected(
        self,
        given: Given,
        rule: Callable[..., settling.Settled],
        held: Entitlement,
        venue: Venue,
        **asked: Any,
    ) -> settling.Settled:
        grant, remembered = given.grant, self.remembered(given.code)
        if grant.event not in remembered and held.ticket is not None:
            grant = replace(grant, passed=0)  # how many had passed was forgotten with it
        others = [self.grants[event].grant for event in reversed(remembered)]
        ticket = held.ticket or Ticket(given.code, "nobody's")
        return rule(ticket, grant, held.state, venue, remembered=others, **asked)

    def compare(
        self,
        given: Given,
        expected: settling.Settled,
        held: Entitlement,
        venue: Venue,
        before: int,
    ) -> None:
        told = self.run(self.bench.events())[before:]
        persons = sum(int(row.counted_persons or 0) for row in told if row.kind != "t")
        untracked = sum(int(row.counted_persons or 0) for row in told if row.kind == "t")
        stamps = sum(int(row.counted_stamps or 0) for row in told)
        outcome, grant = expected.outcome, expected.grant
        assert (persons, stamps) == (outcome.persons, outcome.stamps)
        assert untracked == expected.untracked
        way = -1 if grant.kind is Kind.EXIT else 1
        slipped = [(space, way * untracked) for space in venue.chain(grant.space)]
        after = venue.after(outcome.effects).after(slipped)
        self.left_behind(held, replace(outcome, effects=()), after)
        given.counted += outcome.persons
        if told and held.ticket is None:  # of an unknown ticket no more is remembered
            grant = replace(grant, stand=Stand.COMMITTED, passed=grant.granted)
        given.grant = grant
        if told:
            self.something_happened(given.code, grant.event)

    @precondition(lambda self: self.grants)
    @rule(data=st.data(), asked=st.sampled_from([None, None, 1, 2, 4]))
    def passage(self, data: st.DataObject, asked: int | None) -> None:
        given = self.pick(data)
        if given.code not in self.tickets and not given.is_open:
            return  # nothing is remembered of an unknown ticket
        act = self.bench.store.passage(given.row, persons=asked)
        self.settle(given, passed, act, now=self.now, persons=asked)

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def annul(self, data: st.DataObject) -> None:
        self.annul_this(self.pick(data))

    def annul_this(self, given: Given) -> None:
        settled = self.settle(given, settling.annul, self.bench.store.annul(given.row))
        if settled is not None and given.row.event_id in self.remembered(given.code):
            self.again(settled, self.run(self.bench.store.annul(given.row)))

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        given = self.pick(data)
        ended_by = given.ended_by if given.grant.stand is Stand.UNDONE else None
        act = self.bench.store.undo(given.row, operator="otto", reason="error")
        settled = self.settle(given, settling.undo, act)
        if settled is None:
            return
        assert ended_by in {None, settled.event}
        self.again(
            settled, self.run(self.bench.store.undo(given.row, operator="olga", reason=None))
        )

    def again(self, first: Settled, second: Settled) -> None:
        assert second.replayed
        assert second.event == first.event

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """Take a stamp back as a gateway does whose caller has gone."""
        given = self.pick(data)
        if given.nonce is None or given.row.event_id in self.forgotten:
            return
        store, event = self.bench.store, given.row.event_id
        remembered = self.memory(given)
        hashed = store.nonce_hash(*given.nonce)
        if not remembered.startswith(hashed.decode()):
            return
        held, venue = self.held(given.code), self.run(self.venue())
        before = len(self.run(self.bench.events()))
        today = store.day_of(self.now)
        expected = self.expected(
            replace(given, grant=replace(given.grant, day=int(today))),
            settling.take_back,
            held,
            venue,
        )
        keys = [store.key(f"t:{given.code}"), *store._settling_keys()]
        answer = self.run(store._call("take_back", keys, [hashed, self.now, today]))

        answered = remembered.split(",")[5].endswith("z")
        stays = answered or expected.refused is not None
        assert answer == ("stands" if stays else "taken_back")
        if not stays:
            self.forgotten.add(event)
            self.compare(given, expected, held, venue, before)
            given.grant = replace(
                given.grant, day=int(given.row.day or store.day_of(int(given.row.at)))
            )
            given.ended_by = self.memory(given).split(",")[6]

    def memory(self, given: Given) -> str:
        """Read what the ticket remembers of a grant."""
        record = self.run(self.bench.record(given.code))
        return next(text for text in grants_in(record) if f",{given.row.event_id}," in text)

    @rule()
    def settle_overdue(self) -> None:
        for event, _code in self.run(self.bench.admin.overdue(self.now)):
            self.annul_this(self.grants[event])

    def settle_all(self) -> None:
        self.bench.store.time += 60 * MINUTE
        self.settle_overdue()

        assert self.run(self.bench.admin.overdue(FOR_EVER)) == []
        assert set(self.run(self.bench.reserved()).values()) <= {0}

    # --- a rebuilt store

    @precondition(lambda self: self.tickets)
    @rule(code=st.sampled_from(CODES), spot=spots, persons=persons)
    def rebuild(self, code: str, spot: tuple[str, str, Any, bool], persons: int | None) -> None:
        """Load what the events tell of a ticket elsewhere: it looks and scans the same there."""
        reader, space, direction, _ = spot

        async def both() -> None:
            events = [row for row in await self.bench.events() if row.ticket_code == code]
            told = [state for row in events if (state := state_of_row(row)) is not None]
            async with a_bench(self.url) as other:
                other.store.time = self.now
                await other.set_venue(await self.venue())
                ticket = self.tickets[code]
                product = self.products[ticket.product]
                fields = {name: getattr(product, name) for name in Product.__slots__}
                await other.a_product(fields.pop("id"), **fields)
                state = told[-1] if told else NEW
                memories = {
                    row.of or row.event_id: row.memory for row in events if row.memory and row.made
                }
                kept = [event for event in self.remembered(code) if event in memories]
                nonces = [f"{event},{memories[event]}" for event in kept]
                row = ticket_row(ticket, 1) | state_row(state) | {"nonces": nonces}
                await other.admin.load_tickets([row])

                assert await other.store.look(code) == await self.bench.store.look(code)
                place = self.bench.place(reader, space, direction)
                assert _as_remembered(
                    await other.store.scan(code, place, check=True, persons=persons), kept
                ) == _as_remembered(
                    await self.bench.store.scan(code, place, check=True, persons=persons), kept
                )

                for event in kept:  # a free gate's grant touches no state: its nonce is not kept
                    given = self.grants[event]
                    if given.nonce is None or event in self.forgotten:
                        continue
                    place = self.bench.place(given.nonce[0], given.row.space)
                    again = await other.store.scan(code, place, nonce=given.nonce[1])
                    assert (again.replayed, again.event) == (True, event)

        self.run(both())

    # --- what holds always

    @invariant()
    def events_tell_the_persons_of_each_grant(self) -> None:
        rows = self.run(self.bench.events())
        told: dict[str, int] = defaultdict(int)
        for row in rows:
            if row.kind in {"s", "p", "a", "u"}:
                told[row.of or row.event_id] += int(row.counted_persons or 0)
        for event, given in self.grants.items():
            assert told[event] == given.counted, given

    @invariant()
    def stamps_counted_are_stamps_made(self) -> None:
        rows = self.run(self.bench.events())
        for code in self.tickets:
            counted = sum(int(row.counted_stamps or 0) for row in rows if row.ticket_code == code)
            awaited = sum(
                given.is_open and given.grant.kind is Kind.STAMP and not given.grant.passed
                for given in self.grants.values()
                if given.code == code
            )
            assert self.run(self.bench.state(code)).made == counted + awaited

    @invariant()
    def last_event_tells_the_record(self) -> None:
        last: dict[str, TicketState] = {}
        for row in self.run(self.bench.events()):
            if (state := state_of_row(row)) is not None:
                last[row.ticket_code] = state
        for code in self.tickets:
            found = self.run(self.bench.state(code))
            assert plain(found, daily=True) == plain(last.get(code, NEW), daily=True)

    @invariant()
    def memories_in_events_are_those_of_the_record(self) -> None:
        memories: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.run(self.bench.events()):
            if row.memory:
                memories[row.ticket_code][row.of or row.event_id] = row.memory
        for code in self.tickets:
            record = self.run(self.bench.record(code))
            found = {}
            for text in grants_in(record):
                hashed, event, *rest = text.split(",")[:6]
                found[event] = ",".join((hashed, *rest)).removesuffix("z")
            newest = self.by_code[code][-REMEMBERED:]
            told = {event: memories[code][event].removesuffix("z") for event in newest}
            for event in self.forgotten.intersection(newest):
                # that a settled grant's nonce was forgotten is worth no event
                told[event] = "," + told[event].partition(",")[2]
            assert found == told

    @invariant()
    def reservations_add_up(self) -> None:
        venue = self.run(self.venue())
        waiting: dict[str, int] = defaultdict(int)
        for given in self.grants.values():
            if given.is_open and given.row.direction == "e":
                waiting[given.row.space] += given.grant.persons - given.grant.passed
        for space in venue.spaces.values():
            assert space.inside >= 0
            within = sum(n for name, n in waiting.items() if space.id in venue.chain(name))
            assert waiting[space.id] <= space.reserved <= within

    @invariant()
    def records_stay_small(self) -> None:
        for code in self.tickets:
            assert len(grants_in(self.run(self.bench.record(code)))) <= REMEMBERED
            text = self.run(self.bench.admin.client.get(self.bench.admin.key(f"t:{code}")))
            assert len(text) <= LARGEST_RECORD


def passed(*args: Any, remembered: object, **asked: Any) -> settling.Settled:
    """Let persons pass, for which it does not matter what else the ticket remembers."""
    return settling.passage(*args, **asked)


def inside(venue: Venue) -> dict[str, int]:
    return {space.id: space.inside for space in venue.spaces.values()}


def check(url: str, *, examples: int, steps: int) -> None:
    StoreMachine.url = url
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_store_keeps_to_the_rule_whatever_happens(stores: Addresses) -> None:
    check(stores.redis, examples=30, steps=30)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_store_keeps_to_the_rule_for_long(stores: Addresses) -> None:
    check(stores.redis, examples=600, steps=50)
