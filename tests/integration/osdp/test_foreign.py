"""libosdp's peripheral device in a process of its own, on the command line; socat as the cable."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from drivers.commands import Buzzer, Light, Pulse, Text
from drivers.osdp.simulator import SimulatedReader
from tests.integration.osdp.conftest import KEY
from tests.integration.osdp.venue import DOOR, Venue, in_the_clear, running, secured
from tests.integration.serial.test_socat import Cable


@asynccontextmanager
async def composteur(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway.cli", "simulate", "osdp", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def told(process: asyncio.subprocess.Process) -> list[str]:
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    return (await process.stdout.read()).decode().splitlines()


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "secure"])
async def test_it_reads_codes_and_shows_what_it_is_told(
    port: Path, key_file: Path, tmp_path: Path, secure: bool
) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("TICKET-1\n" * 100)
    venue = Venue(secured(port, KEY, 3) if secure else in_the_clear(port, 3), channels=DOOR)
    words = ["--port", str(port), "--address", "3", "--codes", str(codes), "--rate", "5"]
    if secure:
        words += ["--key-file", str(key_file)]
    async with composteur(*words, "--for", "30") as process, running(venue):
        await venue.until_up(20)
        await venue.sent(Light("granted", "green"))
        await venue.sent(Buzzer("granted", ((80, 0),)))
        await venue.sent(Text(("Bienvenue",), 2_000))
        await venue.sent(Pulse("lock", 500))
        await venue.until(lambda: set(venue.codes) == {"TICKET-1"}, 10)
        said = await told(process)

    assert said[0] == f"{port} is there"
    assert [line for line in said if line != "3 reads TICKET-1"][1:] == [
        "3 led green 10/0",
        "3 buzzer 1 times 1/0",
        "3 text 1: Bienvenue",
        "3 text 2: ",
        "3 output 0 on for 500 ms",
    ]


@pytest.mark.soak
async def test_it_is_unplugged_and_starts_anew_and_comes_back(port: Path) -> None:
    venue = Venue(in_the_clear(port))
    faults = ("--fault", "unplugged=1.5", "--fault", "rebooted=3.5")
    async with composteur("--port", str(port), "--nobody", *faults), running(venue):
        await venue.until_up(20)
        begun = len(venue.ups) - 1
        await venue.until(lambda: len(venue.ups) >= begun + 5, 15)

    assert venue.ups[begun : begun + 5] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "line", "--fault", "nope"), "'nope'; allowed: mute"),
        (("--port", "line", "--key-file", "{key}"), "no key: allowed are 32 hexadecimal digits"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    no_key = tmp_path / "nokey"
    no_key.write_text("what")
    async with composteur(*(word.format(key=no_key) for word in words)) as process:
        assert process.stdout is not None
        output = (await process.stdout.read()).decode()
        assert await process.wait() == 2

    assert said in output
    assert "Traceback" not in output


async def test_a_cable_of_others_is_pulled_and_put_back_under_another_device_node(
    socat: str, tmp_path: Path
) -> None:
    """The reader's process holds the far end, as a device does that was not pulled itself."""
    cable = Cable(socat, tmp_path)
    venue = Venue(secured(cable.ours, KEY))
    device = _OnACable(cable)
    await cable.plug()
    async with device.running(), running(venue):
        await venue.until_up()
        device.reader.show("BEFORE")
        await venue.until(lambda: venue.codes == ["BEFORE"])
        await cable.unplug()
        assert await venue.until_down() < 2
        await cable.plug()
        assert await venue.until_up() < 3
        device.reader.show("AFTER")
        await venue.until(lambda: venue.codes == ["BEFORE", "AFTER"])

    await cable.unplug()
    assert venue.ups == [True, False, True]


class _OnACable:
    """A reader at the far end of a cable that we did not make."""

    def __init__(self, cable: Cable) -> None:
        self.reader = SimulatedReader(key=KEY, secure=True)
        self._cable = cable

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._answer(), name="reader")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            heard = b""
            with suppress(OSError):
                heard = os.read(self._cable._end, 4096)
            for said in self.reader.turn(heard, loop.time()):
                with suppress(OSError):
                    os.write(self._cable._end, said)
            await asyncio.sleep(0.002)
