"""Brokers that stop, freeze or say nothing; gates that freeze; a gateway that was away."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import orjson
import pytest

from drivers.commands import Ping
from drivers.mqtt import MqttSettings, MqttWire, connection
from drivers.mqtt import presence as presence_rules
from drivers.signals import CodeRead, GateEvent, GateEventType, LinkChanged
from tests.integration.mqtt.brokers import PLAIN, Mosquitto, free_port
from tests.integration.mqtt.venue import (
    GATE,
    SITE,
    Venue,
    a_client,
    a_gate,
    a_release,
    now_text,
    say,
    topic,
    wall,
)


async def test_gates_are_down_within_two_seconds_of_the_broker_and_back_within_two(
    broker: Mosquitto,
) -> None:
    venue = Venue(broker.url)
    names = [f"north-{n}" for n in range(10)]
    async with venue.running(devices=names), AsyncExitStack() as stack:
        for name in names:
            await stack.enter_async_context(a_gate(broker.url, name).running())
        for name in names:
            await venue.until_up(name)
        for end in (broker.stop, broker.kill):
            end()
            for name in names:
                await venue.until_down(name, within_s=2)
            broker.start()
            begun = time.monotonic()
            for name in names:
                await venue.until_up(name)
            assert time.monotonic() - begun < 2
            await venue.send(Ping(), names[0])
        told = [signal.up for signal in venue.told(LinkChanged) if signal.device == names[0]]

    assert told == [True, False] * 2 + [True]  # each going and coming once


async def test_what_was_under_way_fails_at_once_and_is_never_sent_again(broker: Mosquitto) -> None:
    """A client that keeps what was not acknowledged would, as paho's does (trap: §3.3)."""
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(MqttSettings(ack_ms=900)), gate.running():
        await venue.until_up()
        broker.freeze()  # takes nothing more: the commands stay where they are
        sent = [venue.links[GATE].send(GATE, a_release(f"e{n}"), wall() + 5000) for n in range(50)]
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        broker.kill()
        failures = await asyncio.gather(*sent, return_exceptions=True)
        assert time.monotonic() - begun < 0.5
        assert all("the broker is away" in str(failure) for failure in failures)
        assert "is not there" in await venue.failure(a_release("meanwhile"))
        broker.start()
        await venue.until_up()
        await venue.send(a_release("new"))
        await asyncio.sleep(0.3)

    assert [command["tx"] for command in gate.obeyed] == ["new"]
    assert not gate.dropped


async def test_events_wait_for_a_gateway_that_is_away_and_scans_do_not(broker: Mosquitto) -> None:
    gate = a_gate(broker.url)
    async with gate.running():
        first = Venue(broker.url)
        async with first.running():
            await first.until_up()
        await first.until(lambda: not any(gate._gateways.values()))  # the broker knows it, too
        gate.scan("WHO-HAS-GONE")
        gate.passed("entry", "e1")
        gate.passed("entry", "e2")
        await first.until(lambda: not gate._untaken)
        second = Venue(broker.url)  # a new process: nothing is remembered, the broker knows us
        async with second.running():
            await second.until_up()
            await second.until(lambda: len(second.told(GateEvent)) == 2)
            await asyncio.sleep(0.1)

    assert [event.tx for event in second.told(GateEvent)] == ["e1", "e2"]
    assert not second.told(CodeRead)


async def test_an_event_the_broker_died_over_is_told_again_and_heard_once(
    broker: Mosquitto,
) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running():
        await venue.until_up()
        gate.passed("entry", "e1")
        await venue.until(lambda: len(venue.told(GateEvent)) == 1)
        broker.freeze()  # what it is sent from now on stays in its socket
        gate.passed("entry", "e2")
        await asyncio.sleep(0.1)
        broker.kill()
        broker.start()
        await venue.until(lambda: len(venue.told(GateEvent)) == 2)
        await asyncio.sleep(0.1)

    assert [event.tx for event in venue.told(GateEvent)] == ["e1", "e2"]


