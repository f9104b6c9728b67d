"""A code read at a gate of ours, over a real broker, until its person is counted."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import Floor, a_floor, a_gate, a_site, until
from tests.integration.venue.gates import Gate, a_gate_at


class Scene(NamedTuple):
    floor: Floor
    gate: Gate


@pytest.fixture
async def scene(broker: Mosquitto, redis_url: str, database_url: str) -> AsyncIterator[Scene]:
    site = a_site(a_gate("north", direction="both"))
    async with AsyncExitStack() as stack:
        floor = await stack.enter_async_context(
            a_floor(site, wires(), redis_url, database_url, address=broker.url)
        )
        gate = await stack.enter_async_context(a_gate_at(broker.url, "north"))
        await until(lambda: floor.operations.panel.document("north")["link"] == "up")
        yield Scene(floor, gate)


async def test_a_code_opens_the_gate_and_its_person_is_counted_when_they_have_passed(
    scene: Scene,
) -> None:
    floor, gate = scene
    await floor.sell("TICKET")

    name = gate.scan("TICKET")
    release = await gate.released()

    assert release["direction"] == "entry"
    assert release["persons"] == 1
    assert await floor.inside() == (0, 1)
    decision = await gate.decided(name)
    assert decision["decision"] == "granted"
    assert decision["event"] == release["tx"]

    gate.report("passed", direction="entry", tx=release["tx"])

    await until(lambda: _inside_is(floor, (1, 0)))
    assert await floor.made("TICKET") == 1
    await until(lambda: _attendance_is(floor, (1, 1)))


async def _inside_is(floor: Floor, expected: tuple[int, int]) -> bool:
    return await floor.inside() == expected


async def _attendance_is(floor: Floor, expected: tuple[int, int]) -> bool:
    return await floor.attendance() == expected
