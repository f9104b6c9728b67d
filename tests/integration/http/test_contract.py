"""Each call of the contract on real stores."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gateway.central.streamer import Streamer
from gateway.http.schemas import (
    ActAnswer,
    EventList,
    FeedAnswer,
    KeyList,
    NewKeyAnswer,
    ScanAnswer,
    SpaceList,
    TicketAnswer,
    TicketList,
)
from tests.integration.http.conftest import House
from tests.unit.http.calls import document, problem


async def ask(
    house: House, method: str, path: str, who: str = "admin", body: Any = None, **headers: str
) -> tuple[int, Any]:
    """Call with a JSON body; headers with underscores for hyphens."""
    sent = house.bearer(who) | {name.replace("_", "-"): value for name, value in headers.items()}
    response = await house.client.request(method, path, json=body, headers=sent)
    return response.status, await document(response)


async def put(house: House, code: str, **columns: Any) -> None:
    status, ticket = await ask(
        house, "PUT", f"/v1/tickets/{code}", body={"product": "day"} | columns
    )
    assert status == 200, ticket
    msgspec.convert(ticket, TicketAnswer)


async def scan(house: House, code: str, who: str = "door", **facts: Any) -> Any:
    status, answer = await ask(house, "POST", "/v1/scans", who, {"code": code} | facts)
    assert status == 200, answer
    msgspec.convert(answer, ScanAnswer)
    return answer


async def streamed(house: House, code: str, *, events: int) -> None:
    """Wait until the database has so many events of a ticket."""
    async with asyncio.timeout(5):
        while len(await house.central.history(code)) < events:  # noqa: ASYNC110 - it is polled
            await asyncio.sleep(0.02)


async def test_ticket_is_sold_stamped_once_and_refused_with_its_stamp(house: House) -> None:
    await put(house, "T1", holder="Ada Lovelace")

    first = await scan(house, "T1", nonce="n1")
    replayed = await scan(house, "T1", nonce="n1")
    second = await scan(house, "T1", nonce="n2")

    assert (first["decision"], first["ticket"]["stamps"]["made"]) == ("granted", 1)
    assert (replayed["replayed"], replayed["event"]) == (True, first["event"])
    assert (second["decision"], second["reason"]) == ("denied", "no_stamps_left")
    assert second["ticket"]["stamps"]["first_reader"] == "door"
    assert "door" in second["message"]


async def test_check_consumes_nothing(house: House) -> None:
    await put(house, "T1")

    looked = await scan(house, "T1", mode="check")

    assert (looked["decision"], looked["event"]) == ("granted", None)
    assert looked["ticket"]["stamps"]["made"] == 0
    assert (await scan(house, "T1"))["decision"] == "granted"


async def test_unknown_ticket_and_malformed_code_are_decisions(house: House) -> None:
    assert (await scan(house, "NOBODY"))["reason"] == "unknown_ticket"
    malformed = await scan(house, "a\x00b")
    assert malformed["reason"] == "malformed_code"
    assert malformed["event"]


async def test_loading_store_answers_503_for_what_it_has_not(house: House) -> None:
    await house.admin.set_phase("loading")

    found = await ask(house, "POST", "/v1/scans", "door", {"code": "NOBODY"})
    looked = await ask(house, "GET", "/v1/tickets/NOBODY")

    assert problem(found, 503, "store_unavailable")
    assert problem(looked, 503, "store_unavailable")


async def test_window_is_told_in_the_sites_time(house: House) -> None:
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await put(house, "T1", valid_from=begins.isoformat())

    early = await scan(house, "T1")

    assert early["reason"] == "too_early"
    told = datetime.fromisoformat(early["ticket"]["window"]["from"])
    assert told == begins
    assert early["ticket"]["window"]["from"][-6:] in {"+01:00", "+02:00"}
    assert early["ticket"]["window"]["until"] is None


async def test_windows_are_written_and_read(house: House) -> None:
    spans = [{"until": "2020-01-01T00:00:00Z"}, {"from": "2020-01-01T00:00:00+01:00", "stamps": 2}]
    await put(house, "T1", windows=spans)

    ticket = (await scan(house, "T1"))["ticket"]

    assert [span["from"] for span in ticket["windows"]] == [None, "2020-01-01T00:00:00.000+01:00"]
    assert ticket["stamps"]["allowed"] == 2


async def test_destroyed_ticket_is_refused_with_its_date(house: House) -> None:
    await put(house, "T1")

    status, act = await ask(
        house, "POST", "/v1/tickets/T1/destroy", "operator", {"reason": "stolen"}
    )
    refused = await scan(house, "T1")
    shown = await ask(house, "GET", "/v1/tickets/T1", "scanner")

    assert status == 200
    msgspec.convert(act, ActAnswer)
    assert refused["reason"] == "destroyed"
    assert refused["ticket"]["destroyed_at"] == shown[1]["destroyed_at"]
    assert problem(await ask(house, "POST", "/v1/tickets/NO/destroy"), 404, "unknown_ticket")


async def test_undo_gives_the_stamp_back_and_answers_once(house: House) -> None:
    await put(house, "T1")
    granted = await scan(house, "T1")

    first = await ask(house, "POST", "/v1/tickets/T1/undo", "operator", {"event": granted["event"]})
    again = await ask(house, "POST", "/v1/tickets/T1/undo", "operator", {"event": granted["event"]})

    assert first[1]["of"] == granted["event"]
    assert (again[1]["event"], again[1]["replayed"]) == (first[1]["event"], True)
    assert first[1]["ticket"]["stamps"]["made"] == 0
    assert problem(await ask(house, "POST", "/v1/tickets/T1/undo"), 409, "nothing_to_undo")
    assert (await scan(house, "T1"))["decision"] == "granted"


async def test_undo_of_another_tickets_event_is_404(house: House) -> None:
    await put(house, "T1")
    await put(house, "T2")
    granted = await scan(house, "T1")

    found = await ask(house, "POST", "/v1/tickets/T2/undo", body={"event": granted["event"]})

    assert problem(found, 404, "unknown_event", "event")


async def test_passages_settle_a_reservation(house: House) -> None:
    await put(house, "T1", persons=2, audience="group")
    granted = await scan(house, "T1", "lane")
    path = f"/v1/scans/{granted['event']}"

    foreign = await ask(house, "POST", f"{path}/passage", "door")
    first = await ask(house, "POST", f"{path}/passage", "lane", {"persons": 1})
    same = await ask(house, "POST", f"{path}/passage", "lane", {"persons": 1})
    rest = await ask(house, "POST", f"{path}/passage", "lane")
    too_late = await ask(house, "POST", f"{path}/annul", "lane")

    assert problem(foreign, 403, "forbidden")
    assert first[0] == same[0] == rest[0] == 200
    msgspec.convert(first[1], ActAnswer)
    assert first[1]["of"] == granted["event"]
    assert problem(too_late, 409, "all_passed")
    assert (await ask(house, "GET", "/v1/spaces"))[1]["items"][0]["inside"] == 2


async def test_annul_gives_a_reservation_back(house: House) -> None:
    await put(house, "T1")
    granted = await scan(house, "T1", "lane")

    status, act = await ask(house, "POST", f"/v1/scans/{granted['event']}/annul", "lane")

    assert (status, act["of"]) == (200, granted["event"])
    assert (await scan(house, "T1"))["decision"] == "granted"


async def test_batch_is_judged_by_time_with_conflicts(house: House) -> None:
    await put(house, "T1")
    now = datetime.now(UTC)
    times = [(now - timedelta(minutes=minutes)).isoformat() for minutes in (5, 10)]
    items = [
        {
            "code": "T1",
            "nonce": f"n{number}",
            "at": at,
            "decided": "granted",
            "direction": "entry",
            "persons": 1,
        }
        for number, at in enumerate(times)
    ]

    first = await ask(house, "POST", "/v1/scans/batch", "door", items, Idempotency_Key="u1")
    again = await ask(house, "POST", "/v1/scans/batch", "door", items, Idempotency_Key="u1")
    renamed = await ask(house, "POST", "/v1/scans/batch", "door", items, Idempotency_Key="u2")

    later, earlier = first[1]["items"]
    assert (earlier["decision"], earlier["conflict"]) == ("granted", None)
    assert (later["decision"], later["conflict"]["reason"]) == ("granted", "no_stamps_left")
    assert again == first
    assert [item["replayed"] for item in renamed[1]["items"]] == [True, True]


async def test_lines_are_taken_and_the_wrong_ones_told(house: House) -> None:
    lines = [
        {"code": "L1", "product": "day"},
        {"code": "L2", "product": "nothing"},
        {"code": "L3", "product": "day", "persons": 0},
        {"code": "L4", "product": "day", "colour": "red"},
        {"product": "day"},
    ]
    body = "\n".join([*map(json.dumps, lines), "{nonsense", "", json.dumps(lines[0])])

    response = await house.client.post("/v1/tickets", data=body, headers=house.bearer("admin"))
    taken = await response.json()

    assert response.status == 200
    msgspec.convert(taken, FeedAnswer)
    assert taken["accepted"] == 2
    assert [(each["line"], each["field"]) for each in taken["rejected"]] == [
        (2, "product"),
        (3, "persons"),
        (4, "colour"),
        (5, "code"),
        (6, None),
    ]
    assert (await scan(house, "L1"))["decision"] == "granted"


async def test_many_lines_are_streamed(house: House) -> None:
    lines = b"".join(b'{"code":"M%d","product":"day"}\n' % number for number in range(5_000))

    async def parts() -> Any:
        for start in range(0, len(lines), 10_007):
            yield lines[start : start + 10_007]

    response = await house.client.post("/v1/tickets", data=parts(), headers=house.bearer("admin"))

    assert await response.json() == {"accepted": 5_000, "rejected": []}
    assert (await scan(house, "M4999"))["decision"] == "granted"


async def test_search_finds_by_order_and_holder_page_by_page(house: House) -> None:
    for number in range(3):
        await put(house, f"T{number}", order_ref="O-1", holder="Grace Hopper")

    first = (await ask(house, "GET", "/v1/tickets?order=O-1&limit=2", "operator"))[1]
    second = (await ask(house, "GET", f"/v1/tickets?order=O-1&after={first['next']}"))[1]
    by_name = (await ask(house, "GET", "/v1/tickets?holder=hopper"))[1]

    msgspec.convert(first, TicketList)
    assert [ticket["code"] for ticket in first["items"]] == ["T0", "T1"]
    assert ([ticket["code"] for ticket in second["items"]], second["next"]) == (["T2"], None)
    assert len(by_name["items"]) == 3


async def test_history_joins_database_and_stream(house: House, streaming: Streamer) -> None:
    await put(house, "T1")
    await scan(house, "T1")
    await scan(house, "T1")
    await streamed(house, "T1", events=2)
    await scan(house, "T1")

    whole = (await ask(house, "GET", "/v1/tickets/T1/history", "operator"))[1]
    first = (await ask(house, "GET", "/v1/tickets/T1/history?limit=1", "operator"))[1]
    path = f"/v1/tickets/T1/history?after={first['next']}"
    rest = (await ask(house, "GET", path, "operator"))[1]

    msgspec.convert(whole, EventList)
    assert [row["decision"] for row in whole["items"]] == ["granted", "denied", "denied"]
    assert "partial" not in whole
    assert first["items"] + rest["items"] == whole["items"]
    assert problem(await ask(house, "GET", "/v1/tickets/NO/history"), 404, "unknown_ticket")


async def test_spaces_count_and_lock(house: House) -> None:
    await put(house, "T1")
    body = {"direction": "entry", "persons": 30, "reason": "school"}

    counted = await ask(house, "POST", "/v1/spaces/vault/count", "operator", body)
    spaces = (await ask(house, "GET", "/v1/spaces", "viewer"))[1]
    await ask(house, "POST", "/v1/spaces/hall/mode", "operator", {"mode": "locked"})
    refused = await scan(house, "T1")
    passed = await scan(house, "T1", "operator", reader="door", override={"reason": "late"})

    assert counted[0] == 200
    msgspec.convert(spaces, SpaceList)
    assert [space["inside"] for space in spaces["items"]] == [30, 30]
    assert refused["reason"] == "space_closed"
    assert (passed["decision"], passed["reason"]) == ("granted", None)


async def test_keys_live_in_database_and_store(house: House) -> None:
    body = {"name": "gate 9", "role": "scanner", "reader": "door", "may": ["destroy"]}

    status, made = await ask(house, "POST", "/v1/keys", body=body)
    listed = (await ask(house, "GET", "/v1/keys"))[1]
    house.keys["new"] = made["key"]
    await put(house, "T1")

    assert status == 201
    msgspec.convert(made, NewKeyAnswer)
    msgspec.convert(listed, KeyList)
    assert (await scan(house, "T1", "new"))["decision"] == "granted"
    assert (await ask(house, "POST", "/v1/tickets/T1/destroy", "new"))[0] == 200
    assert problem(await ask(house, "POST", "/v1/keys", body=body), 409, "key_exists", "name")
    assert problem(await ask(house, "DELETE", "/v1/keys/admin"), 409, "last_admin")
    assert (await ask(house, "DELETE", "/v1/keys/gate%209"))[0] == 204
    await asyncio.sleep(1)
    assert (await ask(house, "GET", "/v1/spaces", "new"))[0] == 401


async def test_key_is_found_after_the_store_was_emptied(house: House) -> None:
    await house.admin.client.delete(house.admin.key("keys"))
    house.services.keyring.forget()

    assert (await ask(house, "GET", "/v1/spaces", "viewer"))[0] == 200


async def test_live_counts_the_days_grants_and_refusals(house: House) -> None:
    await put(house, "T1")
    await scan(house, "T1")
    for _ in range(2):
        await scan(house, "T1")
    await scan(house, "T1", mode="check")

    async with house.client.get("/v1/live", headers=house.bearer("viewer")) as response:
        await response.content.readuntil(b"data: ")
        snapshot = json.loads(await response.content.readline())

    assert snapshot["health"]["today"] == {"granted": 1, "no_stamps_left": 2}


async def test_live_shows_scans_and_persons(house: House) -> None:
    await put(house, "T1")
    async with house.client.get("/v1/live", headers=house.bearer("viewer")) as response:
        seen: set[str] = set()
        async with asyncio.timeout(5):
            await response.content.readuntil(b"\n\n")
            snapshot = await response.content.readuntil(b"\n\n")
            await scan(house, "T1")
            while not {"scan", "occupancy", "health"} <= seen:
                event = await response.content.readuntil(b"\n\n")
                seen.add(event.split(b"\n")[0].removeprefix(b"event: ").decode())

    assert snapshot.startswith(b"event: snapshot")
