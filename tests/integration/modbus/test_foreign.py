"""Against parties we did not write: mbpoll asks our simulator, libmodbus is a relay board."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.commands import Pulse, Set
from drivers.modbus.settings import ModbusSettings
from drivers.signals import GateEvent, InputChanged
from tests.integration.modbus.venue import Kind, Rig, Venue, a_device, a_rig

SOURCE = Path(__file__).with_name("relay_board.c")
needs_mbpoll = pytest.mark.skipif(
    shutil.which("mbpoll") is None, reason="mbpoll is not installed: apt-get install mbpoll"
)
needs_socat = pytest.mark.skipif(
    shutil.which("socat") is None, reason="socat is not installed: apt-get install socat"
)


# --- mbpoll


async def mbpoll(rig: Rig, *words: str) -> list[str]:
    """Have mbpoll ask our board once; return the lines it shows values in."""
    if rig.kind == "tcp":
        where: tuple[str, ...] = ("-m", "tcp", "-p", rig.settings().address.rpartition(":")[2])
        end = "127.0.0.1"
    else:
        where = ("-m", "rtu", "-b", "115200", "-P", "none")
        end = rig.settings().address
    process = await asyncio.create_subprocess_exec(
        *("mbpoll", *where, "-a", "1", "-0", "-1", "-o", "2", "-q", *words[0].split(), end),
        *words[1:],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    return [line for line in said.decode().splitlines() if line.startswith("[")]


@needs_mbpoll
@pytest.mark.parametrize("kind", ["tcp", "rtu"])
async def test_mbpoll_reads_and_writes_what_our_simulator_serves(
    kind: Kind, tmp_path: Path
) -> None:
    async with a_rig(kind, folder=tmp_path) as rig:
        rig.board.set_input(3, value=True)

        inputs = await mbpoll(rig, "-t 1 -r 0 -c 8")
        await mbpoll(rig, "-t 0 -r 4", "1")
        coils = await mbpoll(rig, "-t 0 -r 0 -c 8")

    assert [line.split()[-1] for line in inputs] == list("00100000")
    assert [line.split()[-1] for line in coils] == list("00001000")
    assert [(number, on) for number, on, _ in rig.board.switched] == [(5, True)]


@needs_mbpoll
async def test_mbpoll_is_refused_what_the_board_does_not_have() -> None:
    async with a_rig("tcp") as rig:
        with pytest.raises(AssertionError, match="Illegal data address"):
            await mbpoll(rig, "-t 4 -r 9000 -c 1")


# --- libmodbus


@pytest.fixture(scope="session")
def relay_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile a relay board that speaks through libmodbus."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    made = tmp_path_factory.mktemp("libmodbus") / "relay_board"
    done = subprocess.run(  # a compiler and our own source
        [compiler, "-I/usr/include/modbus", "-o", str(made), str(SOURCE), "-lmodbus"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "modbus.h" in done.stderr or "-lmodbus" in done.stderr:
        pytest.skip("libmodbus is not installed: apt-get install libmodbus-dev")
    assert done.returncode == 0, done.stderr
    return made


@asynccontextmanager
async def a_process(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(5):
        return (await process.stdout.readline()).decode().strip()


async def obeys(board: asyncio.subprocess.Process, settings: ModbusSettings) -> None:
    """Have a board of 8 coils do all a venue asks; coil 7 is wired to input 7."""
    venue = Venue()
    device = a_device(release_entry=0, free_entry=7, passage_entry=7)
    async with venue.running(settings, device):
        await venue.until_up()
        await venue.send(Pulse("release_entry", 100))
        assert await said(board) == "coil 0 on"
        assert await said(board) == "coil 0 off"
        await venue.send(Set("free_entry", on=True))
        assert await said(board) == "coil 7 on"
        await venue.until(lambda: len(venue.told(InputChanged)) == 1)
        await asyncio.sleep(1.2)  # relays are read back meanwhile
    assert not venue.told(GateEvent)
    assert not venue.line.counts["late"] + venue.line.counts["rejected"]


async def test_a_libmodbus_server_is_a_relay_board(relay_board: Path) -> None:
    async with a_process(str(relay_board), "tcp") as board:
        address = f"tcp://127.0.0.1:{await said(board)}"
        await obeys(board, ModbusSettings(profile="generic-8", address=address))


@needs_socat
async def test_a_libmodbus_board_at_the_other_end_of_a_serial_cable(
    relay_board: Path, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ends = [f"pty,rawer,link={end}" for end in (ours, theirs)]
    async with a_process("socat", *ends):
        async with asyncio.timeout(5):
            while not (ours.is_symlink() and theirs.is_symlink()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        async with a_process(str(relay_board), str(theirs)) as board:
            assert await said(board) == "ready"
            settings = ModbusSettings(profile="generic-8", address=str(ours), baud=115200)
            await obeys(board, settings)


async def test_a_libmodbus_board_that_is_killed_is_shown_down(relay_board: Path) -> None:
    venue = Venue()
    async with a_process(str(relay_board), "tcp") as board:
        address = f"tcp://127.0.0.1:{await said(board)}"
        settings = ModbusSettings(profile="generic-8", address=address)
        async with venue.running(settings, a_device(release_entry=0)):
            await venue.until_up()
            board.kill()
            assert await venue.until_down() < 2
