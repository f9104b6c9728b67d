"""Boards on a true line: what is told, what is switched, and what must never happen."""

import asyncio
from pathlib import Path

import pytest

from config.models import Channel
from drivers.commands import Light, Ping, Pulse, Set
from drivers.modbus.profile import load, names
from drivers.signals import GateEvent, InputChanged, LinkChanged, StateRead
from tests.integration.modbus.venue import GATE, KINDS, Kind, Venue, a_device, a_rig


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pulse_is_ended_by_the_board_and_a_passage_is_told(
    kind: Kind, tmp_path: Path
) -> None:
    venue = Venue()
    async with a_rig(kind, folder=tmp_path) as rig, venue.running(rig.settings()):
        await venue.until_up()
        await venue.send(Pulse("release_entry", 150))
        assert rig.board.outputs[1]
        await rig.board.close_for(1, 0.1)
        await venue.until(lambda: not rig.board.outputs[1])
        await venue.until(lambda: len(venue.told(InputChanged)) == 2)

    assert [on for number, on, _ in rig.board.switched if number == 1] == [True, False]
    begun, ended = (at for _, _, at in rig.board.switched)
    assert ended - begun == pytest.approx(0.2, abs=0.1)  # the board's steps are 100 ms
    assert venue.told(InputChanged) == [
        InputChanged(GATE, "passage_entry", value=True),
        InputChanged(GATE, "passage_entry", value=False),
    ]
    assert venue.told(StateRead) == [
        StateRead(GATE, inputs={"passage_entry": False, "passage_exit": False})
    ]


async def test_a_pulse_needs_no_second_message(tmp_path: Path) -> None:
    venue = Venue()
    async with a_rig() as rig:
        async with venue.running(rig.settings()):
            await venue.until_up()
            await venue.send(Pulse("release_entry", 200))
        assert rig.board.outputs[1]  # the gateway is gone
        await asyncio.sleep(0.3)
        assert not rig.board.outputs[1]


async def test_an_inverted_output_is_pulsed_off() -> None:
    venue = Venue()
    device = a_device(release_entry=Channel(at=1, inverted=True))
    async with a_rig() as rig, venue.running(rig.settings(), device):
        await venue.until(lambda: rig.board.outputs[1])  # where it rests
        await venue.send(Pulse("release_entry", 100, on=False))
        assert not rig.board.outputs[1]
        await venue.until(lambda: rig.board.outputs[1])


@pytest.mark.parametrize("profile", ["lc-technology-8", "laskakit-8", "waveshare-relay-8"])
async def test_each_sort_of_pulse_opens_and_closes(profile: str) -> None:
    venue, device = Venue(), a_device(kind="relay", relay=8)
    async with a_rig("rtu-tcp", profile) as rig:
        settings = rig.settings(unit=1, hardware_pulse=True)
        async with venue.running(settings, device):
            await venue.until_up()
            await venue.send(Pulse("relay", 100))
            assert rig.board.outputs[8]
            await venue.until(lambda: not rig.board.outputs[8])
    assert not venue.told(GateEvent)


async def test_a_disputed_pulse_is_ended_by_a_second_message() -> None:
    venue, device = Venue(), a_device(kind="relay", relay=1)
    async with (
        a_rig("rtu-tcp", "lc-technology-8") as rig,
        venue.running(rig.settings(unit=1), device),
    ):
        await venue.until_up()
        await venue.send(Pulse("relay", 100))
        await venue.until(lambda: len(rig.board.switched) == 2)
    (_, _, begun), (_, _, ended) = rig.board.switched
    assert ended - begun == pytest.approx(0.1, abs=0.08)


async def test_the_end_of_a_pulse_by_hand_is_tried_until_it_lands() -> None:
    venue = Venue()
    device = a_device(kind="relay", relay=0)
    async with a_rig("tcp", "generic-8") as rig, venue.running(rig.settings(), device):
        await venue.until_up()
        await venue.send(Pulse("relay", 100))
        rig.board.faults.mute = True
        await venue.until_down()
        assert rig.board.outputs[0]
        rig.board.faults.mute = False
        await venue.until(lambda: not rig.board.outputs[0])


async def test_relays_packed_into_a_register_do_not_disturb_each_other() -> None:
    venue = Venue()
    device = a_device(release_entry=0, free_entry=3, lock_exit=15)
    async with a_rig("tcp", "beckhoff-ek9000") as rig, venue.running(rig.settings(), device):
        await venue.until_up()
        await venue.send(Set("free_entry", on=True))
        await asyncio.gather(
            venue.send(Pulse("release_entry", 100)), venue.send(Set("lock_exit", on=True))
        )
        await venue.until(lambda: not rig.board.outputs[0])
        assert rig.board.outputs[3]
        assert rig.board.outputs[15]


