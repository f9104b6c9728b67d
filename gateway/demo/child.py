"""The demonstration's gateway: `composteur serve` as anybody would start it, in its own process."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.errors import ComposteurError
from gateway.process import stop

STOPS_WITHIN_S = 15.0
READY = "ready "


class GatewayEnded(ComposteurError):
    """The demonstration's gateway ended."""


class Child:
    """A gateway in a process of its own."""

    def __init__(
        self, process: asyncio.subprocess.Process, log: Path, say: Callable[[str], None]
    ) -> None:
        self._process = process
        self._log = log
        self._say = say
        self.url = ""

    async def until_ready(self) -> None:
        """Wait until it answers, and note its address."""
        assert self._process.stdout is not None  # noqa: S101  # it was asked for
        async for line in self._process.stdout:
            word = line.decode().rstrip()
            if word.startswith(READY):
                self.url = word.removeprefix(READY)
                return
        raise GatewayEnded(f"The gateway did not start (status {await self._process.wait()}).")

    async def relay(self) -> None:
        """Pass on what it says to its operator; keep what it logs."""
        assert self._process.stderr is not None  # noqa: S101  # it was asked for
        with self._log.open("wb") as kept:  # a line now and then
            async for line in self._process.stderr:
                if line.startswith(b"{"):
                    kept.write(line)
                    kept.flush()
                else:
                    self._say(line.decode(errors="replace").rstrip())

    async def until_ended(self) -> None:
        """Wait for an end that nobody asked for."""
        status = await self._process.wait()
        raise GatewayEnded(f"The gateway ended by itself (status {status}).")

    async def stop(self) -> None:
        """Have it stop in order."""
        await stop(self._process, within_s=STOPS_WITHIN_S)


@asynccontextmanager
async def gateway(site_file: Path, say: Callable[[str], None]) -> AsyncIterator[Child]:
    """Run the gateway of a site file until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "serve", "--attached", "--site", str(site_file)),
        stdin=asyncio.subprocess.PIPE,  # its end tells the gateway that we are gone
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, who stop it in order
    )
    child = Child(process, site_file.with_name("gateway.log"), say)
    relay = asyncio.create_task(child.relay(), name="demo-relay")
    try:
        await child.until_ready()
        yield child
    finally:
        await child.stop()
        await relay


async def run_command(*arguments: str) -> tuple[int, str]:
    """Run another `composteur` command; return its status and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:  # cancelled: Ctrl-C did not reach it
            await stop(process, within_s=STOPS_WITHIN_S)
    return process.returncode or 0, output.decode(errors="replace").strip()
