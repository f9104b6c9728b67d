"""The store falls silent: gates decide by themselves, and the books are put right afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.venue.wires import wires
from tests.integration.entitlements.faults import Link, PrivateValkey, a_valkey
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import Floor, a_floor, a_gate, a_site, until
from tests.integration.venue.gates import Gate, a_gate_at

SOON_S = 0.15
"""What is promised; a machine busy with other tests gets the same again."""


@dataclass
class Outage:
    floor: Floor
    valkey: PrivateValkey
    link: Link
    strict: Gate
    kind: Gate


@pytest.fixture
async def outage(broker: Mosquitto, database_url: str, tmp_path: Path) -> AsyncIterator[Outage]:
    """A floor on a store of its own, a gate that denies by itself and one that admits."""
    site = a_site(
        a_gate("strict", direction="both"),
        a_gate("kind", direction="both", keys='local_policy = "admit"'),
    )
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(a_valkey())
        link = Link(tmp_path / "link.sock", Path(valkey.url.removeprefix("unix://")))
        await stack.enter_async_context(link.running())
        floor = await stack.enter_async_context(
            a_floor(site, wires(), link.url, database_url, address=broker.url)
        )
        gates = [
            await stack.enter_async_context(a_gate_at(broker.url, name))
            for name in ("strict", "kind")
        ]
        await floor.up("strict", "kind")
        yield Outage(floor, valkey, link, *gates)


async def test_a_gate_decides_by_its_policy_while_the_store_is_frozen(outage: Outage) -> None:
    floor = outage.floor
    await floor.sell("A", "B", "C", "D")
    outage.valkey.freeze()
    try:
        denied = await _in_time(outage.strict, "A")
        admitted = await _in_time(outage.kind, "B")
        left = await _in_time(outage.strict, "C", "exit")
        malformed = await _in_time(outage.strict, "\x07")
    finally:
        outage.valkey.thaw()

    assert (denied["decision"], denied["reason"]) == ("denied", "store_unavailable")
    assert (admitted["decision"], admitted["degraded"]) == ("granted", True)
    assert (left["decision"], left["degraded"]) == ("granted", True)
    assert malformed["reason"] == "malformed_code"
    assert [each["do"] for each in outage.strict.told if each["do"] == "release"] == ["release"]
    assert [each["do"] for each in outage.kind.told if each["do"] == "release"] == ["release"]

    await until(lambda: not len(floor.late))
    await asyncio.sleep(2)  # then no stamp that was given up on stands (DESIGN 11)
    assert await floor.made("A") == 0
    assert await floor.made("B") == 1
    events = {event.ticket_code: event for event in await floor.events() if event.ticket_code}
    assert (events["B"].degraded, events["B"].decision) == ("1", "g")
    assert (events["C"].degraded, events["C"].direction) == ("1", "x")
    assert "A" not in events


async def test_whom_a_gate_has_let_in_by_itself_counts_once_although_they_pass(
    outage: Outage,
) -> None:
    floor, gate = outage.floor, outage.kind
    await floor.sell("A")
    outage.valkey.freeze()
    try:
        gate.scan("A")
        release = await gate.released()
        gate.report("passed", direction="entry", tx=release["tx"])
        await asyncio.sleep(0.2)
    finally:
        outage.valkey.thaw()

    await until(floor.attendance_is(1, 1))
    await floor.quiet()
    assert await floor.attendance() == (1, 1)
    assert await floor.inside() == (1, 0)


async def test_a_scan_the_store_had_heard_before_it_fell_silent_is_one_stamp(
    outage: Outage,
) -> None:
    floor = outage.floor
    await floor.sell("A", "B")
    outage.link.swallows = True  # heard and carried out, but nobody is told

    denied = await _in_time(outage.strict, "A")
    admitted = await _in_time(outage.kind, "B")
    assert (denied["decision"], admitted["decision"]) == ("denied", "granted")

    outage.link.swallows = False
    outage.link.cut()

    await until(floor.made_is("A", 0))
    await until(lambda: not len(floor.late))
    await asyncio.sleep(1)
    assert await floor.made("A") == 0
    assert await floor.made("B") == 1
    await until(floor.attendance_is(1, 1))
    assert await floor.inside() == (1, 0)


async def test_passages_and_annulments_wait_for_a_store_that_is_away(outage: Outage) -> None:
    floor = outage.floor
    await floor.sell("A", "B")
    outage.strict.scan("A")
    passing = await outage.strict.released()
    outage.kind.scan("B")
    staying = await outage.kind.released()

    outage.valkey.kill()
    outage.strict.report("passed", direction="entry", tx=passing["tx"])
    outage.kind.report("passage_timeout", direction="entry", tx=staying["tx"])

    await until(floor.attendance_is(1, 1), within_s=10)
    await until(floor.made_is("B", 0))
    assert await floor.inside() == (1, 0)


async def test_a_person_without_a_grant_counts_once_although_the_store_is_frozen(
    outage: Outage,
) -> None:
    floor = outage.floor
    outage.valkey.freeze()
    outage.strict.report("passed", direction="entry")
    await asyncio.sleep(2.5)  # more than the store is waited for
    outage.valkey.thaw()

    await until(floor.inside_is(1, 0))
    await asyncio.sleep(0.5)
    assert await floor.inside() == (1, 0)


async def _in_time(gate: Gate, code: str, direction: str = "entry") -> dict[str, object]:
    since = time.monotonic()
    name = gate.scan(code, direction)
    decision = await gate.decided(name)
    assert time.monotonic() - since < 2 * SOON_S
    return decision
