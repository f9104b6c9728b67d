"""`composteur simulate modbus` and `composteur devices`: boards on the command line, and asked."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from drivers.commands import Pulse
from drivers.modbus.profile import PROFILES, names, read
from drivers.modbus.settings import ModbusSettings
from drivers.signals import InputChanged
from gateway.cli import commands
from tests.integration.modbus.venue import Venue, a_rig


@asynccontextmanager
async def composteur(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def test_a_simulated_board_lets_people_pass_is_unplugged_and_comes_back(
    tmp_path: Path,
) -> None:
    port, venue = tmp_path / "relays", Venue()
    settings = ModbusSettings(profile="waveshare-relay-8-d", address=str(port), baud=115200)
    async with (
        composteur(
            *("simulate", "modbus", "--port", str(port)),
            *("--walk", "0.1", "--fault", "unplugged=2", "--baud", "115200"),
        ),
        venue.running(settings),
    ):
        await venue.until_up(within_s=20)
        await venue.send(Pulse("release_entry", 100))
        await venue.until(lambda: len(venue.told(InputChanged)) >= 1)
        await venue.until_down()
        await venue.until_up()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--fault", "melted"), "'melted'; allowed: mute, unheard, refused"),
        (("--fault", "late=soon"), "'late=soon'; allowed:"),
        (("--listen", "here"), "'here'; HOST:PORT"),
        (("--profile", "none-such"), "no such profile"),
    ],
)
async def test_what_a_simulated_board_cannot_be_is_told(
    words: tuple[str, str], problem: str
) -> None:
    async with composteur("simulate", "modbus", *words) as process:
        _, told = await process.communicate()
    assert problem in told.decode()
    assert process.returncode == 2


async def test_a_board_is_asked_all_it_has_and_nothing_is_switched() -> None:
    async with a_rig("tcp", "adam-6060") as rig:
        rig.board.outputs[2] = True
        rig.board.counters[0] = 70_000
        address = rig.settings().address
        async with composteur("devices", "probe", address, "--profile", "adam-6060") as process:
            told, problems = await process.communicate()
        async with composteur("devices", "probe", address, "--profile", "waveshare-relay-8") as two:
            _, refused = await two.communicate()
    assert process.returncode == 0, problems
    assert "relay 2: on" in told.decode()
    assert "counter 0: 70000" in told.decode()
    assert two.returncode == 1
    assert "illegal address (2)" in refused.decode()
    assert not rig.board.switched


def test_the_list_names_every_board() -> None:
    told = CliRunner().invoke(commands, ["devices", "list"]).output
    assert [line.split(":")[0] for line in told.splitlines() if line[0] != " "] == list(names())


def test_lint_takes_our_profiles_and_tells_the_line_of_what_is_wrong(tmp_path: Path) -> None:
    ours = [str(path) for path in PROFILES.glob("*.toml")]
    assert CliRunner().invoke(commands, ["devices", "lint", *ours]).exit_code == 0

    wrong = tmp_path / "wrong.toml"
    wrong.write_text(
        'name = "X"\nlinks = ["tcp"]\nsources = ["me"]\n[outputs]\ncount = "8"\nat = 0\n'
    )
    found = CliRunner().invoke(commands, ["devices", "lint", str(wrong)])
    assert found.exit_code == 1
    assert "wrong.toml:5" in found.output
    assert "count" in found.output


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "/dev/serial/by-id/none"])
def test_a_board_that_is_not_there_is_told(address: str) -> None:
    found = CliRunner().invoke(commands, ["devices", "probe", address])
    assert found.exit_code == 1
    assert "cannot be opened" in found.output


def test_the_profile_on_the_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "modbus.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (block,) = (each for each in blocks if "sources" in each)
    path = tmp_path / "our-board.toml"
    path.write_text(block)
    assert read(path).name == "Our relay board"
