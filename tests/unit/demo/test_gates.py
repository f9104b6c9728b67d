"""Gates that speak HTTP, before a stand-in of the gateway; queues; what an operator's act hides."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from drivers.mqtt.simulator import Behaviour
from gateway.demo import http_gates, museum
from gateway.demo.books import Standing
from gateway.demo.gates import Gate
from gateway.demo.handhelds import Handheld
from gateway.demo.http_gates import over_http
from gateway.demo.museum import Space
from gateway.demo.posts import QUEUE, Posts

TURNSTILE = next(gate for gate in museum.OF_OURS if gate.kind == "turnstile")
DOOR = next(gate for gate in museum.OF_OURS if gate.kind == "door")


class Desk:
    """Answers scans as told, and notes what gates tell."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any], str]] = []
        self.answer: dict[str, Any] = {
            "decision": "granted",
            "reason": None,
            "event": "7-1-0",
            "ticket": {"persons": 1},
        }

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_json({**self.answer, "nonce": message.json()["nonce"]})
        return socket

    async def take(self, request: web.Request) -> web.Response:
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        self.told.append((request.path, await request.json(), bearer))
        return web.json_response({})

    @property
    def application(self) -> web.Application:
        made = web.Application()
        made.router.add_get("/v1/stream", self.stream)
        made.router.add_post("/v1/{rest:.*}", self.take)
        return made


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def gates(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Gate]]:
    monkeypatch.setattr(museum, "WALK_S", 0.01)
    monkeypatch.setattr(museum, "HOLD_S", 0.01)
    monkeypatch.setattr(http_gates, "DOOR_WALK_S", 0.001)
    async with (
        TestServer(desk.application) as server,
        aiohttp.ClientSession(server.make_url("/")) as http,
        over_http(http, {TURNSTILE: "gate-key", DOOR: "door-key"}, "steward-key") as made,
    ):
        for gate in made.values():
            async with asyncio.timeout(5):
                await gate.up.wait()
        yield dict(made)


async def test_who_passes_is_told_and_counted(gates: dict[str, Gate], desk: Desk) -> None:
    visit = await gates[TURNSTILE.id].visit("CODE")

    assert visit.outcome == "passed"
    assert gates[TURNSTILE.id].counters == {"entry": 1, "exit": 0}
    assert desk.told == [("/v1/scans/7-1-0/passage", {"persons": 1}, "gate-key")]


async def test_a_group_passes_a_door_together(gates: dict[str, Gate], desk: Desk) -> None:
    desk.answer["ticket"] = {"persons": 24}

    await gates[DOOR.id].visit("CODE", "exit")

    assert gates[DOOR.id].counters == {"entry": 0, "exit": 24}
    assert desk.told == [("/v1/scans/7-1-0/passage", {"persons": 24}, "door-key")]


async def test_who_gives_up_gives_the_grant_back(gates: dict[str, Gate], desk: Desk) -> None:
    visit = await gates[TURNSTILE.id].visit("CODE", does=Behaviour.GIVE_UP)

    assert visit.outcome == "gave_up"
    assert gates[TURNSTILE.id].counters["entry"] == 0
    assert desk.told == [("/v1/scans/7-1-0/annul", {}, "gate-key")]


async def test_whoever_follows_is_told_as_one_more(gates: dict[str, Gate], desk: Desk) -> None:
    await gates[TURNSTILE.id].visit("CODE", does=Behaviour.TAILGATE)

    assert gates[TURNSTILE.id].counters["entry"] == 2
    assert desk.told == [("/v1/scans/7-1-0/passage", {"persons": 2}, "gate-key")]


async def test_who_pushes_through_is_counted_by_a_steward(
    gates: dict[str, Gate], desk: Desk
) -> None:
    visit = await gates[TURNSTILE.id].visit("CODE", does=Behaviour.FORCE)

    assert visit.outcome == "forced"
    ((path, body, key),) = desk.told
    assert (path, key) == ("/v1/spaces/collection/count", "steward-key")
    assert (body["direction"], body["persons"]) == ("entry", 1)


async def test_who_is_refused_stays_outside(gates: dict[str, Gate], desk: Desk) -> None:
    desk.answer |= {"decision": "denied", "reason": "destroyed"}

    visit = await gates[TURNSTILE.id].visit("CODE")

    assert (visit.outcome, visit.reason) == ("refused", "destroyed")
    assert gates[TURNSTILE.id].counters["entry"] == 0
    assert desk.told == []


async def test_nobody_joins_a_queue_or_a_locked_gate(
    gates: dict[str, Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.demo.posts.TO_A_STEWARD", 0.0)
    monkeypatch.setattr("gateway.demo.posts.GATES", (TURNSTILE, DOOR))
    posts = Posts(gates, [Handheld("collection-1", Space.COLLECTION, "key")])
    gate = gates[TURNSTILE.id]
    assert posts.gate(Space.COLLECTION, "entry", group=False) is gate
    assert posts.gate(Space.COLLECTION, "entry", group=True) is gates[DOOR.id]
    assert posts.gate(Space.EXHIBITION, "entry", group=False) is None

    gate.modes["entry"] = "locked"
    assert posts.gate(Space.COLLECTION, "entry", group=False) is None
    assert posts.gate(Space.COLLECTION, "exit", group=False) is gate

    async def stand() -> None:
        async with posts.turn(gate):
            await asyncio.Event().wait()

    waiting = [asyncio.create_task(stand(), name="stand") for _ in range(QUEUE)]
    await asyncio.sleep(0)
    assert posts.gate(Space.COLLECTION, "exit", group=False) is None
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)
    assert posts.gate(Space.COLLECTION, "exit", group=False) is gate


def test_a_room_is_evacuated_with_the_museum_around_it() -> None:
    museum_only = Standing([{"id": "museum", "mode": "evacuate"}])
    other_room = Standing([{"id": "exhibition", "mode": "evacuate"}])

    assert museum_only.evacuated(Space.COLLECTION)
    assert not other_room.evacuated(Space.COLLECTION)
