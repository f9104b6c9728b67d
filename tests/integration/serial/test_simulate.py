"""`composteur simulate scanner|serial-gate`: devices from the command line, and a venue."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.serial.venue import Venue, a_release

GATE = ("serial-gate", "--port", "line")


@asynccontextmanager
async def composteur(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway.cli", "simulate", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def test_a_scanner_is_shown_the_codes_of_a_file_on_a_line_of_9600_baud(
    port: Path, tmp_path: Path
) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("AAA\n\nBBB\n")
    venue = Venue(port, profile="gm65")
    async with (
        composteur(
            *("scanner", "--port", str(port), "--profile", "gm65", "--baud", "9600"),
            *("--codes", str(codes), "--rate", "2", "--seed", "20"),  # the first after 1.2 s
        ) as process,
        venue.running(),
    ):
        await venue.until(lambda: len(venue.codes) == 2, within_s=20)
        assert process.stdout is not None
        said = (await process.stdout.read()).decode()
        await venue.until_down()

    assert venue.codes == ["AAA", "BBB"]
    assert said.splitlines() == [f"{port} is there", "AAA", "BBB"]


async def test_a_gate_lets_somebody_pass_is_unplugged_and_comes_back(port: Path) -> None:
    venue = Venue(port, profile="digicon-tx1500")
    async with (
        composteur("serial-gate", "--port", str(port), "--walk", "0.1", "--fault", "unplugged=1.5"),
        venue.running(),
    ):
        await venue.until(lambda: venue.ups[-1:] == [True], within_s=20)
        await venue.sent(a_release())
        await venue.until(lambda: venue.passed)
        await venue.until_down()
        await venue.until_up()

    assert not port.is_symlink()  # noqa: ASYNC240


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*GATE, "--fault", "nope"), "'nope'; allowed: mute"),
        ((*GATE, "--fault", "unplugged=x"), "'unplugged=x'"),
        ((*GATE, "--profile", "gm65"), "no gate"),
        (("scanner", "--port", "line", "--profile", "digicon-tx1500"), "no scan engine"),
        (("scanner", "--port", "line", "--profile", "gm66"), "allowed: datalogic"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], said: str) -> None:
    async with composteur(*words) as process:
        assert process.stdout is not None
        told = (await process.stdout.read()).decode()
        assert await process.wait() == 2

    assert said in told
    assert "Traceback" not in told