async def test_two_hundred_controllers_share_one_connection(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    names = [f"north-{n}" for n in range(200)]
    async with AsyncExitStack() as stack:
        for name in names:
            await stack.enter_async_context(venue.running(devices=[name]))
        async with a_client(broker.url) as client:
            for name in names:
                client.publish(
                    f"composteur/v1/{SITE}/{name}/status", b'{"state":"online"}', retain=True
                )
        for name in names:
            await venue.until_up(name)

    assert broker.log.count("New client connected from 127.0.0.1:") == 2
    assert len(venue.wire.brokers) == 1


@pytest.mark.parametrize("at_once", [20, 1000])
async def test_a_thousand_commands_do_not_wait_for_each_other(
    folder: Path, mosquitto_program: None, at_once: int
) -> None:
    """Not even at a broker that takes twenty at once (mosquitto's own default) and holds to it."""
    broker = Mosquitto(folder, PLAIN.replace("1000", str(at_once)))
    broker.start()
    try:
        await _a_thousand(broker.url)
    finally:
        broker.kill()


async def _a_thousand(url: str) -> None:
    venue, gate = Venue(url), a_gate(url)
    async with venue.running(MqttSettings(ack_ms=900)), gate.running():
        await venue.until_up()
        link = venue.links[GATE]
        await asyncio.gather(
            *(link.send(GATE, a_release(f"e{n}"), wall() + 2000) for n in range(1000))
        )

    assert len(gate.obeyed) == 1000


async def test_a_gate_whose_program_hangs_is_down_within_two_and_a_half_keepalives(
    broker: Mosquitto,
) -> None:
    """Its connection stays, so the broker sees nothing: only its silence tells."""
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(MqttSettings(keepalive_s=1)), gate.running():
        await venue.until_up()
        await asyncio.sleep(3)  # a quiet gate answers when asked, and stays up
        assert venue.up() is True
        gate.faults.frozen = True
        assert await venue.until_down(within_s=2.5) > 1
        assert "is not there" in await venue.failure(a_release())
        gate.faults.frozen = False
        await venue.until_up(within_s=2)


@asynccontextmanager
async def _a_process(url: str, keepalive_s: int) -> AsyncIterator[asyncio.subprocess.Process]:
    program = (
        "import asyncio, sys; from random import Random\n"
        "from drivers.mqtt.simulator import Habits, SimulatedGate\n"
        "from tests.integration.mqtt.venue import GATE, SITE, wall\n"
        "url, keepalive_s = sys.argv[1], int(sys.argv[2])\n"
        "habits = Habits(keepalive_s=keepalive_s)\n"
        "gate = SimulatedGate(url, SITE, GATE, wall=wall, dice=Random(1), habits=habits)\n"
        "asyncio.run(gate.run())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, str(keepalive_s)
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # the test may have killed it
            process.kill()
        await process.wait()


async def test_a_gate_frozen_by_sigstop_is_down_in_time_and_back_when_it_goes_on(
    broker: Mosquitto,
) -> None:
    venue = Venue(broker.url)
    async with (
        venue.running(MqttSettings(keepalive_s=1)),
        _a_process(broker.url, keepalive_s=1) as process,
    ):
        await venue.until_up(within_s=10)
        os.kill(process.pid, signal.SIGSTOP)
        await venue.until_down(within_s=2.5)
        os.kill(process.pid, signal.SIGCONT)
        await venue.until_up(within_s=4)


async def test_a_killed_gate_is_down_at_once(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    async with venue.running(), _a_process(broker.url, keepalive_s=5) as process:
        await venue.until_up(within_s=10)
        process.kill()
        await venue.until_down(within_s=2)  # its keep-alive alone would take 7.5 s


async def test_a_gateway_that_says_it_is_there_hears_the_last_of_its_gates(
    broker: Mosquitto,
) -> None:
    """A broker that has lost the session would take an event for nobody, and acknowledge it."""
    venue = Venue(broker.url)
    names = [f"north-{n}" for n in range(1000)]
    async with a_client(broker.url) as gate:
        await gate.subscribe(f"composteur/v1/{SITE}/gateway/main/status")
        async with venue.running(devices=names):
            assert b'"state":"online"' in (await gate.next()).payload
            event = {"id": "b-1", "type": "passed", "direction": "entry", "tx": "e1"}
            gate.publish(topic("event", names[-1]), orjson.dumps(event | {"ts": now_text()}))
            await venue.until(lambda: len(venue.told(GateEvent)) == 1)


async def test_a_gateway_tells_that_it_is_there_and_its_will_that_it_is_not(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.mqtt.broker.ANNOUNCE_S", 0.2)
    gate = a_gate(broker.url)
    topic = f"composteur/v1/{SITE}/gateway/main/status"
    async with a_client(broker.url) as spy, gate.running():
        await spy.subscribe(topic)
        async with Venue(broker.url).running():
            first = await spy.next()
            assert b'"state":"online"' in first.payload
            again = await spy.next()
            assert b'"state":"online"' in again.payload
            assert again.payload != first.payload  # with its time, so that gates see it is fresh
            await _takes_over(broker.url, "composteur-museum-main")
            assert b'"state":"offline"' in (await spy.next()).payload
            while b'"state":"online"' not in (await spy.next()).payload:
                pass
        while b'"state":"offline"' not in (await spy.next()).payload:
            pass


async def _takes_over(url: str, identifier: str) -> None:
    """Connect under somebody's name: the broker throws them out as if they had died."""
    async with a_client(url, identifier):
        pass


async def test_a_gate_without_a_gateway_follows_its_own_policy(broker: Mosquitto) -> None:
    gate = a_gate(broker.url)
    async with gate.running():
        await gate.up.wait()
        assert (await gate.visit("ABC", "entry")).outcome == "refused"
        assert (await gate.visit("ABC", "exit")).outcome == "admitted"


async def test_a_broker_that_takes_connections_and_says_nothing_costs_no_descriptor() -> None:

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass
        writer.close()

    quiet = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = quiet.sockets[0].getsockname()[1]
    venue = Venue(f"mqtt://127.0.0.1:{port}")
    before = _descriptors()
    connection_s, connection.CONNECT_S = connection.CONNECT_S, 0.05  # type: ignore[misc]
    try:
        async with quiet, venue.running():
            await asyncio.sleep(2)
            opened = _descriptors() - before
    finally:
        connection.CONNECT_S = connection_s  # type: ignore[misc]
    assert opened <= 8


async def test_a_link_is_given_up_while_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        venue = Venue(f"mqtt://127.0.0.1:{deaf.getsockname()[1]}")
        async with venue.running():
            await asyncio.sleep(0.05)


async def test_a_broker_of_an_older_version_is_spoken_to_in_its_own() -> None:
    refusals = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(1024)
        version = hello[hello.index(b"MQTT") + 4]
        refusals.append(version)
        writer.write(b"\x20\x02\x00\x01" if version == 5 else b"\x20\x02\x00\x00")
        while await reader.read(1024):
            pass
        writer.close()

    old = await asyncio.start_server(serve, "127.0.0.1", 0)
    venue = Venue(f"mqtt://127.0.0.1:{old.sockets[0].getsockname()[1]}")
    async with old, venue.running():
        await venue.until(lambda: venue.wire.brokers != {} and venue.broker.up)
        old.close()

    assert refusals == [5, 4]


async def test_nothing_is_heard_of_a_broker_that_is_not_there() -> None:
    venue = Venue(f"mqtt://127.0.0.1:{free_port()}")
    async with venue.running():
        await venue.until_down()
        assert "is not there" in await venue.failure(a_release())

    assert len(venue.signals) == 1


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _cycles(broker: Mosquitto, number: int, turn: Callable[[int], None]) -> None:
    """Connect and disconnect: by our own leaving, and by being thrown out."""
    wire = MqttWire()
    tasks = descriptors = 0
    for cycle in range(number):
        venue = Venue(broker.url, wire)
        async with venue.running(), a_client(broker.url) as gate:
            say(gate, "status", retain=True, state="online", boot="b", ts=now_text())
            await venue.until_up()
            if cycle % 2:
                sent = venue.links[GATE].send(GATE, a_release(), wall() + 2000)
                await _takes_over(broker.url, "composteur-museum-main")
                await venue.until_down()
                assert sent.done()
                await venue.until_up()
        turn(cycle)
        if cycle == 9:
            tasks, descriptors = len(asyncio.all_tasks()), _descriptors()
    assert len(asyncio.all_tasks()) <= tasks
    assert _descriptors() <= descriptors


async def test_thirty_connections_leave_no_task_and_no_descriptor(broker: Mosquitto) -> None:
    await _cycles(broker, 30, lambda _: None)


@pytest.mark.soak
async def test_a_thousand_connections_leave_no_task_and_no_descriptor(broker: Mosquitto) -> None:
    await _cycles(broker, 1000, lambda cycle: print(cycle) if cycle % 100 == 0 else None)


def test_the_shortest_silence_that_is_told_fits_in_two_and_a_half_keepalives() -> None:
    assert presence_rules.SILENT < 2.5


async def test_bouncing_and_unknown_events_are_passed_on_with_ids_of_their_own(
    broker: Mosquitto,
) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    gate.faults.bouncing = True
    async with venue.running(), gate.running():
        await venue.until_up()
        gate.passed("entry", "e1")
        gate.event("danced")
        await venue.until(lambda: venue.broker.drops.counts["rejected"] == 1)

    passages = venue.told(GateEvent)
    assert [event.type for event in passages] == [GateEventType.PASSED] * 3
    assert len({event.id for event in passages}) == 3
