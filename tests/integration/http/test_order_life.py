"""What a seller changes of a ticket after it was sold stands in the ticket's history."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask

TICKET = "UPDATE composteur.ticket SET {} WHERE code = 'T1'"


@pytest.fixture(autouse=True)
async def _sold(house: House) -> None:
    await house.sell(
        "INSERT INTO composteur.session (id, product, starts_at)"
        " VALUES ('mon', 'day', '2026-12-21T10:00Z'), ('tue', 'day', '2026-12-22T10:00Z')",
        "INSERT INTO composteur.ticket (code, product, session, holder, status)"
        " VALUES ('T1', 'day', 'mon', 'Ada', 'on_hold'), ('T2', 'day', 'mon', 'Bea', 'active')",
    )
    await house.admin.put_sessions(
        await house.central.fetch("feed.sessions", ["mon", "tue"], [1, 1])
    )
    await house.admin.put_tickets(await house.central.fetch("feed.tickets", ["T1", "T2"], [1, 1]))


async def life(house: House, code: str = "T1") -> list[dict[str, Any]]:
    status, found = await ask(house, "GET", f"/v1/tickets/{code}/history")
    assert status == 200, found
    return [each["what"] for each in found.get("changes", [])]


async def test_each_step_of_an_orders_life_is_told_in_order(house: House) -> None:
    await house.sell(
        TICKET.format("status = 'unpaid', hold_until = '2026-12-20T00:00Z'"),
        TICKET.format("status = 'active'"),
        TICKET.format("session = 'tue'"),
        TICKET.format("persons = 4"),
        TICKET.format("status = 'replaced', replaced_by = 'T2'"),
        TICKET.format("status = 'cancelled', replaced_by = NULL"),
        "DELETE FROM composteur.ticket WHERE code = 'T1'",
    )

    assert await life(house) == [
        {"status": ["on_hold", "unpaid"], "hold_until": [None, "2026-12-20T01:00:00.000+01:00"]},
        {"status": ["unpaid", "active"]},
        {"session": ["mon", "tue"]},
        {"persons": [1, 4]},
        {"status": ["active", "replaced"], "replaced_by": [False, True]},
        {"status": ["replaced", "cancelled"], "replaced_by": [True, False]},
        {"status": ["cancelled", "deleted"]},
    ]
    assert await life(house, "T2") == []


async def test_a_session_that_was_moved_is_told_in_the_life_of_its_tickets(house: House) -> None:
    await house.sell(
        "UPDATE composteur.session SET starts_at = '2026-12-21T11:00Z' WHERE id = 'mon'",
        "UPDATE composteur.session SET label = 'Early' WHERE id = 'mon'",
        'UPDATE composteur.ticket SET windows = \'[{"session": "mon"}]\', session = NULL'
        " WHERE code = 'T2'",
        "UPDATE composteur.ticket SET ordered_at = now() + interval '1 s' WHERE code = 'T1'",
    )

    moved = {
        "session.starts_at": ["2026-12-21T11:00:00.000+01:00", "2026-12-21T12:00:00.000+01:00"]
    }
    assert await life(house) == []
    assert (await life(house, "T2"))[0] == moved
    await house.sell("UPDATE composteur.ticket SET ordered_at = NULL WHERE code = 'T1'")
    assert await life(house) == [moved]


async def test_names_of_people_and_what_changes_nothing_are_no_part_of_it(house: House) -> None:
    await house.sell(TICKET.format("holder = 'Cid', payer = 'Cid'"), TICKET.format("persons = 1"))

    assert await life(house) == []


async def test_what_is_erased_of_a_ticket_leaves_no_trace_of_its_life_in_others(
    house: House,
) -> None:
    await house.sell(TICKET.format("status = 'replaced', replaced_by = 'T2'"))

    status, _ = await ask(house, "POST", "/v1/privacy/erase", body={"code": "T2"})

    assert status == 200
    rows = await house.central.fetch("history.changes", "T2", 10)
    assert rows == []
    async with house.central.acquire() as connection:
        told = await connection.fetchval(
            "SELECT string_agg(c::text, ' ') FROM composteur.ticket_change c"
        )
    assert "T2" not in told


async def test_it_is_removed_with_the_scans(house: House) -> None:
    await house.sell(
        TICKET.format("persons = 2"),
        "UPDATE composteur.ticket_change SET at = now() - interval '91 days'",
        TICKET.format("persons = 3"),
    )
    keeper = house.services.keeper
    assert keeper is not None
    _, answer = await ask(house, "GET", "/v1/privacy")
    assert answer["settings"]["scans_days"] == 90

    removed = await keeper.purge(datetime.now(UTC), gently=False)

    assert removed is not None
    assert removed.changes == 1
    assert await life(house) == [{"persons": [2, 3]}]
