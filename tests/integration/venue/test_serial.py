"""A ticket shown to a scan engine opens a gate on another line, and its person is counted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from drivers.serial.profile import GateProfile, ScannerProfile, profiles
from drivers.serial.simulator import SimulatedScanner, SimulatedSerialGate
from gateway.venue.wires import wires
from tests.integration.venue.floor import Floor, a_floor, a_site, until


@pytest.fixture(scope="session", autouse=True)
def _profiles_read() -> None:
    """Read the profiles' files before a loop runs, as a gateway does at its start."""
    profiles()


def tables(folder: Path) -> str:
    return f"""
[[controller]]
id = "engine"
driver = "serial"
port = "{folder}/scanner"
profile = "gm65"
[[controller]]
id = "board"
driver = "serial"
port = "{folder}/gate"
profile = "digicon-tx1500"
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
open_s = 1.0
"""


@dataclass
class Lines:
    floor: Floor
    scanner: SimulatedScanner
    gate: SimulatedSerialGate


@pytest.fixture
async def lines(redis_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[Lines]:
    engine, board = profiles()["gm65"], profiles()["digicon-tx1500"]
    assert isinstance(engine, ScannerProfile)
    assert isinstance(board, GateProfile)
    scanner = SimulatedScanner(tmp_path / "scanner", engine, dice=Random(1))
    gate = SimulatedSerialGate(tmp_path / "gate", board, dice=Random(1))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(scanner.running())
        await stack.enter_async_context(gate.running())
        floor = await stack.enter_async_context(
            a_floor(a_site(tables(tmp_path)), wires(), redis_url, database_url)
        )
        await floor.up("post", "north")
        yield Lines(floor, scanner, gate)


async def test_a_code_on_one_line_is_a_release_on_the_other_and_a_person_in_the_books(
    lines: Lines,
) -> None:
    await lines.floor.sell("TICKET")

    lines.scanner.show("TICKET")
    await until(lambda: 1 in lines.gate.released)
    assert await lines.floor.inside() == (0, 1)
    assert lines.gate.walk(1)

    await until(lines.floor.attendance_is(1, 1))
    assert await lines.floor.made("TICKET") == 1


async def test_a_code_that_the_engine_goes_on_seeing_is_one_scan_and_one_release(
    lines: Lines,
) -> None:
    await lines.floor.sell("TICKET")
    for _ in range(5):
        lines.scanner.show("TICKET")
        await asyncio.sleep(0.05)
    lines.gate.walk(1)

    await until(lines.floor.attendance_is(1, 1))
    assert [each.do for each in lines.gate.obeyed].count("release") == 1
    assert len(await lines.floor.events()) == 2  # the scan and its passage


async def test_a_party_is_let_in_one_after_the_other(lines: Lines) -> None:
    await lines.floor.sell("PARTY", persons=3)

    lines.scanner.show("PARTY")
    for _ in range(3):
        await until(lambda: 1 in lines.gate.released)
        lines.gate.walk(1)
        await asyncio.sleep(0.06)

    await until(lines.floor.attendance_is(3, 1))


async def test_a_release_that_the_gate_does_not_acknowledge_gives_the_stamp_back(
    lines: Lines,
) -> None:
    await lines.floor.sell("TICKET")
    lines.gate.faults.mute = True

    lines.scanner.show("TICKET")
    await until(lambda: lines.floor.scanned)
    await until(lines.floor.made_is("TICKET", 0))

    await until(lambda: any(a["kind"] == "release_failed" for a in
                            lines.floor.operations.alarms.documents()))  # fmt: skip


async def test_a_gate_whose_cable_is_out_refuses_and_its_scanner_goes_on(lines: Lines) -> None:
    await lines.floor.sell("TICKET")
    panel = lines.floor.operations.panel
    await lines.gate.unplug()
    await until(lambda: panel.document("north")["link"] == "down")
    assert panel.document("post")["link"] == "up"

    lines.scanner.show("TICKET")
    await until(lines.floor.made_is("TICKET", 0))
    await lines.gate.plug()
    await lines.floor.up("north")
    await asyncio.sleep(0.2)
    assert not lines.gate.released  # nothing is replayed
    await asyncio.sleep(2.0)
    lines.scanner.show("TICKET")
    await until(lambda: 1 in lines.gate.released)
    lines.gate.walk(1)

    await until(lines.floor.attendance_is(1, 1))
