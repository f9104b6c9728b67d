"""A handheld whose scan opens a gate: of its own process, and of another."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from gateway.entitlements.admin import StoreAdmin
from gateway.tickets.decision import Decision
from gateway.venue.admitting import Admitting
from gateway.venue.bus import Bus
from gateway.venue.readers import readers
from gateway.venue.scanning import Admission
from gateway.venue.tasks import kept_going
from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import SITE, Floor, a_floor, a_gate, a_site, now_ms, until
from tests.integration.venue.gates import Gate, a_gate_at

HANDHELD = """
[[equipment]]
id = "steward"
kind = "reader"
space = "hall"
direction = "entry"
opens = "north"
"""


class Entrance(NamedTuple):
    floor: Floor
    gate: Gate


@pytest.fixture
async def entrance(broker: Mosquitto, redis_url: str, database_url: str) -> AsyncIterator[Entrance]:
    site = a_site(a_gate("north", direction="both"), HANDHELD)
    async with AsyncExitStack() as stack:
        floor = await stack.enter_async_context(
            a_floor(site, wires(), redis_url, database_url, address=broker.url)
        )
        gate = await stack.enter_async_context(a_gate_at(broker.url, "north"))
        await floor.up("north")
        yield Entrance(floor, gate)


async def _scanned(floor: Floor, code: str) -> tuple[Admission, Decision]:
    """Scan as the HTTP face does for a handheld."""
    place = readers(floor.site)["steward"].place(None)
    assert place is not None
    assert place.hold_ms is not None  # its grants wait for the gate's passages
    decision = await floor.store.scan(code, place, nonce=f"handheld-{code}")
    assert decision.event is not None
    admission = Admission("entry", decision.event, decision.persons, code=code, reader="steward")
    return admission, decision


async def test_a_handhelds_grant_opens_its_gate_and_the_passage_counts(entrance: Entrance) -> None:
    floor, gate = entrance
    await floor.sell("TICKET")
    admission, decision = await _scanned(floor, "TICKET")

    floor.boards.admit("north", admission)
    release = await gate.released()
    assert release["tx"] == decision.event
    gate.report("passed", direction="entry", tx=release["tx"])

    await until(floor.attendance_is(1, 1))
    assert await floor.inside() == (1, 0)


async def test_a_handheld_of_another_process_opens_the_gate_over_the_bus(
    entrance: Entrance, redis_url: str
) -> None:
    floor, gate = entrance
    await floor.sell("TICKET")
    admin = StoreAdmin(redis_url, SITE)
    elsewhere = Bus(admin, now_ms)
    async with kept_going(bus=elsewhere.run):
        await until(lambda: elsewhere.up and floor.operations.bus.up)
        admission, decision = await _scanned(floor, "TICKET")

        Admitting(elsewhere)("north", admission)

        release = await gate.released()
    await admin.close()
    assert release["tx"] == decision.event
    gate.report("passed", direction="entry", tx=release["tx"])
    await until(floor.attendance_is(1, 1))


async def test_a_handhelds_grant_for_a_gate_in_use_is_given_back(entrance: Entrance) -> None:
    floor, gate = entrance
    await floor.sell("FIRST", "SECOND")
    gate.scan("FIRST")
    await gate.released()
    admission, _ = await _scanned(floor, "SECOND")

    floor.boards.admit("north", admission)

    await until(floor.made_is("SECOND", 0))
    assert await floor.made("FIRST") == 1
