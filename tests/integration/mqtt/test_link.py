"""Gates of ours on a real broker: what is told, what is obeyed, and what must never happen."""

import asyncio
import json
from typing import Literal

import pytest

from drivers.commands import Light, Ping, SetMode, ShowDecision
from drivers.link import CommandFailed
from drivers.mqtt import MqttSettings
from drivers.signals import CodeRead, GateEvent, InputChanged, LinkChanged, StateRead
from tests.integration.mqtt.brokers import Mosquitto
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


async def test_a_gate_is_up_when_it_says_so_and_down_when_it_leaves(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    async with venue.running():
        gate = a_gate(broker.url)
        async with gate.running():
            await venue.until_up()
        await venue.until_down()

    states = venue.told(LinkChanged)
    assert [state.up for state in states] == [True, False]
    assert states[0].boot == gate.boot


async def test_a_gate_that_never_spoke_is_told_down_once(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    async with venue.running():
        await venue.until_down()
        await asyncio.sleep(0.5)

    assert venue.signals == [LinkChanged(GATE, up=False, why="it has not reported")]


async def test_code_decision_release_acknowledgement_and_passage(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running():
        await venue.until_up()
        visit = asyncio.create_task(gate.visit("ABC"))
        await venue.until(lambda: bool(venue.told(CodeRead)))
        (read,) = venue.told(CodeRead)
        await venue.send(ShowDecision(read.id or "", {"decision": "granted", "ticket": None}))
        await venue.send(a_release("e1"))
        assert (await visit).outcome == "passed"
        await venue.until(lambda: len(venue.told(GateEvent)) == 2)

    assert (read.device, read.code, read.direction) == (GATE, "ABC", "entry")
    assert [(e.type, e.tx) for e in venue.told(GateEvent)] == [
        ("passage_started", "e1"),
        ("passed", "e1"),
    ]
    assert gate.shown[0]["id"] == read.id


async def test_nobody_passes_and_the_gate_says_so(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running():
        await venue.until_up()
        await venue.send(a_release("e1"))
        await venue.until(lambda: bool(venue.told(GateEvent)))

    (event,) = venue.told(GateEvent)
    assert (event.type, event.tx) == ("passage_timeout", "e1")


async def test_a_refusing_a_mute_and_a_slow_gate_each_fail_the_command(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(MqttSettings(ack_ms=100)), gate.running():
        await venue.until_up()
        gate.faults.refuse = "interlock"
        assert await venue.failure(a_release()) == "interlock"
        gate.faults.refuse, gate.faults.mute = "", True
        assert await venue.failure(a_release()) == "no answer within 100 ms"
        gate.faults.mute, gate.faults.late_ack_s = False, 0.2
        assert await venue.failure(a_release()) == "no answer within 100 ms"
        await venue.until(lambda: venue.broker.drops.counts["late_ack"] == 1)
        gate.faults.late_ack_s = 0
        await venue.send(a_release())


async def test_a_command_is_sent_before_its_time_is_up_or_never(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running():
        await venue.until_up()
        with pytest.raises(CommandFailed, match="too late"):
            await venue.links[GATE].send(GATE, a_release(), wall())
        await venue.send(Ping())

    assert [command["do"] for command in gate.obeyed] == ["ping"]
    assert not gate.dropped


async def test_commands_are_never_retained_and_expire_in_two_seconds(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running(), a_client(broker.url) as spy:
        await spy.subscribe(topic("cmd"), topic("decision"))
        await venue.until_up()
        await venue.send(a_release())
        await venue.send(ShowDecision("n1", {"decision": "denied"}))
        seen = [await spy.next() for _ in range(2)]
    async with a_client(broker.url) as late:
        await late.subscribe(f"composteur/v1/{SITE}/#")
        kept = [(await late.next()).topic.rpartition("/")[2] for _ in range(3)]

    assert [(message.expiry_s, message.kept) for message in seen] == [(2, False)] * 2
    assert sorted(kept) == ["state", "status", "status"]


async def test_a_gate_that_was_away_is_not_opened_by_an_old_command(broker: Mosquitto) -> None:
    """The broker holds a command for an absent gate two seconds at most (trap: §3.2)."""
    venue = Venue(broker.url)
    async with venue.running():
        async with a_client(broker.url, "gate", session_s=3600) as gate:
            await gate.subscribe(topic("cmd"))
            say(gate, "status", retain=True, state="online", boot="b", ts=now_text())
            await venue.until_up()
        assert await venue.failure(a_release("old")) == "no answer within 500 ms"
        await asyncio.sleep(2.6)
        async with a_client(broker.url, "gate", session_s=3600) as gate:
            sent = venue.links[GATE].send(GATE, a_release("new"), wall() + 2000)
            command = json.loads((await gate.next()).payload)
            say(gate, "ack", id=command["id"], ok=True)
            await sent

    assert command["tx"] == "new"


@pytest.mark.parametrize(("protocol", "arrive"), [("5", 0), ("3.1.1", 3)])
async def test_what_the_broker_kept_of_scans_events_and_acks_is_dropped(
    broker: Mosquitto, protocol: Literal["5", "3.1.1"], arrive: int
) -> None:
    """Version 5 is asked not to send them at all."""
    async with a_client(broker.url) as rogue:
        say(rogue, "scan", retain=True, id="n1", code="OLD", ts=now_text())
        say(rogue, "event", retain=True, id="b-1", type="passed", ts=now_text())
        say(rogue, "ack", retain=True, id="c1", ok=True)
    venue = Venue(broker.url)
    async with venue.running(MqttSettings(protocol=protocol)), a_gate(broker.url).running():
        await venue.until_up()
        await asyncio.sleep(0.1)
        assert not venue.told(CodeRead)
        assert not venue.told(GateEvent)
        assert venue.told(StateRead)
        assert venue.broker.drops.counts["retained"] == arrive


async def test_repeated_scans_and_events_are_taken_once(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    gate.faults.duplicate = True
    async with venue.running(), gate.running():
        await venue.until_up()
        gate.scan("ABC")
        gate.passed("entry", "e1")
        gate.set_input("fire", value=True)
        await venue.until(lambda: venue.broker.drops.counts["repeated"] >= 3)

    assert len(venue.told(CodeRead)) == len(venue.told(GateEvent)) == 1
    assert [(i.name, i.value) for i in venue.told(InputChanged)] == [("fire", True)]


async def test_a_scan_that_waited_somewhere_is_dropped_by_the_gates_own_clock(
    broker: Mosquitto,
) -> None:
    venue = Venue(broker.url)
    hour_ahead = 3_600_000
    async with venue.running(), a_client(broker.url) as gate:
        say(gate, "status", retain=True, state="online", boot="b")
        await venue.until_up()
        for name, age_ms in (("new", 0), ("slow", 1500), ("old", 2600)):
            say(gate, "scan", id=name, code=name, ts=now_text(hour_ahead - age_ms))
        await venue.until(lambda: venue.broker.drops.counts["stale"] == 1)

    assert [read.code for read in venue.told(CodeRead)] == ["new", "slow"]


async def test_modes_counters_inputs_and_battery_come_with_the_state(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    gate.faults.battery = 7
    gate.inputs["fire"] = False
    async with venue.running(), gate.running():
        await venue.until_up()
        await venue.send(SetMode("exit", "free"))
        await venue.until(lambda: len(venue.told(StateRead)) == 2)

    state = venue.told(StateRead)[-1]
    assert state.modes == {"entry": "normal", "exit": "free"}
    assert (state.inputs, state.battery, state.boot) == ({"fire": False}, 7, gate.boot)


@pytest.mark.parametrize("size", [0, 10, 100_000])
async def test_garbage_is_counted_and_the_line_goes_on(broker: Mosquitto, size: int) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running(), a_client(broker.url) as rogue:
        await venue.until_up()
        for leaf in ("status", "state", "scan", "event", "ack"):
            rogue.publish(topic(leaf), b"\xff" * size)
        for unknown in ("scan", "event"):  # another site, an equipment nobody knows: not heard
            rogue.publish(f"composteur/v1/elsewhere/{GATE}/{unknown}", b"{}")
            rogue.publish(f"composteur/v1/{SITE}/nobody/{unknown}", b"{}")
        await venue.until(lambda: venue.broker.drops.counts["rejected"] == 5)
        await venue.send(a_release())
        assert venue.broker.connections == 1


@pytest.mark.parametrize(("protocol", "arrives"), [("5", 0), ("3.1.1", 1)])
async def test_a_megabyte_does_no_harm(
    broker: Mosquitto, protocol: Literal["5", "3.1.1"], arrives: int
) -> None:
    """Over our packet limit a broker of version 5 keeps it; one of 3.1.1 does not: we drop it."""
    venue, gate = Venue(broker.url), a_gate(broker.url)
    settings = MqttSettings(protocol=protocol)
    async with venue.running(settings), gate.running(), a_client(broker.url) as rogue:
        await venue.until_up()
        rogue.publish(topic("scan"), b"{" + b" " * 1_000_000)
        await venue.send(a_release())
        await venue.until(lambda: venue.broker.drops.counts["rejected"] == arrives)
        assert venue.broker.connections == 1


async def test_a_gate_that_has_started_anew_is_told_with_its_new_boot(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(MqttSettings(ack_ms=900)), gate.running():
        await venue.until_up()
        gate.faults.mute = True
        lost = asyncio.create_task(venue.failure(a_release()))
        await asyncio.sleep(0.05)
        gate.reboot()
        async with asyncio.timeout(0.5):
            assert await lost == "the gate has started anew"
        await venue.until(lambda: venue.told(StateRead)[-1].boot == gate.boot)


async def test_lights_are_followed_and_contacts_are_not(broker: Mosquitto) -> None:
    venue, gate = Venue(broker.url), a_gate(broker.url)
    async with venue.running(), gate.running():
        await venue.until_up()
        await venue.send(Light("granted"))

    assert [shown["pattern"] for shown in gate.shown] == ["granted"]
