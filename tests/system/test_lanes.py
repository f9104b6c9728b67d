"""Lanes of a real gateway: killed between grant and passage; opened by handhelds."""

import asyncio
import os
from collections.abc import Callable
from functools import partial

import pytest

from gateway.embedded import mosquitto
from tests.integration.venue.gates import Gate, a_gate_at
from tests.system.gateways import SITE, Gateway, until

GATES = """
[[controller]]
id = "boards"
driver = "mqtt"
"""
GATE = """
[[equipment]]
id = "{name}"
kind = "turnstile"
space = "hall"
controller = "boards"
count_on = "passage"
open_s = 1.0
passage_s = 1.0
"""
HANDHELD = """
[[equipment]]
id = "steward"
space = "hall"
opens = "north"
"""


@pytest.fixture
def venue(make_gateway: Callable[..., Gateway]) -> Gateway:
    """A gateway with two gates, and a handheld that opens one of them."""
    if mosquitto.found() is None:
        word = "mosquitto is not installed: apt-get install mosquitto"
        pytest.fail(word) if os.environ.get("CI") == "true" else pytest.skip(word)
    site = SITE.replace("[stores]", '[stores]\nmqtt = "embedded"')
    gates = "".join(GATE.format(name=name) for name in ("north", "south"))
    return make_gateway(site=site + GATES + gates + HANDHELD)


def _is_up(venue: Gateway, name: str) -> bool:
    items = venue.ask("GET", "/v1/equipment")[1]["items"]
    return any(item["id"] == name and item["link"] == "up" for item in items)


def test_a_gateway_killed_between_grant_and_passage_is_settled_by_rule(venue: Gateway) -> None:
    venue.start().with_key()
    passing, staying = venue.sell(2)

    async def grant() -> dict[str, str]:
        url = venue.run_file["mqtt"]
        async with a_gate_at(url, "north") as north, a_gate_at(url, "south") as south:
            await _up(venue, north, south)
            north.scan(passing)
            south.scan(staying)
            return {gate.name: (await gate.released())["tx"] for gate in (north, south)}

    released = asyncio.run(grant())
    venue.kill()
    venue.start()

    async def pass_late() -> None:
        async with a_gate_at(venue.run_file["mqtt"], "north") as north:
            await _up(venue, north)
            north.report("passed", direction="entry", tx=released["north"])
            await asyncio.to_thread(until, partial(_is_inside, venue, passing), what="passage")

    asyncio.run(pass_late())
    until(lambda: _made(venue, staying) == (0, None), within_s=15, what="the deadline")
    assert "store = events = attendance ✓" in venue.run("verify")
    (hall,) = venue.ask("GET", "/v1/spaces")[1]["items"]
    assert (hall["inside"], hall["reserved"]) == (1, 0)


def test_a_handheld_opens_a_gate_whichever_process_it_speaks_to(venue: Gateway) -> None:
    venue.start("--workers", "2").with_key()
    codes = venue.sell(8)

    async def play() -> None:
        async with a_gate_at(venue.run_file["mqtt"], "north") as north:
            await _up(venue, north)
            for code in codes:
                _, answer = await asyncio.to_thread(venue.scan, code, reader="steward")
                assert answer["decision"] == "granted"
                release = await north.released()
                assert release["tx"] == answer["event"]
                north.report("passed", direction="entry", tx=release["tx"])
                await asyncio.to_thread(until, partial(_is_inside, venue, code), what=code)
                await asyncio.sleep(0.05)

    asyncio.run(play())
    assert "✓" in venue.run("verify")


async def _up(venue: Gateway, *gates: Gate) -> None:
    for gate in gates:
        await asyncio.to_thread(until, partial(_is_up, venue, gate.name), what=gate.name)


def _is_inside(venue: Gateway, code: str) -> bool:
    return _made(venue, code) == (1, "hall")


def _made(venue: Gateway, code: str) -> tuple[int, str | None]:
    ticket = venue.ask("GET", f"/v1/tickets/{code}")[1]
    return ticket["stamps"]["made"], ticket["inside"]
