"""A Digicon Tx1500 on a pty: releases, modes, passages, and answers that come late or twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.commands import Light, Ping, Revoke, SetMode
from drivers.link import CommandFailed
from drivers.serial.simulator import SimulatedSerialGate
from drivers.signals import GateEvent, InputChanged
from tests.integration.serial.venue import Venue, a_gate, a_release


def a_venue(port: Path, **keys: Any) -> Venue:
    return Venue(port, profile="digicon-tx1500", **keys)


def did(gate: SimulatedSerialGate) -> list[str]:
    return [f"{each.do}{each.direction or ''}" for each in gate.obeyed]


async def test_a_release_lets_one_person_pass_who_is_told(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(a_release())
        assert gate.walk(1)
        assert not gate.walk(1)
        await venue.sent(a_release("e2", "exit"))
        assert gate.walk(2)
        await venue.until(lambda: len(venue.passed) == 2)

    assert venue.passed == ["entry", "exit"]


async def test_people_may_enter_by_the_gates_second_direction(port: Path) -> None:
    venue, gate = a_venue(port, entry=2), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(a_release())
        assert gate.walk(2)
        await venue.until(lambda: venue.passed)

    assert venue.passed == ["entry"]


async def test_a_refused_release_has_failed_at_once(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    gate.faults.refused = True
    async with gate.running(), venue.running():
        await venue.until_up()
        assert await venue.failure(a_release()) == "refused"


async def test_a_release_that_is_not_acknowledged_has_failed_and_is_taken_back(
    port: Path,
) -> None:
    """Its stamp is given back: so the gate must not stay open either."""
    venue, gate = a_venue(port, ack_ms=100), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        gate.faults.unheard = True
        assert await venue.failure(a_release()) == "no answer within 100 ms"
        gate.faults.unheard = False
        await venue.until(lambda: "revoke" in did(gate))

    assert did(gate) == ["release1", "revoke"]
    assert not gate.walk(1)


async def test_a_late_answer_is_not_taken_for_that_of_the_next_command(port: Path) -> None:
    """The second is refused; the late yes to the first must not pass for a yes to it."""
    venue, gate = a_venue(port, ack_ms=100), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        gate.faults.late_s = 0.2
        first, second = venue.sent(a_release("e1")), venue.sent(a_release("e2", "exit"))
        await asyncio.sleep(0.05)
        gate.faults.late_s, gate.faults.refused = 0.0, True
        for each in (first, second):
            with pytest.raises(CommandFailed):
                await each

    assert venue.drops.counts["late_ack"] == 1


async def test_a_doubled_answer_is_not_taken_for_that_of_the_next_command(port: Path) -> None:
    venue, gate = a_venue(port, ack_ms=100), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        gate.faults.doubled = True
        first = venue.sent(SetMode("entry", "free"))
        second = venue.sent(a_release("e2", "exit"))
        await first
        gate.faults.doubled, gate.faults.mute = False, True
        with pytest.raises(CommandFailed, match="no answer"):
            await second

    assert venue.drops.counts["late_ack"] == 1


async def test_a_garbled_answer_is_none(port: Path) -> None:
    venue, gate = a_venue(port, ack_ms=100), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        gate.faults.garbled = 0.5
        assert "no answer" in await venue.failure(a_release())

    assert sum(venue.drops.counts.values()) >= 1


async def test_one_direction_stays_free_when_the_other_is_set_back(port: Path) -> None:
    """`C` is for both directions: it would shut the one that is to stay open."""
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(SetMode("entry", "free"))
        await venue.sent(SetMode("exit", "normal"))
        assert gate.free == {1}
        await venue.sent(SetMode("exit", "locked"))
        assert gate.free == {1}
        await venue.sent(SetMode("entry", "normal"))
        assert gate.free == set()


async def test_a_revoked_release_lets_nobody_pass(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(a_release("e1"))
        await venue.sent(Revoke("e1"))
        await venue.sent(Revoke("e1"))  # it is over: nothing more is sent

    assert did(gate) == ["release1", "revoke"]


async def test_a_release_revoked_before_it_was_sent_is_not_sent(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        first, second = venue.sent(a_release("e1")), venue.sent(a_release("e2", "exit"))
        await venue.sent(Revoke("e2"))
        await first
        with pytest.raises(CommandFailed, match="revoked"):
            await second

    assert did(gate) == ["release1"]


async def test_taking_one_release_back_leaves_that_of_the_other_direction(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(a_release("e1"))
        await venue.sent(a_release("e2", "exit"))
        assert "other direction" in await venue.failure(Revoke("e1"))
        assert gate.walk(2)
        await venue.until(lambda: venue.passed)
        await venue.sent(Revoke("e1"))

    assert did(gate) == ["release1", "release2", "revoke"]


async def test_whoever_passes_is_over_and_cannot_be_revoked(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(a_release("e1"))
        gate.walk(1)
        await venue.until(lambda: venue.passed)
        await venue.sent(Revoke("e1"))

    assert did(gate) == ["release1"]


async def test_a_party_and_what_a_gate_does_not_know_are_refused_with_a_word(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        assert "one person" in await venue.failure(a_release(persons=2))
        assert "cannot follow Light" in await venue.failure(Light("granted"))
        await venue.sent(Ping())

    assert did(gate) == []


async def test_commands_go_one_by_one_and_none_waits_for_ever(port: Path) -> None:
    venue, gate = a_venue(port, ack_ms=200), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        gate.faults.mute = True
        loop = asyncio.get_running_loop()
        begun = loop.time()
        sent = [venue.sent(a_release(f"e{number}")) for number in range(5)]
        for each in sent:
            with pytest.raises(CommandFailed):
                await each

        assert loop.time() - begun < 2.0


async def test_a_gate_that_starts_anew_is_still_spoken_with(port: Path) -> None:
    venue, gate = a_venue(port), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        await venue.sent(a_release("e1"))
        gate.reboot()
        await venue.until(lambda: venue.drops.counts["noise"])
        assert not gate.walk(1)
        await venue.sent(a_release("e2"))
        assert gate.walk(1)


async def test_noise_that_looks_like_the_beginning_of_a_telegram_costs_no_answer(
    port: Path,
) -> None:
    venue, gate = a_venue(port, ack_ms=900), a_gate(port)
    async with gate.running(), venue.running():
        await venue.until_up()
        gate.socket.write(b"\x02\x09\x00")
        await venue.sent(a_release())


OWN = """
role = "gate"
name = "Ours"
source = "made up"
acknowledged = "59"
refused = "4E"
[frame]
starts = "02"
ends = "03"
checksum = "sum"
covers = "data"
[[command]]
do = "release"
send = "4F"
[[command]]
do = "normal"
send = "43"
[[event]]
on = "46 31"
event = "input"
name = "fire"
[[event]]
on = "46 30"
event = "input"
name = "fire"
value = false
[[event]]
on = "54"
event = "tailgating"
direction = 1
"""


async def test_a_gate_by_a_profile_of_ones_own_tells_inputs_and_events(
    port: Path, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    venue, engine = await asyncio.to_thread(Venue, port, profile_file=file), a_gate(port)
    engine.profile = venue.settings.gate
    wrapped = venue.settings.gate.frame.format
    async with engine.running(), venue.running():
        await venue.until_up()
        for data in (b"F1", b"F0", b"T", b"?"):
            engine.socket.write(wrapped.write(data))
        await venue.until(lambda: venue.drops.counts["unknown"] == 1)

    inputs = [each for each in venue.signals if isinstance(each, InputChanged)]
    assert [(each.name, each.value) for each in inputs] == [("fire", True), ("fire", False)]
    events = [each for each in venue.signals if isinstance(each, GateEvent)]
    assert [(each.type, each.direction) for each in events] == [("tailgating", "entry")]
