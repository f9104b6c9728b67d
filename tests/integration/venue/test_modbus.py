"""A ticket shown to a scan engine pulses a relay on a Modbus board, and its person is counted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from drivers.modbus.profile import load
from drivers.modbus.simulated_line import SimulatedLine, TcpSocket, plugged
from drivers.modbus.simulator import SimulatedBoard
from drivers.serial.profile import ScannerProfile, profiles
from drivers.serial.simulator import SimulatedScanner
from gateway.venue.wires import wires
from tests.integration.venue.floor import Floor, a_floor, a_site, until

BOARD = "waveshare-relay-8-d"


@pytest.fixture(scope="session", autouse=True)
def _profiles_read() -> None:
    """Read the profiles' files before a loop runs, as a gateway does at its start."""
    profiles()
    load(BOARD)


def tables(folder: Path, port: int) -> str:
    return f"""
[[controller]]
id = "engine"
driver = "serial"
port = "{folder}/scanner"
[[controller]]
id = "board"
driver = "modbus"
profile = "{BOARD}"
address = "rtu-tcp://127.0.0.1:{port}"
gap_ms = 2
[[equipment]]
id = "post"
kind = "reader"
space = "hall"
controller = "engine"
opens = "north"
[[equipment]]
id = "north"
kind = "turnstile"
space = "hall"
direction = "both"
controller = "board"
count_on = "passage"
channels = {{ release_entry = 1, release_exit = 2, passage_entry = 1, passage_exit = 2 }}
"""


@dataclass
class Entrance:
    floor: Floor
    scanner: SimulatedScanner
    plug: TcpSocket
    board: SimulatedBoard

    @property
    def pulses(self) -> int:
        return sum(on for number, on, _ in self.board.switched if number == 1)


@pytest.fixture
async def entrance(redis_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[Entrance]:
    engine = profiles()["scanner"]
    assert isinstance(engine, ScannerProfile)
    scanner = SimulatedScanner(tmp_path / "scanner", engine, dice=Random(1))
    board = SimulatedBoard(load(BOARD), 1)
    plug = TcpSocket(SimulatedLine([board], "rtu", Random(1)), "127.0.0.1", 0)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(scanner.running())
        await stack.enter_async_context(plugged(plug))
        site = a_site(tables(tmp_path, plug.port))
        floor = await stack.enter_async_context(a_floor(site, wires(), redis_url, database_url))
        await floor.up("post", "north")
        yield Entrance(floor, scanner, plug, board)


async def test_a_code_on_the_serial_line_is_a_pulse_and_a_person_in_the_books(
    entrance: Entrance,
) -> None:
    await entrance.floor.sell("TICKET")

    entrance.scanner.show("TICKET")
    await until(lambda: entrance.board.outputs[1])
    assert await entrance.floor.inside() == (0, 1)
    await entrance.board.close_for(1, 0.15)

    await until(entrance.floor.attendance_is(1, 1))
    await until(lambda: not entrance.board.outputs[1])
    assert entrance.pulses == 1


async def test_a_pulse_that_the_board_refuses_gives_the_stamp_back(entrance: Entrance) -> None:
    await entrance.floor.sell("TICKET")
    entrance.board.faults.refuse = 4

    entrance.scanner.show("TICKET")
    await until(lambda: entrance.floor.scanned)
    await until(entrance.floor.made_is("TICKET", 0))

    assert not entrance.pulses


async def test_a_board_whose_cable_is_out_opens_for_nobody_and_then_for_the_next(
    entrance: Entrance,
) -> None:
    await entrance.floor.sell("TICKET")
    panel = entrance.floor.operations.panel
    await entrance.plug.unplug()
    await until(lambda: panel.document("north")["link"] == "down")

    entrance.scanner.show("TICKET")
    await until(entrance.floor.made_is("TICKET", 0))
    await entrance.plug.plug()
    await entrance.floor.up("north")
    await asyncio.sleep(0.3)
    assert not entrance.pulses  # nothing is replayed
    await asyncio.sleep(1.7)
    entrance.scanner.show("TICKET")
    await until(lambda: entrance.pulses == 1)
    await entrance.board.close_for(1, 0.15)

    await until(entrance.floor.attendance_is(1, 1))
