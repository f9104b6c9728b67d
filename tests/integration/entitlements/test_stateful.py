"""Whatever happens in whatever order: the store stays what the readable rule and its events say.

Each scan is decided twice, by the store and by ``gateway.tickets.rules`` on what the store held
before it. What follows a grant is kept in a small ledger here. After every step the ledger, the
events and the records must tell the same story.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
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

from gateway.embedded import Addresses
from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim, NotPossible, Settled
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
from gateway.tickets.outcome import apply
from gateway.tickets.party import Kind
from gateway.tickets.rules import decide, record
from gateway.tickets.ruling import Entitlement, Ruling
from gateway.tickets.scan import AntiPassback, Direction, Mode, Scan, Space, Venue
from tests.integration.entitlements.bench import MINUTE, NOON, Bench, a_bench, state_row, ticket_row
from tests.integration.entitlements.records import plain, state_of_row

CODES = ("LONE", "GROUP", "PASS", "a code\\with backslashes\x1dand GS")
REMEMBERED = 8
KINDS = {"s": Kind.STAMP, "p": Kind.REST, "e": Kind.REENTRY, "x": Kind.EXIT, "f": Kind.FREE}

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
    """A grant as this test's ledger has it."""

    row: EventRow
    code: str
    kind: Kind
    persons: int
    nonce: tuple[str, str] | None
    passed: int
    stand: str
    ended_by: str | None = None
    beyond: int = 0


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
        if decision.granted:  # what is refused before the ticket is looked at counts as one
            assert decision.persons == ruling.persons
        self.left_behind(held, ruling, scan, venue, reserves=reserves)
        if decision.granted and decision.event:
            self.note(decision, code, place, ruling, nonce, reserves=reserves)

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
        conflict = decision.conflict.reason if decision.conflict else None
        assert conflict == (ruling.passed[0] if ruling.passed else None)
        self.left_behind(held, ruling, scan, venue)
        self.note(decision, code, place, ruling, nonce)

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
        return newest[-1] if newest and newest[-1].stand == "r" else None

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

    def left_behind(
        self,
        held: Entitlement,
        ruling: Ruling,
        scan: Scan,
        venue: Venue,
        *,
        reserves: bool = False,
    ) -> None:
        """Compare what the store has become with what the rule makes of it."""
        outcome = apply(held, ruling, scan, venue)
        after, state = self.run(self.venue()), outcome.state
        if reserves:
            assert inside(after) == inside(venue)
            state = held.state if scan.direction is Direction.EXIT else state
        else:
            assert inside(after) == inside(venue.after(outcome.effects))
        if held.ticket is not None:
            daily = bool(held.product and held.product.max_stamps_per_day)
            found = self.run(self.bench.state(held.ticket.code))
            assert plain(found, daily=daily) == plain(state, daily=daily)

    def note(
        self,
        decision: Decision,
        code: str,
        place: Place,
        ruling: Ruling,
        nonce: str | None,
        *,
        reserves: bool = False,
    ) -> None:
        assert decision.event is not None
        assert ruling.kind is not None
        row = self.run(self.bench.store.grant(decision.event))
        assert row is not None
        self.grants[decision.event] = Given(
            row=row,
            code=code,
            kind=ruling.kind,
            persons=ruling.persons,
            nonce=(place.reader, nonce) if nonce and code in self.tickets else None,
            passed=0 if reserves else ruling.persons,
            stand="r" if reserves else "c",
        )
        self.by_code[code].append(decision.event)

    # --- what follows a grant

    def pick(self, data: st.DataObject) -> Given:
        live = [
            given
            for given in self.grants.values()
            if given.row.event_id in self.by_code[given.code][-REMEMBERED:]
        ]
        return data.draw(st.sampled_from(live[-12:]))

    @precondition(lambda self: self.grants)
    @rule(data=st.data(), asked=st.sampled_from([None, None, 1, 2, 4]))
    def passage(self, data: st.DataObject, asked: int | None) -> None:
        given = self.pick(data)
        if given.code not in self.tickets and given.stand != "r":
            return  # nothing is remembered of an unknown ticket
        so_far = given.persons if asked is None else asked
        more = min(so_far, given.persons) - min(given.passed, given.persons)
        beyond = so_far - max(given.persons, given.passed)
        try:
            settled = self.run(self.bench.store.passage(given.row, persons=asked))
        except NotPossible:
            assert given.stand == "u"
            return

        assert given.stand != "u"
        assert settled.replayed is (more <= 0 and beyond <= 0)
        if settled.replayed:
            return
        assert (settled.conflict is not None) is (more > 0 and given.stand != "r")
        given.passed = max(given.passed, so_far)
        if more > 0 and (
            given.stand != "r" or given.passed >= given.persons or given.code not in self.tickets
        ):
            given.stand = "c"

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def annul(self, data: st.DataObject) -> None:
        self.annul_this(self.pick(data))

    def annul_this(self, given: Given) -> None:
        try:
            settled = self.run(self.bench.store.annul(given.row))
        except NotPossible:
            assert given.stand in {"c", "u"} or given.code not in self.tickets
            return

        if given.stand == "r":
            assert not settled.replayed
            given.stand = "c" if given.passed else "a"
            given.ended_by = settled.event
            if given.row.event_id in self.remembered(given.code):
                self.again(settled, self.run(self.bench.store.annul(given.row)))
        else:
            assert settled.replayed

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        given = self.pick(data)
        try:
            settled = self.run(self.bench.store.undo(given.row, operator="otto", reason="error"))
        except NotPossible:
            assert given.stand == "a" or given.kind in {Kind.EXIT, Kind.FREE}
            return

        assert settled.replayed is (given.stand == "u")
        if given.stand == "u":
            assert settled.event == given.ended_by
        given.stand, given.ended_by = "u", settled.event
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
        store = self.bench.store
        record = self.run(self.bench.record(given.code))
        remembered = next(
            text for text in record.values() if f",{given.row.event_id}," in text[:40]
        )
        hashed = store.nonce_hash(*given.nonce)
        if not remembered.startswith(hashed.decode()):
            return
        keys = [store.key(f"t:{given.code}"), *store._settling_keys()]
        answer = self.run(
            store._call("take_back", keys, [hashed, self.now, store.day_of(self.now)])
        )

        answered = remembered.split(",")[5].endswith("z")
        stays = given.stand == "c" and given.kind in {Kind.EXIT, Kind.FREE}
        assert answer == ("stands" if answered or stays else "taken_back")
        if answer == "taken_back":
            self.forgotten.add(given.row.event_id)
            if given.stand == "r" and not given.passed:
                given.stand = "a"
            elif given.stand in {"r", "c"}:
                given.stand = "u"
            after = self.run(self.bench.record(given.code))
            ended = next(it for it in after.values() if f",{given.row.event_id}," in it[:40])
            given.ended_by = ended.split(",")[6]

    @rule()
    def settle_overdue(self) -> None:
        for event, _code in self.run(self.bench.admin.overdue(self.now)):
            self.annul_this(self.grants[event])

    def settle_all(self) -> None:
        self.bench.store.time += 60 * MINUTE
        self.settle_overdue()

        assert self.run(self.bench.admin.open_events()) == set()
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
                memories = {row.of or row.event_id: row.memory for row in events if row.memory}
                nonces = [f"{event},{memories[event]}" for event in self.remembered(code)]
                row = ticket_row(ticket, 1) | state_row(state) | {"nonces": nonces}
                await other.admin.load_tickets([row])

                assert await other.store.look(code) == await self.bench.store.look(code)
                place = self.bench.place(reader, space, direction)
                assert await other.store.scan(
                    code, place, check=True, persons=persons
                ) == await self.bench.store.scan(code, place, check=True, persons=persons)

                for event in self.remembered(code):
                    given = self.grants[event]
                    if given.nonce is None or event in self.forgotten:
                        continue
                    place = self.bench.place(given.nonce[0], given.row.space)
                    again = await other.store.scan(code, place, nonce=given.nonce[1])
                    assert (again.replayed, again.event) == (True, event)

        self.run(both())

    # --- what holds always

    @invariant()
    def events_and_ledger_agree(self) -> None:
        rows = self.run(self.bench.events())
        told: dict[str, int] = defaultdict(int)
        for row in rows:
            if row.kind in {"s", "p", "a", "u"}:
                told[row.of or row.event_id] += int(row.counted_persons or 0)
        for event, given in self.grants.items():
            expected = 0 if given.stand in {"u", "a"} else min(given.passed, given.persons)
            assert told[event] == expected, given

    @invariant()
    def stamps_counted_are_stamps_made(self) -> None:
        rows = self.run(self.bench.events())
        for code in self.tickets:
            counted = sum(int(row.counted_stamps or 0) for row in rows if row.ticket_code == code)
            awaited = sum(
                given.stand == "r" and given.kind is Kind.STAMP and not given.passed
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
            kept = [record[f"g{slot}"] for slot in range(REMEMBERED) if f"g{slot}" in record]
            found = {}
            for text in kept:
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
            if given.stand == "r" and given.row.direction == "e":
                waiting[given.row.space] += given.persons - min(given.passed, given.persons)
        for space in venue.spaces.values():
            assert space.inside >= 0
            within = sum(n for name, n in waiting.items() if space.id in venue.chain(name))
            assert waiting[space.id] <= space.reserved <= within

    @invariant()
    def records_stay_small(self) -> None:
        for code in self.tickets:
            key, client = self.bench.admin.key(f"t:{code}"), self.bench.admin.client
            assert self.run(client.object("ENCODING", key)) == b"listpack"
            fields = self.run(client.hgetall(key))
            assert max(map(len, fields.values())) <= 64


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
