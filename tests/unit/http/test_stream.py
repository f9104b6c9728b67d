"""Scans over one WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from gateway.http.requests import SCAN_LIMIT
from gateway.http.stream import IN_FLIGHT
from gateway.people.identity import digest
from gateway.people.roles import Role
from tests.unit.http.calls import bearer, problem
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import Venue


@pytest.fixture
async def socket(client: Client) -> AsyncIterator[ClientWebSocketResponse]:
    async with client.ws_connect("/v1/stream", headers=bearer(Role.SCANNER)) as socket:
        yield socket


async def _answer(socket: ClientWebSocketResponse, sent: Any) -> Any:
    await socket.send_str(sent if isinstance(sent, str) else json.dumps(sent))
    return await socket.receive_json()


async def test_answer_carries_its_nonce(socket: ClientWebSocketResponse) -> None:
    answer = await _answer(socket, {"code": "TICKET", "reader": "north-1", "nonce": "n1"})

    assert (answer["decision"], answer["nonce"], answer["event"]) == ("granted", "n1", "1-1-0")


async def test_scan_without_a_nonce_is_a_problem(socket: ClientWebSocketResponse) -> None:
    answer = await _answer(socket, {"code": "TICKET", "reader": "north-1"})

    assert answer.pop("nonce") is None
    assert problem((422, answer), 422, "invalid", "nonce")


async def test_what_cannot_be_read_has_a_null_nonce(socket: ClientWebSocketResponse) -> None:
    answer = await _answer(socket, "{nonsense")

    assert answer.pop("nonce") is None
    assert problem((400, answer), 400, "malformed")


async def test_invalid_scan_keeps_its_nonce(socket: ClientWebSocketResponse) -> None:
    answer = await _answer(socket, {"code": 7, "nonce": "n1"})

    assert answer.pop("nonce") == "n1"
    assert problem((422, answer), 422, "invalid", "code")


async def test_silent_store_is_a_decision_here(
    socket: ClientWebSocketResponse, venue: Venue
) -> None:
    venue.store.silent = True

    entry = await _answer(socket, {"code": "TICKET", "reader": "north-1", "nonce": "n1"})
    way_out = {"code": "TICKET", "reader": "north-1", "nonce": "n2", "direction": "exit"}
    leaving = await _answer(socket, way_out)

    assert (entry["decision"], entry["reason"]) == ("denied", "store_unavailable")
    assert (leaving["decision"], leaving["degraded"]) == ("granted", True)


async def test_failure_of_one_scan_does_not_end_the_others(
    socket: ClientWebSocketResponse, venue: Venue
) -> None:
    def explode(_code: str) -> None:
        raise ZeroDivisionError

    venue.store.decide = explode  # type: ignore[assignment]
    failed = await _answer(socket, {"code": "TICKET", "reader": "north-1", "nonce": "n1"})
    venue.store.decide = None
    after = await _answer(socket, {"code": "TICKET", "reader": "north-1", "nonce": "n2"})

    assert (failed["status"], failed["nonce"]) == (500, "n1")
    assert after["decision"] == "granted"


async def test_65th_scan_in_flight_is_a_429(
    socket: ClientWebSocketResponse, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    answer_at_once = venue.store.scan

    async def slow(code: str, place: Any, **facts: Any) -> Any:
        await gate.wait()
        return await answer_at_once(code, place, **facts)

    monkeypatch.setattr(venue.store, "scan", slow)
    for number in range(IN_FLIGHT + 1):
        scan = {"code": "TICKET", "reader": "north-1", "nonce": f"n{number}"}
        await socket.send_json(scan)

    refused = await socket.receive_json()
    gate.set()
    others = [await socket.receive_json() for _ in range(IN_FLIGHT)]

    assert refused.pop("nonce") == f"n{IN_FLIGHT}"
    assert problem((429, refused), 429, "too_many_in_flight")
    assert {answer["nonce"] for answer in others} == {f"n{n}" for n in range(IN_FLIGHT)}


async def test_message_over_the_limit_closes_with_1009(socket: ClientWebSocketResponse) -> None:
    await socket.send_str("x" * (SCAN_LIMIT + 1))

    message = await socket.receive()

    assert message.type is WSMsgType.CLOSE
    assert message.data == 1009


async def test_plain_request_is_told_to_upgrade(client: Client) -> None:
    response = await client.get("/v1/stream", headers=bearer(Role.SCANNER))

    assert response.status == 400
    assert (await response.json(content_type=None))["code"] == "malformed"


async def test_stream_of_a_revoked_key_is_closed(
    socket: ClientWebSocketResponse, venue: Venue
) -> None:
    venue.rows.rows = [key for key in venue.rows.rows if key.name != "scanner"]
    await venue.shelf.put_keys({}, drop=[digest("secret-of-the-scanner")])
    await asyncio.sleep(1.1)

    await socket.send_json({"code": "TICKET", "reader": "north-1", "nonce": "n1"})

    assert (await socket.receive()).data == 1008
