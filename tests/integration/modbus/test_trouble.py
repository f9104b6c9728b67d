"""What goes wrong with boards and cables (shared field notes, Modbus failure modes), and what then.

Each test is a trap: take its remedy out of the driver and it fails.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pymodbus.framer import FramerRTU

from drivers.commands import Pulse, Set
from drivers.modbus import codec
from drivers.modbus.simulated_line import TcpSocket, Terminal
from drivers.modbus.simulator import Answer
from drivers.signals import GateEvent, InputChanged, LinkChanged
from tests.integration.modbus.venue import GATE, KINDS, Kind, Rig, Venue, a_device, a_rig


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cable_pulled_is_shown_within_2_s_and_back_within_2_s(
    kind: Kind, tmp_path: Path
) -> None:
    venue = Venue()
    async with a_rig(kind, folder=tmp_path) as rig, venue.running(rig.settings()):
        await venue.until_up()
        await rig.plug.unplug()
        assert await venue.until_down() < 2
        await rig.plug.plug()
        assert await venue.until_up() < 2
        await venue.send(Pulse("release_entry", 100))


async def test_a_line_that_is_not_there_at_first_is_opened_when_it_is(tmp_path: Path) -> None:
    venue = Venue()
    async with a_rig("rtu", folder=tmp_path) as rig:
        await rig.plug.unplug()
        async with venue.running(rig.settings()):
            await venue.until_down()
            await rig.plug.plug()
            assert await venue.until_up() < 2
    assert "cannot be opened" in venue.told(LinkChanged)[0].why


async def test_a_mute_board_is_down_within_2_s_and_back_within_2_s() -> None:
    venue = Venue()
    async with a_rig("rtu-tcp") as rig, venue.running(rig.settings()):
        await venue.until_up()
        rig.board.faults.mute = True
        assert await venue.until_down() < 2
        await asyncio.sleep(1)  # it is asked ever less often
        rig.board.faults.mute = False
        assert await venue.until_up() < 2


async def test_a_dead_board_does_not_stall_the_others_on_its_line() -> None:
    venue = Venue()
    async with a_rig("rtu-tcp", units=(1, 2)) as rig:
        alive, dead = rig.line.boards[1], rig.line.boards[2]
        async with (
            venue.running(rig.settings(unit=1), a_device("alive")),
            venue.running(rig.settings(unit=2), a_device("dead")),
        ):
            await venue.until_up("alive")
            await venue.until_up("dead")
            dead.faults.mute = True
            await venue.until_down("dead")
            await asyncio.sleep(1)
            before = alive.asked
            await asyncio.sleep(1)
            asked = alive.asked - before
    assert venue.up("alive") is True
    assert asked > 6  # of 25 polls; a dead board that is not backed off leaves it 2


async def test_a_board_that_a_translating_gateway_cannot_reach_is_down_and_the_others_are_not() -> (
    None
):
    venue = Venue()
    async with (
        a_rig("tcp", units=(1,)) as rig,
        venue.running(rig.settings(unit=1), a_device("there")),
        venue.running(rig.settings(unit=9), a_device("away")),
    ):
        await venue.until_down("away")
        await venue.until_up("there")
        await asyncio.sleep(0.3)
    assert venue.up("there") is True
    (away,) = [each for each in venue.told(LinkChanged) if each.device == "away"]
    assert "other end says that it does not answer" in away.why


async def test_a_connection_on_which_nobody_answers_any_more_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("drivers.modbus.line.DEAF_S", 0.6)
    venue = Venue()
    async with a_rig("tcp") as rig, venue.running(rig.settings(timeout_ms=100)):
        await venue.until_up()
        rig.board.faults.mute = True  # as a connection that is half open
        await venue.until(lambda: venue.line.counts["opened"] >= 2)
        rig.board.faults.mute = False
        await venue.until_up()
        assert isinstance(rig.plug, TcpSocket)
        assert len(rig.plug.callers) == 1  # the former is closed: some servers take only one


async def test_a_command_overtakes_the_polls_of_a_whole_line() -> None:
    venue = Venue()
    units = tuple(range(1, 9))
    async with a_rig("rtu-tcp", units=units) as rig:
        rig.line.faults.late_s = 0.02  # 8 boards: 160 ms a round
        async with asyncio.TaskGroup() as group, _all(venue, rig):
            for unit in units:
                await venue.until_up(f"gate-{unit}")
            asked = sum(board.asked for board in rig.line.boards.values())
            sent = group.create_task(venue.send(Pulse("release_entry", 100), "gate-5"))
            await venue.until(lambda: rig.line.boards[5].outputs[1])
            between = sum(board.asked for board in rig.line.boards.values()) - asked
            await sent
    assert between <= 3  # what was under way, the command


@asynccontextmanager
async def _all(venue: Venue, rig: Rig) -> AsyncIterator[None]:
    """Have a gate on each board of a line."""
    async with AsyncExitStack() as stack:
        for unit in rig.line.boards:
            device = a_device(f"gate-{unit}")
            await stack.enter_async_context(venue.running(rig.settings(unit=unit), device))
        yield


async def test_a_late_answer_is_not_taken_for_the_next() -> None:
    """Relays are read as coils, all on; inputs as discrete, all off: a mix-up would be seen."""
    venue = Venue()
    async with a_rig("rtu-tcp") as rig, venue.running(rig.settings(timeout_ms=60)):
        await venue.until_up()
        for number in rig.board.outputs:
            rig.board.outputs[number] = True
        for _ in range(8):
            rig.line.faults.late_s = 0.08
            await asyncio.sleep(0.1)
            rig.line.faults.late_s = 0.0
            await asyncio.sleep(0.1)
        rig.board.outputs.update(dict.fromkeys(rig.board.outputs, False))
    assert venue.line.counts["late"] > 0
    assert not venue.told(InputChanged)


async def test_noise_and_damaged_answers_are_counted_and_change_nothing() -> None:
    venue = Venue()
    async with a_rig("rtu-tcp") as rig, venue.running(rig.settings(timeout_ms=30)):
        await venue.until_up()
        rig.line.faults.noise, rig.line.faults.garbled = 0.5, 0.2
        await asyncio.sleep(1.5)
        rig.line.faults.noise = rig.line.faults.garbled = 0.0
        await venue.until_up()
        await rig.board.close_for(1, 0.2)
        await venue.until(lambda: len(venue.told(InputChanged)) == 2)
    assert venue.line.counts["rejected"] > 5
    assert not rig.board.switched


async def test_a_line_that_echoes_says_so_and_works_once_told(tmp_path: Path) -> None:
    venue, heard = Venue(), Venue()
    async with a_rig("rtu", folder=tmp_path) as rig:
        rig.line.faults.echo = True
        rig.board.faults.mute = True
        async with venue.running(rig.settings(timeout_ms=50)):
            await venue.until_down()
        rig.board.faults.mute = False
        async with heard.running(rig.settings(local_echo=True)):
            await heard.until_up()
            await heard.send(Pulse("release_entry", 100))
            assert rig.board.outputs[1]
    assert "local_echo = true" in venue.told(LinkChanged)[0].why


# --- commands that fail


async def test_a_pulse_that_failed_is_never_sent_again() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings(timeout_ms=100)):
        await venue.until_up()
        rig.board.faults.mute = True
        assert await venue.failure(Pulse("release_entry", 200)) == "no answer"
        rig.board.faults.mute = False
        await venue.until_up()
        await asyncio.sleep(0.5)
    assert not rig.board.switched


async def test_a_write_goes_out_once_whether_or_not_it_is_answered() -> None:
    """pymodbus, left to itself, sends it four times."""
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings(timeout_ms=60)):
        await venue.until_up()
        functions: list[int] = []
        answer = rig.board.answer

        def hear(function: int, data: bytes) -> Answer | None:
            functions.append(function)
            return answer(function, data)

        rig.board.answer = hear  # type: ignore[method-assign]  # it listens, too
        rig.board.faults.unheard = True
        await venue.failure(Pulse("release_entry", 200))
        await asyncio.sleep(0.3)
    assert functions.count(codec.WRITE_COIL) == 1


async def test_a_line_is_not_hung_up_because_its_only_board_is_silent() -> None:
    """pymodbus, left to itself, hangs up after four lost answers."""
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings(timeout_ms=30)):
        await venue.until_up()
        rig.board.faults.mute = True
        await venue.until_down()
        await venue.until(lambda: venue.line.counts["silent"] > 5)
        rig.board.faults.mute = False
        await venue.until_up()
    assert venue.line.counts["opened"] == 1


async def test_a_relay_that_is_to_close_is_tried_until_it_has() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings(timeout_ms=100)):
        await venue.until_up()
        await venue.send(Set("release_entry", on=True))
        rig.board.faults.mute = True
        await venue.failure(Set("release_entry", on=False, insist=True))
        assert rig.board.outputs[1]
        await venue.until_down()
        rig.board.faults.mute = False
        await venue.until(lambda: not rig.board.outputs[1])


async def test_what_was_to_close_stays_open_when_somebody_opens_it_meanwhile() -> None:
    venue = Venue()
    async with a_rig() as rig, venue.running(rig.settings(timeout_ms=100)):
        await venue.until_up()
        rig.board.faults.refuse = 6
        await venue.failure(Set("release_entry", on=False, insist=True))
        rig.board.faults.refuse = 0
        await venue.send(Set("release_entry", on=True))
        await asyncio.sleep(0.5)
        assert rig.board.outputs[1]


# --- boards that are not as they were left


async def test_a_board_that_started_anew_is_told_so_that_modes_are_set_again() -> None:
    venue, device = Venue(), a_device(release_entry=1, free_entry=3)
    async with a_rig() as rig, venue.running(rig.settings(), device):
        await venue.until_up()
        await venue.send(Set("free_entry", on=True))
        await asyncio.sleep(1)
        rig.board.reboot()
        await venue.until(lambda: len(venue.told(LinkChanged)) == 3)
    down, up = venue.told(LinkChanged)[1:]
    assert (down.up, up.up) == (False, True)
    assert "started anew" in down.why


async def test_a_relay_left_on_by_an_earlier_gateway_is_dropped() -> None:
    venue = Venue()
    async with a_rig() as rig:
        rig.board.outputs[1] = rig.board.outputs[5] = True
        async with venue.running(rig.settings()):
            await venue.until(lambda: not rig.board.outputs[1])
        assert rig.board.outputs[5]  # nobody's: not ours to touch


async def test_a_welded_relay_is_told_as_a_fault_and_its_end() -> None:
    venue, device = Venue(), a_device(kind="relay", relay=1)
    async with a_rig("tcp", "generic-8") as rig, venue.running(rig.settings(), device):
        await venue.until_up()
        await venue.send(Pulse("relay", 100))
        rig.board.faults.stuck.add(1)
        await venue.until(lambda: bool(venue.told(GateEvent)))
        rig.board.faults.stuck.clear()
        await venue.until(lambda: len(venue.told(GateEvent)) == 2)
    fault, cleared = venue.told(GateEvent)
    assert (fault.type, cleared.type) == ("fault", "cleared")
    assert fault.text.startswith("output 1 stays on")
    assert fault.device == GATE


async def test_a_relay_that_does_not_follow_is_told_as_a_fault() -> None:
    venue, device = Venue(), a_device(kind="relay", relay=1)
    async with a_rig() as rig, venue.running(rig.settings(), device):
        await venue.until_up()
        rig.board.faults.stuck.add(1)
        await venue.send(Pulse("relay", 500))
        await venue.until(lambda: bool(venue.told(GateEvent)))
    assert venue.told(GateEvent)[0].text == "output 1 does not follow"


async def test_nothing_is_switched_until_the_watchdog_is_armed() -> None:
    venue, device = Venue(), a_device(kind="relay", relay=1)
    fallback = 0x1123
    async with a_rig("tcp", "beckhoff-ek9000") as rig:
        rig.board.registers[fallback] = 1  # freezes its outputs
        rig.board.faults.fixed.add(fallback)
        async with venue.running(rig.settings(), device):
            await venue.until_down()
            assert "not armed: register 0x1123 holds 1" in await venue.failure(
                Set("relay", on=True)
            )
            rig.board.faults.fixed.clear()
            await venue.until_up()
            assert rig.board.registers[fallback] == 0


async def test_a_watchdog_is_kept_while_the_gateway_is_there_and_drops_the_relays_after() -> None:
    venue, device = Venue(), a_device(kind="relay", relay=1)
    async with a_rig("tcp", "beckhoff-ek9000") as rig:
        async with venue.running(rig.settings(), device):
            await venue.until_up()
            await venue.send(Set("relay", on=True))
            await asyncio.sleep(1.5)
            assert rig.board.outputs[1]
        await venue.until(lambda: not rig.board.outputs[1])


# --- cables, again and again


async def test_cable_cycles_leave_nothing_behind(tmp_path: Path) -> None:
    await _cycles(tmp_path, 4)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_thousand_cable_cycles_leave_nothing_behind(tmp_path: Path) -> None:
    await _cycles(tmp_path, 1000)


async def _cycles(folder: Path, number: int) -> None:
    venue = Venue()
    async with a_rig("rtu", folder=folder) as rig, venue.running(rig.settings()):
        await venue.until_up()
        tasks, files = len(asyncio.all_tasks()), _open_files()
        for _ in range(number):
            await rig.plug.unplug()
            await venue.until_down()
            await rig.plug.plug()
            await venue.until_up()
        assert len(asyncio.all_tasks()) <= tasks
        assert _open_files() <= files
        await venue.send(Pulse("release_entry", 100))
    assert len(venue.told(LinkChanged)) == 1 + 2 * number


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


# --- what stands on the line that should not


async def test_a_server_that_takes_one_caller_only_is_not_called_without_end() -> None:
    """Another program has it; it hangs up on us at once."""
    venue, calls = Venue(), 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        del reader
        writer.close()
        await writer.wait_closed()

    async with a_rig("rtu-tcp") as rig:
        assert isinstance(rig.plug, TcpSocket)
        await rig.plug.unplug()
        taken = await asyncio.start_server(hang_up, "127.0.0.1", rig.plug.port)
        async with venue.running(rig.settings()):
            await venue.until_down()
            await asyncio.sleep(1.2)
            assert calls <= 6
            taken.close()
            await taken.wait_closed()
            await rig.plug.plug()
            assert await venue.until_up() < 2
    assert "is lost" in venue.told(LinkChanged)[0].why


async def test_two_boards_with_one_address_are_not_understood_and_nobody_passes(
    tmp_path: Path,
) -> None:
    """Both answer at once: where their inputs differ the answer is damaged."""
    venue = Venue()
    async with (
        a_rig("rtu", folder=tmp_path, units=(1, 1)) as rig,
        venue.running(rig.settings(timeout_ms=50)),
    ):
        await venue.until_up()  # as long as they say the same nobody can tell
        rig.board.inputs[1] = rig.board.inputs[7] = True
        await venue.until_down()
    assert "no answer that fits" in venue.told(LinkChanged)[-1].why
    assert venue.line.counts["rejected"] > 0
    assert not venue.told(InputChanged)


async def test_the_second_answer_of_two_boards_with_one_address_is_late_and_never_taken(
    tmp_path: Path,
) -> None:
    """One is quicker: its answer is taken, and that of the other is not taken for the next.

    As long as it comes within the silence before the next: behind that nobody can tell.
    """
    venue = Venue()
    async with a_rig("rtu", folder=tmp_path, units=(1, 1)) as rig:
        rig.line.faults.apart_s = 0.002
        twin = rig.line.twins(1)[0]
        twin.inputs.update(dict.fromkeys(twin.inputs, True))
        async with venue.running(rig.settings(gap_ms=150)):
            await venue.until_up()
            for _ in range(3):
                await venue.send(Pulse("release_entry", 100))
                await asyncio.sleep(0.2)
            assert venue.up() is True
        pulses = [number for number, on, _ in rig.board.switched if on]
    assert pulses == [1] * 3
    assert venue.line.counts["late"] >= 5
    assert not venue.told(InputChanged)


async def test_what_a_second_master_asks_and_is_told_is_not_taken(tmp_path: Path) -> None:
    """It reads other registers, and pulses the other relay, of the same board."""
    venue = Venue()
    foreign = (codec.write_coil(1, 0x0201, 1), codec.read_bits(1, "coil", 0, 16))
    async with a_rig("rtu", folder=tmp_path) as rig:
        plug = rig.plug
        assert isinstance(plug, Terminal)

        async def master() -> None:
            for question in itertools.cycle(foreign):
                body = bytes((question.unit, question.function)) + question.data
                frame = body + FramerRTU.compute_CRC(body).to_bytes(2)
                plug.say(frame)  # the gateway hears it, too
                plug.line.taken(bytearray(frame), plug.say)
                await asyncio.sleep(0.013)

        async with venue.running(rig.settings(timeout_ms=100)), asyncio.TaskGroup() as group:
            await venue.until_up()
            other = group.create_task(master(), name="master")
            rig.board.faults.unheard = True  # what is heard now is for the other
            why = await venue.failure(Pulse("release_entry", 100))
            rig.board.faults.unheard = False
            await venue.until(lambda: venue.up() is True)
            await asyncio.sleep(0.5)
            other.cancel()
        heard = venue.line.counts
    assert why
    assert heard["late"] > 10
    assert not venue.told(InputChanged)


async def test_a_line_on_which_every_answer_is_damaged_is_told_from_one_that_is_silent(
    tmp_path: Path,
) -> None:
    """A line without termination, or with two: so much software can tell of it."""
    venue = Venue()
    async with a_rig("rtu", folder=tmp_path) as rig, venue.running(rig.settings(timeout_ms=50)):
        await venue.until_up()
        rig.line.faults.garbled = 1.0
        assert await venue.until_down() < 2
        rig.line.faults.garbled = 0.0
        assert await venue.until_up() < 2
        rig.board.faults.mute = True
        await venue.until_down()
    damaged, silent = [each.why for each in venue.told(LinkChanged) if not each.up]
    assert "no answer that fits what was asked" in damaged
    assert silent == "no answer"
    assert not rig.board.switched


async def test_the_line_is_silent_before_each_telegram(tmp_path: Path) -> None:
    """Boards find the beginning of a telegram by the silence before it; pymodbus keeps none."""
    venue, loop = Venue(), asyncio.get_running_loop()
    async with a_rig("rtu", folder=tmp_path) as rig:
        said_at, silences = 0.0, []
        taken = rig.line.taken

        def hear(buffer: bytearray, say: Callable[[bytes], None]) -> None:
            nonlocal said_at
            if said_at:
                silences.append(loop.time() - said_at)
            taken(buffer, say)
            said_at = loop.time()

        rig.line.taken = hear  # type: ignore[method-assign]  # it listens, too
        async with venue.running(rig.settings(gap_ms=20, poll_ms=10)):
            await venue.until_up()
            await venue.send(Pulse("release_entry", 100))
            await venue.until(lambda: len(silences) > 10)
    assert min(silences) >= 0.019


async def test_a_port_is_opened_by_one_program_only(tmp_path: Path) -> None:
    venue, other = Venue(), Venue()
    async with (
        a_rig("rtu", folder=tmp_path) as rig,
        venue.running(rig.settings()),
        other.running(rig.settings()),
    ):
        await venue.until_up()
        await other.until_down()
        await asyncio.sleep(0.5)
        assert other.up() is False
        assert venue.up() is True
