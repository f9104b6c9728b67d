"""What sellers push over HTTP: what cannot be kept is named, what was sent again is taken once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.central.streamer import Streamer
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask, put, scan, streamed
from tests.unit.http.calls import problem


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"windows": [{"session": "nobody-wrote-it"}]}, "windows"),
        ({"windows": [{"until": "2020-01-01T00:00:00Z", "spaces": ["a\0b"]}]}, "windows"),
        ({"session": "nobody-wrote-it"}, "session"),
        ({"holder": "a\0b"}, "holder"),
        ({"spaces": ["a\0b"]}, "spaces"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "valid_from"),
        ({"valid_until": "9999-12-31T23:59:59-14:00"}, "valid_until"),
    ],
)
async def test_value_that_cannot_be_kept_is_named_and_nothing_is_written(
    house: House, columns: dict[str, Any], field: str
) -> None:
    found = await ask(house, "PUT", "/v1/tickets/T1", body={"product": "day"} | columns)

    assert problem(found, 422, "invalid", field)
    assert "argument" not in found[1]["detail"]
    assert problem(await ask(house, "GET", "/v1/tickets/T1"), 404, "unknown_ticket")


async def _push(house: House, body: str, name: str) -> tuple[int, Any]:
    sent = house.bearer("admin") | {"Idempotency-Key": name}
    response = await house.client.post("/v1/tickets", data=body.encode(), headers=sent)
    return response.status, await response.json(content_type=None)


async def test_lines_sent_again_under_the_same_name_get_the_first_answer(house: House) -> None:
    lines = '{"code":"L1","product":"day"}\n{"code":"L2"}\n'

    first = await _push(house, lines, "upload-1")
    await house.sell("UPDATE composteur.ticket SET holder = 'Ada' WHERE code = 'L1'")
    again = await _push(house, lines, "upload-1")
    other = await _push(house, '{"code":"L3","product":"day"}\n', "upload-1")

    assert first == again
    assert first[1]["accepted"] == 1
    assert problem(other, 422, "reused_key", "Idempotency-Key")
    assert problem(await ask(house, "GET", "/v1/tickets/L3"), 404, "unknown_ticket")
    async with house.central.acquire() as sql:
        kept = await sql.fetchval("SELECT holder FROM composteur.ticket WHERE code = 'L1'")
    assert kept == "Ada", "the second upload wrote nothing"


async def test_lines_that_failed_may_be_sent_again_under_the_same_name(house: House) -> None:
    too_long = await _push(house, "x" * 70_000, "upload-1")
    taken = await _push(house, '{"code":"L1","product":"day"}', "upload-1")

    assert problem(too_long, 413, "too_large")
    assert taken == (200, {"accepted": 1, "rejected": []})


@pytest.mark.parametrize("said", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
async def test_passage_at_a_time_that_cannot_be_is_counted_now(
    house: House, streaming: Streamer, said: str
) -> None:
    await put(house, "T1")
    granted = await scan(house, "T1", "lane")

    status, act = await ask(
        house, "POST", f"/v1/scans/{granted['event']}/passage", "lane", {"at": said}
    )
    await streamed(house, "T1", events=2)

    assert status == 200
    async with house.central.acquire() as sql:
        passed = await sql.fetchrow(
            "SELECT at, counted_persons, counted_stamps FROM composteur.scan_event"
            " WHERE event_id = $1",
            act["event"],
        )
    assert passed is not None
    assert abs(passed["at"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert (passed["counted_persons"], passed["counted_stamps"]) == (1, 1)
