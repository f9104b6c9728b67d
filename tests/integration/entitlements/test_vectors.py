"""The store decides as the hand-made tables and the readable rule say."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.embedded import Addresses
from gateway.entitlements.packing import SEPARATOR
from gateway.entitlements.store import Claim
from gateway.errors import StoreUnavailable
from gateway.tickets.decision import Decision
from gateway.tickets.event import EventRow
from gateway.tickets.model import Product, Session, TicketState
from gateway.tickets.outcome import apply
from gateway.tickets.party import Kind
from gateway.tickets.rules import decide, record
from gateway.tickets.ruling import Outcome, Ruling
from tests.integration.entitlements.bench import Bench, Fields, a_bench, flags_of
from tests.integration.entitlements.records import plain, state_of_row
from tests.vectors.loading import Case, read_cases

CASES = tuple(read_cases())
NONCE = "the same again"
KINDS = {"s": Kind.STAMP, "p": Kind.REST, "e": Kind.REENTRY, "x": Kind.EXIT, "f": Kind.FREE}


@pytest.fixture
async def bench(stores: Addresses) -> AsyncIterator[Bench]:
    """Open a store on a site of its own: hundreds of cases cannot each wait for a clean one."""
    async with a_bench(stores.redis) as bench:
        yield bench


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_store_answers_as_the_table_and_the_rule_say(bench: Bench, case: Case) -> None:
    await prepare(bench, case)
    rule = record if case.recorded else decide
    ruling = rule(case.entitlement, case.scan, case.venue)
    outcome = apply(case.entitlement, ruling, case.scan, case.venue)

    decision = await scan(bench, case)
    if decision is None:
        assert unanswered_by_rights(ruling)
        return
    rows = await bench.events()

    assert the_decision(decision, rows) == told_by_the_table(case, decision, rows)
    assert await the_outcome(bench, case) == told_by_the_rule(case, outcome)
    state = await the_state(bench, case)
    told = [
        plain(it, daily=counts_days(case)) for row in rows if (it := state_of_row(row)) is not None
    ]
    # the step of a rotating code is over in two minutes: the database does not keep it
    assert told[-1:] == [state and replace(state, step=None)] * bool(told)
    assert told or outcome.state == case.entitlement.state
    if decision.ticket is not None and ruling.index >= 0:
        assert decision.ticket.window == ruling.window
        assert decision.ticket.allowed == ruling.allowed
        assert decision.attention is ruling.attention


async def prepare(bench: Bench, case: Case) -> None:
    """Bring the store to what the case begins with."""
    held = case.entitlement
    bench.store.time = case.scan.now
    await bench.set_venue(case.venue)
    if held.product is not None:
        await bench.a_product(**fields_of(held.product))
    for session in held.sessions.values():
        await bench.a_session(**fields_of(session))
    if held.ticket is not None:
        state = held.state
        if case.scan.replays:
            digest = bench.store.nonce_hash(case.scan.reader, NONCE).decode()
            state = replace(state, nonces=(f"1-1-0,{digest},1,1,1,cs",))
        await bench.load(held.ticket, state)
        if state.step is not None:  # of the store alone
            record = bench.admin.key(f"t:{held.ticket.code}")
            await bench.admin.client.append(record, f"{SEPARATOR}q{state.step}")
    if case.scan.lane_busy:
        client, key = bench.admin.client, bench.admin.key
        await client.zadd(key("open"), {"1-2-0\tANOTHER": case.scan.now + 1000})
        await client.hset(key("spaces"), f"l:{case.scan.reader}", "1-2-0 ANOTHER")
    if case.venue.loading:
        await bench.admin.set_phase("loading")


def fields_of(value: Product | Session) -> Fields:
    fields: Fields = {name: getattr(value, name) for name in type(value).__slots__}
    return {"name": fields.pop("id")} | fields


async def scan(bench: Bench, case: Case) -> Decision | None:
    """Scan as the case says; ``None``: the store cannot tell."""
    scan, ticket = case.scan, case.entitlement.ticket
    place = bench.place(scan.reader, scan.space, scan.direction.value, reserves=scan.lane_busy)
    if scan.malformed:
        return await bench.store.malformed(place)
    code = ticket.code if ticket else "NOBODYKNOWSTHIS"
    if case.recorded:
        claim = Claim(at=scan.now, granted=True)
        return await bench.store.record(
            code, place, claim, persons=scan.persons, flags=flags_of(scan), step=scan.step
        )
    try:
        decision = await bench.store.scan(
            code,
            place,
            check=scan.check,
            nonce=NONCE if scan.replays else None,
            persons=scan.persons,
            override="the operator knows them" if scan.override else None,
            flags=flags_of(scan),
            step=scan.step,
        )
    except StoreUnavailable:
        return None
    if scan.lane_busy and decision.granted and decision.event and not decision.replayed:
        reserved = (await bench.events())[-1]
        await bench.store.passage(reserved)
    return decision


def unanswered_by_rights(ruling: Ruling) -> bool:
    """Tell whether the store may leave the answer to its gateway, which lets people out."""
    return ruling.reason == "store_unavailable" or ruling.degraded


def the_decision(decision: Decision, rows: list[EventRow]) -> dict[str, object]:
    """Say what the store decided in the words of the tables."""
    grants = [row for row in rows if row.decision == "g"]
    memory = grants[-1].memory if grants and grants[-1].memory else None
    return {
        "decision": "granted" if decision.granted else "denied",
        "reason": decision.reason,
        "kind": KINDS[memory.split(",")[4][1]] if memory else None,
        "index": int(memory.split(",")[3]) - 1 if memory else None,
        "persons": decision.persons,
        "counted_persons": sum(int(row.counted_persons or 0) for row in rows),
        "counted_stamps": sum(int(row.counted_stamps or 0) for row in rows),
        "persons_left": decision.ticket.persons_left if decision.ticket else None,
        "window": decision.ticket.window if decision.ticket else None,
        "replayed": decision.replayed,
        "conflict": decision.conflict.reason if decision.conflict else None,
    }


def told_by_the_table(case: Case, decision: Decision, rows: list[EventRow]) -> dict[str, object]:
    """Return the same with what the table tells put in."""
    told, found = case.expect, the_decision(decision, rows)
    expected = found | {name: value for name, value in told.items() if name in found}
    if found["kind"] is None:
        expected |= {"kind": None, "index": None}  # nothing is remembered of it
    if "window" in told:
        expected["window"] = case.window
    return expected


async def the_outcome(bench: Bench, case: Case) -> dict[str, object]:
    """Say what the scan left behind in the store."""
    return {"inside": await bench.inside(), "state": await the_state(bench, case)}


async def the_state(bench: Bench, case: Case) -> TicketState | None:
    """Read the ticket's state; ``None`` without a ticket."""
    ticket = case.entitlement.ticket
    return plain(await bench.state(ticket.code), daily=counts_days(case)) if ticket else None


def told_by_the_rule(case: Case, outcome: Outcome) -> dict[str, object]:
    """Say the same as the readable rule has it."""
    spaces = case.venue.after(outcome.effects).spaces.values()
    ticket, state = case.entitlement.ticket, None
    if ticket:
        destroyed_at = outcome.state.destroyed_at or ticket.destroyed_at
        state = replace(outcome.state, destroyed_at=destroyed_at)
        state = plain(state, daily=counts_days(case))
    if case.state_after is not None and ticket:
        assert plain(case.state_after, daily=False) == plain(outcome.state, daily=False)
    return {
        "inside": {space.id: space.inside for space in sorted(spaces, key=lambda it: it.id)},
        "state": state,
    }


def counts_days(case: Case) -> bool:
    """Tell whether the store keeps the day's stamps: only where the product limits them."""
    product = case.entitlement.product
    return product is not None and product.max_stamps_per_day is not None
