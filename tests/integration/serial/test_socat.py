"""socat as the cable: a pty pair that we did not make, killed as unplug and started as replug."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.integration.serial.venue import Venue, a_release


class Cable:
    """Two ends, under the same names whenever it is there."""

    def __init__(self, socat: str, folder: Path) -> None:
        self.ours, self.far = folder / "line", folder / "far"
        self._program = socat
        self._process: asyncio.subprocess.Process | None = None
        self._end = -1

    async def plug(self) -> None:
        ends = [f"pty,raw,echo=0,link={path}" for path in (self.far, self.ours)]
        self._process = await asyncio.create_subprocess_exec(self._program, *ends)
        async with asyncio.timeout(5):
            while not (self.far.exists() and self.ours.exists()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        self._end = os.open(self.far, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def unplug(self) -> None:
        if self._process is not None:
            os.close(self._end)
            self._process.kill()
            await self._process.wait()
            self._process = None

    def say(self, data: bytes) -> None:
        os.write(self._end, data)

    async def hear(self) -> bytes:
        async with asyncio.timeout(5):
            while True:
                try:
                    return os.read(self._end, 100)
                except BlockingIOError:
                    await asyncio.sleep(0.005)


@asynccontextmanager
async def cable(socat: str, folder: Path) -> AsyncIterator[Cable]:
    made = Cable(socat, folder)
    await made.plug()
    try:
        yield made
    finally:
        await made.unplug()


async def test_codes_come_over_it_before_and_after_it_was_pulled(
    socat: str, tmp_path: Path
) -> None:
    async with cable(socat, tmp_path) as line:
        venue = Venue(line.ours, framing="crlf")
        async with venue.running():
            for turn in range(3):
                assert await venue.until_up() < 2
                line.say(f"TICKET-{turn}\r".encode())
                line.say(b"\n")
                await venue.until(lambda: len(venue.codes) > turn)  # noqa: B023
                line.say(b"HALF")
                await line.unplug()
                assert await venue.until_down() < 2
                await line.plug()
            await venue.until_up()

    assert venue.codes == ["TICKET-0", "TICKET-1", "TICKET-2"]
    assert venue.ups == [True, *[False, True] * 3]


async def test_a_gate_at_its_far_end_hears_the_bytes_that_its_manual_prints(
    socat: str, tmp_path: Path
) -> None:
    async with cable(socat, tmp_path) as line:
        venue = Venue(line.ours, profile="digicon-tx1500")
        async with venue.running():
            await venue.until_up()
            sent = venue.sent(a_release())
            assert await line.hear() == bytes.fromhex("02 02 00 48 48")
            line.say(bytes.fromhex("02 02 00 06 06"))
            await sent
            line.say(bytes.fromhex("02 02 00 1A 1A"))
            await venue.until(lambda: venue.passed)
            late = venue.sent(a_release("e2"))
            await line.unplug()
            assert str(await asyncio.gather(late, return_exceptions=True))
            await venue.until_down()
            await line.plug()
            await venue.until_up()
            await asyncio.sleep(0.5)
            again = venue.sent(a_release("e3", "exit"))
            assert await line.hear() == bytes.fromhex("02 02 00 41 41")  # e2 was not sent again
            line.say(bytes.fromhex("02 02 00 06 06"))
            await again

    assert venue.passed == ["entry"]
