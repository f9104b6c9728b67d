"""What an admin is told of visitors, and has erased, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.central.streamer import Streamer
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask
from tests.unit.http.calls import problem

CODE = "KRSXG5CTNVZA2"


@pytest.fixture
async def stamped(house: House, streaming: Streamer) -> str:
    """A ticket of Ada Lovelace's, stamped; the event's id."""
    sold = {"product": "day", "holder": "Ada Lovelace", "order_ref": "A-1"}
    await ask(house, "PUT", f"/v1/tickets/{CODE}", "admin", sold)
    granted = await scan(house)
    async with asyncio.timeout(5):
        while streaming.counted < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return str(granted["event"])


async def scan(house: House) -> dict[str, Any]:
    _, answer = await ask(house, "POST", "/v1/scans", "scanner", {"code": CODE, "reader": "door"})
    return dict(answer)


async def forget_stream(house: House, streaming: Streamer) -> None:
    """Trim the stream to a stranger's refusal, as ten minutes do."""
    await ask(house, "POST", "/v1/scans", "scanner", {"code": "STRANGER", "reader": "door"})
    async with asyncio.timeout(5):
        while streaming.counted < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    minid = streaming.position
    await house.admin.client.xtrim("{museum}events", minid=minid, approximate=False)


async def test_undo_of_a_purged_stamp_is_409(
    house: House, streaming: Streamer, stamped: str
) -> None:
    keeper = house.services.keeper
    assert keeper is not None
    long_after = datetime.now(UTC) + timedelta(days=200)
    await keeper.purge(long_after, gently=False)
    await forget_stream(house, streaming)

    assert problem(await ask(house, "POST", f"/v1/tickets/{CODE}/undo"), 409, "past_retention")
    named = {"event": stamped}
    assert problem(
        await ask(house, "POST", f"/v1/tickets/{CODE}/undo", body=named), 409, "past_retention"
    )
    assert (await scan(house))["reason"] == "no_stamps_left"
    status, told = await ask(house, "GET", "/v1/privacy", "admin")
    assert status == 200
    assert told["removed"]["pseudonymised"] == 1


async def test_holder_is_handed_out_and_erased(house: House, stamped: str) -> None:
    about = {"holder": "ada lovelace"}
    _, told = await ask(house, "POST", "/v1/privacy/export", "admin", about)
    assert [each["code"] for each in told["items"]] == [CODE]
    assert [each["event_id"] for each in told["items"][0]["events"]] == [stamped]

    await house.central.execute("privacy.erase_names", "another")
    async with house.central.acquire() as connection:
        await connection.execute(
            "UPDATE composteur.ticket_state SET moved_at = now() - interval '2 days'"
        )
    status, erased = await ask(house, "POST", "/v1/privacy/erase", "admin", about)

    assert (status, erased) == (200, {"items": [{"code": CODE, "tickets": 1, "events": 1}]})
    assert (await scan(house))["reason"] == "unknown_ticket"
    assert problem(
        await ask(house, "POST", "/v1/privacy/export", "admin", about), 404, "unknown_ticket"
    )
    _, acts = await ask(house, "GET", "/v1/audit")
    assert {"privacy_export", "privacy_erase"} <= {act["what"] for act in acts["items"]}


async def test_ticket_somebody_is_inside_with_is_not_erased(house: House, stamped: str) -> None:
    answer = await ask(house, "POST", "/v1/privacy/erase", "admin", {"code": CODE})

    assert problem(answer, 409, "ticket_in_use")


async def test_names_alone_can_be_erased_and_the_ticket_be_used_on(
    house: House, stamped: str
) -> None:
    about = {"order": "A-1", "names": True}
    _, erased = await ask(house, "POST", "/v1/privacy/erase", "admin", about)

    assert erased == {"items": [{"code": CODE, "names": 1}]}
    assert (await scan(house))["reason"] == "no_stamps_left"


@pytest.mark.parametrize("body", [{}, {"code": "A", "holder": "B"}])
async def test_one_must_say_whom_it_is_about(house: House, body: dict[str, str]) -> None:
    assert problem(
        await ask(house, "POST", "/v1/privacy/erase", "admin", body), 422, "invalid", "code"
    )


@pytest.mark.parametrize("act", ["export", "erase"])
@pytest.mark.parametrize("code", ["\0", "a\0b", "C1:FORGED"])
async def test_what_can_be_no_ticket_is_unknown(house: House, act: str, code: str) -> None:
    found = await ask(house, "POST", f"/v1/privacy/{act}", "admin", {"code": code})

    assert problem(found, 404, "unknown_ticket")
