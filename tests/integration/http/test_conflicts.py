"""Conflicts: people who were let in although the rules, asked later, say no."""

from datetime import UTC, datetime, timedelta

import msgspec

from gateway.central.streamer import Streamer
from gateway.http.schemas import EventList
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask, put, scan, streamed
from tests.unit.http.calls import problem


async def test_offline_grant_that_the_rules_refuse_is_listed_newest_first(
    house: House, streaming: Streamer
) -> None:
    for code in ("T1", "T2", "T3"):
        await put(house, code)
        await scan(house, code)
    at = datetime.now(UTC)
    items = [
        {"code": code, "nonce": code, "decided": "granted", "direction": "entry", "persons": 1}
        | {"at": (at - timedelta(seconds=9 - number)).isoformat()}
        for number, code in enumerate(("T1", "T2", "T3"))
    ]
    status, batch = await ask(
        house, "POST", "/v1/scans/batch", "door", items, Idempotency_Key="one"
    )
    assert status == 200, batch
    assert all(answer["conflict"] for answer in batch["items"]), batch
    for code in ("T1", "T2", "T3"):
        await streamed(house, code, events=2)

    status, listed = await ask(house, "GET", "/v1/conflicts", "operator")

    assert status == 200
    msgspec.convert(listed, EventList)
    assert [event["ticket_code"] for event in listed["items"]] == ["T3", "T2", "T1"]
    assert all(event["offline"] and event["conflict_with"] for event in listed["items"])
    _, page = await ask(house, "GET", "/v1/conflicts?limit=2", "operator")
    _, rest = await ask(house, "GET", f"/v1/conflicts?limit=2&after={page['next']}", "operator")
    assert page["items"] + rest["items"] == listed["items"]
    assert rest["next"] is None


async def test_grant_against_the_rules_is_listed_though_the_ticket_had_no_other(
    house: House, streaming: Streamer
) -> None:
    await put(house, "T1", status="cancelled")
    item = {"code": "T1", "nonce": "T1", "decided": "granted", "direction": "entry", "persons": 1}
    at = (datetime.now(UTC) - timedelta(seconds=9)).isoformat()
    status, batch = await ask(
        house, "POST", "/v1/scans/batch", "door", [item | {"at": at}], Idempotency_Key="one"
    )
    assert status == 200, batch
    conflict = batch["items"][0]["conflict"]
    assert conflict == {"reason": "cancelled", "with": None, "reader": None, "at": None}
    await streamed(house, "T1", events=1)

    _, listed = await ask(house, "GET", "/v1/conflicts", "operator")

    (event,) = listed["items"]
    assert (event["decision"], event["reason"]) == ("granted", "cancelled")
    assert event["conflict_with"] is None
    _, history = await ask(house, "GET", "/v1/tickets/T1/history", "operator")
    assert history["items"] == [event]


async def test_conflicts_need_an_operator_and_a_readable_place(house: House) -> None:
    assert problem(await ask(house, "GET", "/v1/conflicts", "scanner"), 403, "forbidden")
    found = await ask(house, "GET", "/v1/conflicts?after=x", "operator")
    assert problem(found, 422, "invalid", "after")
