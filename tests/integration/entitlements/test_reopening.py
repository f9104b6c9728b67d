"""What a rebuild puts back: reservations, also twice or unknown; records of an older form."""

import pytest

from gateway.entitlements.packing import PHASE
from gateway.errors import StoreUnavailable
from gateway.tickets.model import Ticket
from gateway.venue.settling import lost_grant, settle_overdue
from tests.integration.entitlements.bench import FOR_EVER, Bench


class NoArchive:
    """A database that has never heard of it."""

    async def event(self, _event_id: str) -> None:
        return None


async def test_a_rebuild_that_goes_on_reserves_nothing_twice(bench: Bench) -> None:
    code = await bench.a_ticket(persons=2)
    decision = await bench.store.scan(code, bench.place(reserves=True), persons=2)
    assert decision.event is not None
    row = await bench.store.grant(decision.event)
    assert row is not None

    for _ in range(2):
        await bench.admin.reopen(code, event=row.event_id, deadline=int(row.deadline))

    assert (await bench.reserved())["hall"] == 2
    await bench.store.passage(row)
    assert (await bench.reserved())["hall"] == 0
    assert await bench.admin.overdue(FOR_EVER) == []


async def test_a_grant_that_nobody_knows_is_released(bench: Bench) -> None:
    code = await bench.a_ticket()
    decision = await bench.store.scan(code, bench.place(reserves=True))
    assert decision.event is not None
    assert (await bench.state(code)).made == 1
    await bench.admin.client.delete(bench.admin.key("events"))
    due = bench.store.now() + 3_600_000

    assert await settle_overdue(bench.admin, bench.store, NoArchive(), due) == 1

    assert (await bench.state(code)).made == 0
    assert await bench.admin.overdue(due) == []
    assert (await bench.store.scan(code, bench.place("other"))).granted


async def test_a_reservation_of_no_ticket_waits_for_nobody(bench: Bench) -> None:
    event = f"1-{bench.store.now()}-0"
    await bench.admin.client.zadd(bench.admin.key("open"), {f"{event}\tNOBODY": 1})

    await bench.store.annul(lost_grant(event, "NOBODY"))

    assert await bench.admin.overdue(bench.store.now()) == []


async def test_a_store_of_another_versions_records_waits_for_its_rebuild(bench: Bench) -> None:
    client, key = bench.admin.client, bench.admin.key
    await client.hset(key("meta"), "phase", "ready")
    await client.hdel(key("meta"), PHASE)
    await client.hset(key("t:OLD"), mapping={"p": "visit", "m": "1"})
    event = f"1-{bench.store.now()}-0"

    assert (await bench.admin.meta()).phase == "stale"
    for act in (
        bench.store.scan("OLD", bench.place()),
        bench.store.look("OLD"),
        bench.store.destroy("OLD", operator="otto", reason=None),
        bench.store.annul(lost_grant(event, "OLD")),
        bench.put(Ticket("OLD", "visit")),
    ):
        with pytest.raises(StoreUnavailable):
            await act

    await bench.admin.wipe()
    await bench.admin.begin(2)
    await bench.admin.set_phase("ready")
    code = await bench.a_ticket("OLD")
    assert (await bench.store.scan(code, bench.place())).granted