@pytest.mark.parametrize("profile", names())
async def test_every_profile_comes_up_and_switches(profile: str) -> None:
    venue, device = Venue(), a_device(kind="relay", relay=2)
    kind: Kind = "tcp" if "tcp" in load(profile).links else "rtu-tcp"
    async with a_rig(kind, profile) as rig, venue.running(rig.settings(unit=1), device):
        await venue.until_up()
        await venue.send(Set("relay", on=True))
        assert rig.board.outputs[2]
        await venue.send(Set("relay", on=False))
        assert not rig.board.outputs[2]


async def test_controllers_on_one_line_take_turns(tmp_path: Path) -> None:
    venue = Venue()
    async with (
        a_rig("rtu", folder=tmp_path, units=(1, 2)) as rig,
        venue.running(rig.settings(unit=1), a_device("one")),
        venue.running(rig.settings(unit=2), a_device("two")),
    ):
        await venue.until_up("one")
        await venue.until_up("two")
        await asyncio.gather(
            venue.send(Pulse("release_entry", 100), "one"),
            venue.send(Pulse("release_entry", 100), "two"),
        )
    assert [len(board.switched) > 0 for board in rig.line.boards.values()] == [True, True]
    assert venue.line.counts["opened"] == 1


async def test_what_a_board_cannot_follow_is_refused() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings()):
        await venue.until_up()
        await venue.send(Ping())
        assert await venue.failure(Light("granted")) == "a board cannot follow Light"
        assert await venue.failure(Pulse("relay", 100)) == "north-1 has no channel relay"
        rig.board.faults.refuse = 6
        assert await venue.failure(Pulse("release_entry", 100)) == "refused: device busy (6)"
    assert venue.up() is True  # it was busy, not gone


async def test_a_pulse_that_a_board_cannot_make_is_refused() -> None:
    venue, device = Venue(), a_device(kind="relay", relay=1)
    async with a_rig("rtu-tcp", "laskakit-8") as rig, venue.running(rig.settings(), device):
        await venue.until_up()
        why = await venue.failure(Pulse("relay", 300_000))
    assert "at most 255000 ms, not 300000" in why


async def test_a_command_that_is_late_is_not_sent() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings()):
        await venue.until_up()
        assert await venue.failure(Pulse("release_entry", 100), within_ms=-1) == (
            "too late to be sent"
        )
        assert not rig.board.switched


# --- inputs


async def test_passages_of_100_ms_are_never_missed_at_40_ms() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings(poll_ms=40)):
        await venue.until_up()
        for _ in range(8):
            await rig.board.close_for(1, 0.1)
            await asyncio.sleep(0.1)
    closings = [each for each in venue.told(InputChanged) if each.value]
    assert len(closings) == 8


async def test_a_level_that_one_sample_shows_is_not_told() -> None:
    venue, device = Venue(), a_device(kind="door", lock=1, contact=1)
    async with a_rig() as rig, venue.running(rig.settings(poll_ms=40), device):
        await venue.until_up()
        await rig.board.close_for(1, 0.045)  # one sample, rarely two
        await asyncio.sleep(0.15)
        glitches = len(venue.told(InputChanged))
        rig.board.set_input(1, value=True)
        await venue.until(lambda: len(venue.told(InputChanged)) > glitches)
    assert glitches in {0, 2}
    assert venue.told(InputChanged)[-1] == InputChanged(GATE, "contact", value=True)


async def test_passages_are_taken_from_the_boards_counters_also_after_an_outage() -> None:
    venue = Venue()
    device = a_device(release_entry=0, passage_entry=0, passage_exit=1)
    async with a_rig("tcp", "adam-6060") as rig:
        rig.board.counters[0] = 70_000  # both words
        settings = rig.settings(passages="counters", poll_ms=50)
        async with venue.running(settings, device):
            await venue.until_up()
            await rig.board.close_for(0, 0.001)  # no poll sees that
            await venue.until(lambda: len(venue.told(GateEvent)) == 1)
            await rig.plug.unplug()
            await venue.until_down()
            for _ in range(3):
                await rig.board.close_for(1, 0)
            await rig.plug.plug()
            await venue.until(lambda: len(venue.told(GateEvent)) == 4)
            rig.board.reboot()
            await rig.board.close_for(0, 0)
            await venue.until(lambda: len(venue.told(GateEvent)) == 5)
    told = venue.told(GateEvent)
    assert [each.direction for each in told] == ["entry", "exit", "exit", "exit", "entry"]
    assert len({each.id for each in told}) == 5
    assert not venue.told(InputChanged)


async def test_links_are_told_once() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings()):
        await venue.until_up()
        await rig.plug.unplug()
        await venue.until_down()
        await asyncio.sleep(0.6)
    assert [each.up for each in venue.told(LinkChanged)] == [True, False]
