"""Gates, their broker and their gateway come and go, while people pass."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.mqtt.brokers import Mosquitto
from tests.system import crowd, gates
from tests.system.gateways import COMMAND, Gateway
from tests.system.test_storms import a_random_moment, in_thread, ready_again

type MakeGateway = Callable[..., Gateway]

PATIENT_S = 3.0
SPARE = 4
"""Connections to the stores come and go; what is lost at each turn would be more."""
NAMES = [f"gate-{number}" for number in range(8)]


@pytest.fixture(autouse=True)
def _mosquitto() -> None:
    gates.need_mosquitto()


async def a_gateway(make_gateway: MakeGateway, site: str) -> Gateway:
    """Run a gateway with an admin's key."""
    return await in_thread(lambda: make_gateway(site=site).start().with_key())


# --- the broker


async def broker_comes_and_goes(
    gateway: Gateway, broker: Mosquitto, times: int, within_s: float
) -> None:
    codes = await crowd.sell(gateway, 150 * (times + 1) * len(NAMES))
    people = gates.People()
    async with gates.simulated(broker.url, NAMES) as standing:
        await gates.shown(gateway, "up", NAMES)
        async with people.coming(standing, codes):
            for turn in range(times):
                await people.some_more(30)
                await in_thread(broker.stop if turn % 2 == 0 else broker.kill)
                down_s = await gates.shown(gateway, "down", NAMES, within_s)
                await in_thread(broker.start)
                up_s = await gates.shown(gateway, "up", NAMES, within_s)
                print(f"down after {down_s:.2f} s, up after {up_s:.2f} s")
            await people.some_more(30)
        await gates.books_name(gateway, people.passed)
        gates.check_nothing_replayed(standing)
    print(people.told)


