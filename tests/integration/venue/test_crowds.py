"""Many people at many gates at once."""

import asyncio
from contextlib import AsyncExitStack

from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import Floor, a_floor, a_gate, a_site, until
from tests.integration.venue.gates import Gate, a_gate_at

CAPACITY = 100
GATES = 8
PEOPLE = 1_000


async def test_a_space_never_holds_more_than_its_capacity_and_is_empty_when_all_have_left(
    broker: Mosquitto, redis_url: str, database_url: str
) -> None:
    names = [f"gate-{number}" for number in range(GATES)]
    keys = "tailgating_ms = 0\ndebounce_ms = 0"
    site = a_site(
        *(a_gate(name, direction="both", keys=keys) for name in names),
        space=f"capacity = {CAPACITY}",
    )
    codes = [f"VISITOR{number}" for number in range(PEOPLE)]
    async with AsyncExitStack() as stack:
        floor = await stack.enter_async_context(
            a_floor(site, wires(), redis_url, database_url, address=broker.url)
        )
        gates = [await stack.enter_async_context(a_gate_at(broker.url, name)) for name in names]
        await floor.up(*names)
        await floor.sell(*codes)
        most: list[int] = []
        watching = asyncio.create_task(_watch(floor, most), name="watch")
        shares = [codes[number::GATES] for number in range(GATES)]
        async with asyncio.TaskGroup() as group:
            coming = [
                group.create_task(_all_enter(gate, share), name=gate.name)
                for gate, share in zip(gates, shares, strict=True)
            ]
        let_in = [task.result() for task in coming]
        watching.cancel()

        assert sum(map(len, let_in)) == CAPACITY
        await until(floor.inside_is(CAPACITY, 0))
        assert max(most) == CAPACITY

        async with asyncio.TaskGroup() as group:
            for gate, inside in zip(gates, let_in, strict=True):
                group.create_task(_all_leave(gate, inside), name=gate.name)
        await until(floor.inside_is(0, 0))
        await until(floor.attendance_is(2 * CAPACITY, CAPACITY))


async def _watch(floor: Floor, most: list[int]) -> None:
    while True:
        inside, reserved = await floor.inside()
        most.append(inside + reserved)
        await asyncio.sleep(0.005)


async def _all_enter(gate: Gate, codes: list[str]) -> list[str]:
    """Show each code once; return those who were let in."""
    let_in: list[str] = []
    for code in codes:
        decision = await gate.decided(gate.scan(code), within_s=10)
        if decision["decision"] == "granted":
            gate.report("passed", direction="entry", tx=decision["event"])
            let_in.append(code)
        else:
            assert decision["reason"] == "space_full"
    return let_in


async def _all_leave(gate: Gate, codes: list[str]) -> None:
    for code in codes:
        decision = await gate.decided(gate.scan(code, "exit"), within_s=10)
        assert decision["decision"] == "granted"
        gate.report("passed", direction="exit", tx=decision["event"])
