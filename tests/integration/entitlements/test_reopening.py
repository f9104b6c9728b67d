"""Reservations put back twice, or whose grant nobody knows any more."""

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