async def test_a_broker_that_goes_and_returns_under_load_costs_no_stamp_and_replays_nothing(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    gateway = await a_gateway(make_gateway, gates.venue(NAMES, mqtt=broker.url))
    await broker_comes_and_goes(gateway, broker, 2, gates.SHOWN_S)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_broker_that_goes_twenty_times_is_shown_within_two_seconds(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    gateway = await a_gateway(make_gateway, gates.venue(NAMES, mqtt=broker.url))
    await broker_comes_and_goes(gateway, broker, 20, 2.0)


async def test_the_private_broker_is_started_again_when_it_is_killed(
    make_gateway: MakeGateway,
) -> None:
    gateway = await a_gateway(make_gateway, gates.venue(NAMES[:2]))
    codes = await crowd.sell(gateway, 200)
    people = gates.People()
    async with gates.simulated(gateway.run_file["mqtt"], NAMES[:2]) as standing:
        await gates.shown(gateway, "up", NAMES[:2])
        async with people.coming(standing, codes):
            await people.some_more(5)
            os.kill(gateway.child("mosquitto"), signal.SIGKILL)
            await gates.shown(gateway, "down", NAMES[:2])
            await gates.shown(gateway, "up", NAMES[:2])
            await people.some_more(5)
        await gates.books_name(gateway, people.passed)
        gates.check_nothing_replayed(standing)


async def reconnected(
    make_gateway: MakeGateway, broker: Mosquitto, tasks_told: Path, times: int
) -> None:
    """Let the broker go so often; afterwards the gateway holds no more than before."""
    gateway = await a_gateway(make_gateway, gates.venue(NAMES[:1], mqtt=broker.url))
    held: list[tuple[int, int, int]] = []
    async with gates.simulated(broker.url, NAMES[:1]):
        for turn in range(times):
            await gates.shown(gateway, "up", NAMES[:1])
            if turn in {times // 6, times - 1}:  # what is made once has been made by then
                held.append(await in_thread(gateway.holdings, tasks_told))
            await in_thread(broker.kill)
            await gates.shown(gateway, "down", NAMES[:1])
            await in_thread(broker.start)
        await gates.shown(gateway, "up", NAMES[:1])
    print(f"descriptors, threads and tasks: {held}")
    for before, after in zip(*held, strict=True):
        assert after <= before + SPARE


async def test_thirty_connections_to_the_broker_leave_nothing_behind(
    make_gateway: MakeGateway, broker: Mosquitto, tasks_told: Path
) -> None:
    await reconnected(make_gateway, broker, tasks_told, 30)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_thousand_connections_to_the_broker_leave_nothing_behind(
    make_gateway: MakeGateway, broker: Mosquitto, tasks_told: Path
) -> None:
    await reconnected(make_gateway, broker, tasks_told, 1000)


# --- a gate


@asynccontextmanager
async def a_gate_process(gateway: Gateway, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `composteur simulate gate` as a process, with people nobody knows."""
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "simulate", "gate", "--site", str(gateway.site_file)),
        *("--equipment", name, "--rate", "0.5", "--quiet"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        await process.wait()


async def frozen_gate(make_gateway: MakeGateway, keepalive_s: int, within_s: float) -> None:
    board = f"keepalive_s = {keepalive_s}"
    gateway = await a_gateway(make_gateway, gates.venue(NAMES[:2], board=board))
    async with a_gate_process(gateway, "gate-0") as frozen, a_gate_process(gateway, "gate-1"):
        await gates.shown(gateway, "up", NAMES[:2])
        frozen.send_signal(signal.SIGSTOP)
        print(f"down after {await gates.shown(gateway, 'down', ['gate-0'], within_s):.2f} s")
        assert (await gates.links(gateway))["gate-1"] == "up"
        frozen.send_signal(signal.SIGCONT)
        await gates.shown(gateway, "up", NAMES[:2])


async def test_a_frozen_gate_is_shown_down_and_comes_back(make_gateway: MakeGateway) -> None:
    await frozen_gate(make_gateway, 1, gates.SHOWN_S)


@pytest.mark.soak
@pytest.mark.timeout(120)
@pytest.mark.parametrize("keepalive_s", [1, 5])
async def test_a_frozen_gate_is_shown_down_within_two_and_a_half_keepalives(
    make_gateway: MakeGateway, keepalive_s: int
) -> None:
    await frozen_gate(make_gateway, keepalive_s, 2.5 * keepalive_s)


# --- the gateway


async def test_passages_of_a_killed_gateways_grants_are_settled_by_rule(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    """Reported while it is dead, after the deadline, and never."""
    site = gates.venue(NAMES[:3], mqtt=broker.url, keys="open_s = 3\npassage_s = 1")
    gateway = await a_gateway(make_gateway, site)
    prompt, late, never = await crowd.sell(gateway, 3)
    silent = replace(gates.BRISK, hold_s=60)  # the gates say nothing of people who do not pass
    async with gates.simulated(broker.url, NAMES[:3], silent) as standing:
        await gates.shown(gateway, "up", NAMES[:3])
        transactions = [
            await gates.released(gate, code)
            for gate, code in zip(standing, (prompt, late, never), strict=True)
        ]
        await in_thread(gateway.kill)
        standing[0].passed("entry", transactions[0])
        await in_thread(gateway.start)
        await gates.space_is(gateway, 1)  # the others were given back at their deadline

        for code in late, never:
            assert await in_thread(gateway.decide, code, reader="gate-2", mode="check") == "granted"
        standing[1].passed("entry", transactions[1])
        await gates.space_is(gateway, 2)

    await gates.verified(gateway)
    assert await gates.stamped(gateway) == {prompt, late}
    assert await gates.attendance(gateway) == (2, 2)
    kinds = {
        code: [e["kind"] for e in await gates.events(gateway, code)] for code in (prompt, late)
    }
    assert kinds == {prompt: ["scan", "passage"], late: ["scan", "annulled", "passage"]}
    assert (await gates.events(gateway, late))[-1]["conflict_with"]
    assert [e["kind"] for e in await gates.events(gateway, never)] == ["scan", "annulled"]


async def killed_under_load(
    make_gateway: MakeGateway, broker: Mosquitto, victims: Sequence[str]
) -> None:
    """Kill one after the other, with people at the gates."""
    gateway = await a_gateway(make_gateway, gates.venue(NAMES, mqtt=broker.url))
    codes = await crowd.sell(gateway, 1500 * (len(victims) + 1))
    people = gates.People()
    async with gates.simulated(broker.url, NAMES) as standing:
        await gates.shown(gateway, "up", NAMES)
        async with people.coming(standing, codes):
            for victim in victims:
                await people.some_more(20)
                await a_random_moment(0.3)
                if victim == "gateway":
                    await in_thread(gateway.kill)
                    await in_thread(gateway.start)
                elif victim == "broker":
                    await in_thread(broker.kill)
                    await in_thread(broker.start)
                else:
                    os.kill(await in_thread(gateway.child, victim), signal.SIGKILL)
                    await asyncio.sleep(0.1)
                await ready_again(gateway)
                await gates.shown(gateway, "up", NAMES)
            await people.some_more(20)
        await gates.books_name(gateway, people.passed)
        gates.check_nothing_replayed(standing)
    print(people.told)


async def test_a_gateway_killed_under_load_counts_each_passage_once(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    await killed_under_load(make_gateway, broker, ["gateway"])


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_gateway_killed_twenty_times_counts_each_passage_once(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    await killed_under_load(make_gateway, broker, ["gateway"] * 20)


async def test_a_store_killed_under_load_counts_each_passage_once(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    await killed_under_load(make_gateway, broker, ["valkey-server"])


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_twenty_four_kills_in_turn_count_each_passage_once(
    make_gateway: MakeGateway, broker: Mosquitto
) -> None:
    victims = ["gateway", "valkey-server", "postgres", "broker"]
    await killed_under_load(make_gateway, broker, victims * 6)


# --- the store


async def store_frozen(make_gateway: MakeGateway, within_ms: float) -> None:
    """Freeze the store: strict denies, kind admits, exits open; all is in the books later."""
    names = ["strict", "kind"]
    gateway = await a_gateway(make_gateway, gates.venue(names, kind='local_policy = "admit"'))
    refused, admitted, left, fresh = await crowd.sell(gateway, 4)
    habits = replace(gates.BRISK, patience_s=PATIENT_S)
    async with gates.simulated(gateway.run_file["mqtt"], names, habits) as (strict, kind):
        await gates.shown(gateway, "up", names)
        valkey = gateway.child("valkey-server")
        os.kill(valkey, signal.SIGSTOP)
        try:
            visits = [
                await strict.visit(refused),
                await kind.visit(admitted),
                await strict.visit(left, "exit"),
            ]
        finally:
            os.kill(valkey, signal.SIGCONT)
        assert [(visit.outcome, visit.reason) for visit in visits] == [
            ("refused", "store_unavailable"),
            ("passed", ""),
            ("passed", ""),
        ]
        print([f"{visit.waited_ms:.0f} ms" for visit in visits])
        assert max(visit.waited_ms for visit in visits) <= within_ms
        await ready_again(gateway)
        await asyncio.sleep(2)  # then no stamp that was given up on stands
        assert (await strict.visit(refused)).outcome == "passed"
        assert (await strict.visit(fresh)).outcome == "passed"

    await gates.space_is(gateway, 2)
    await gates.verified(gateway)
    assert await gates.stamped(gateway) == {refused, admitted, fresh}
    for code, direction in (admitted, "entry"), (left, "exit"):
        (event,) = await gates.events(gateway, code)
        assert (event["degraded"], event["decision"], event["direction"]) == (
            True,
            "granted",
            direction,
        )


async def test_a_gate_follows_its_policy_while_the_store_is_frozen(
    make_gateway: MakeGateway,
) -> None:
    await store_frozen(make_gateway, 1000 * PATIENT_S)


@pytest.mark.soak
@pytest.mark.parametrize("turn", range(5))
async def test_a_gate_follows_its_policy_within_150_ms(
    make_gateway: MakeGateway, turn: int
) -> None:
    del turn
    await store_frozen(make_gateway, 150)


# --- a full house


async def test_eight_gates_never_let_in_more_than_a_space_holds(make_gateway: MakeGateway) -> None:
    capacity = 100
    keys = "open_s = 1\npassage_s = 1\ntailgating_ms = 0\ndebounce_ms = 0"
    site = gates.venue(NAMES, space=f"capacity = {capacity}", keys=keys)
    gateway = await a_gateway(make_gateway, site)
    codes = await crowd.sell(gateway, 1000)
    habits = replace(gates.BRISK, walk_s=0.01, patience_s=10)
    async with gates.simulated(gateway.run_file["mqtt"], NAMES, habits) as standing:
        await gates.shown(gateway, "up", NAMES)
        async with gates.most_inside(gateway) as most:
            shares = [codes[number :: len(NAMES)] for number in range(len(NAMES))]
            visits = await asyncio.gather(*map(gates.all_through, standing, shares))
        inside = [[visit.code for visit in mine if visit.outcome == "passed"] for mine in visits]
        turned_away = [visit.reason for mine in visits for visit in mine if visit.reason]
        assert sum(map(len, inside)) == capacity
        assert turned_away == ["space_full"] * (len(codes) - capacity)
        await gates.space_is(gateway, capacity)
        assert max(most) <= capacity

        leaving = (gates.all_through(*each, "exit") for each in zip(standing, inside, strict=True))
        for mine in await asyncio.gather(*leaving):
            assert {visit.outcome for visit in mine} == {"passed"}
        await gates.space_is(gateway, 0)
    await gates.verified(gateway)
