"""Let visitors through while something else happens, from a process of its own."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator

import orjson

from loadtest.codes import TAG
from loadtest.generator import Outcome
from loadtest.site import READER
from loadtest.stand import Stand
from loadtest.storm import BEGUN as BEGUN_TEXT

BEGUN = BEGUN_TEXT.encode()
START_S = 20.0


class Visitors:
    """A storm in another process, until `leave`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.outcome: Outcome | None = None

    async def leave(self) -> Outcome:
        """Stop the storm and return what it found."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return await self.wait()

    async def wait(self) -> Outcome:
        """Wait for the end of the storm and return what it found."""
        output, _ = await self._process.communicate()
        lines = output.splitlines()
        if not lines or not lines[-1].startswith(b"{"):
            raise RuntimeError(f"no result: {output[-1_000:].decode('utf-8', 'replace')}")
        self.outcome = Outcome.from_json(orjson.loads(lines[-1]))
        return self.outcome


@contextlib.asynccontextmanager
async def visitors(
    stand: Stand,
    *,
    rate: float,
    first: int,
    lasts_s: float = 3_600,
    seed: int = 1,
    tag: str = TAG,
    url: str = "",
    expect: tuple[str, ...] = ("granted",),
) -> AsyncIterator[Visitors]:
    """Start a storm at the stand, or at another URL; the first visitor has come when it yields."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.storm", "--json"),
        *(f"--url={url or stand.url}", f"--reader={READER}", f"--rate={rate}", f"--for={lasts_s}"),
        *(f"--tag={tag}", f"--first={first}", f"--seed={seed}"),
        *(f"--expect={outcome}" for outcome in expect),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COMPOSTEUR_KEY": stand.key},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_S):
            if process.stdout is None or (await process.stdout.readline()).strip() != BEGUN:
                output, _ = await process.communicate()
                raise RuntimeError(f"no visitors: {output[-1_000:].decode('utf-8', 'replace')}")
        yield Visitors(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
