"""Further HTTP processes beside the first: started, watched, started again, taken down with it.

A worker gets what it must know as one line on its standard input, which stays open: its end tells
the worker that the first process is gone, however it went. It says `ready` once it answers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from gateway.process import stop

STARTS_WITHIN_S = 20.0
STOPS_WITHIN_S = 4.0
SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
STABLE_S = 10.0

log = structlog.get_logger()


class Worker:
    """One process, kept running."""

    def __init__(self, number: int, command: Sequence[str], orders: bytes) -> None:
        self.number = number
        self._command = command
        self._orders = orders
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            OSError: it ended, or stayed silent.
        """
        process = self.process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the first process, which stops us in order
        )
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101  # asked for
        process.stdin.write(self._orders + b"\n")
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                await process.stdin.drain()
                word = await process.stdout.readline()
        except TimeoutError:
            word = b""
        if word.strip() != b"ready":
            await self.stop()
            raise OSError(f"worker {self.number} did not start")

    async def keep(self) -> None:
        """Start the process again whenever it ends."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while self.process is not None:
            since = loop.time()
            code = await self.process.wait()
            pause = 0.0 if loop.time() - since > STABLE_S else pause
            log.warning("worker_ended", worker=self.number, status=code)
            while True:
                await asyncio.sleep(pause)
                pause = min(max(2 * pause, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
                try:
                    await self.start()
                    break
                except OSError as failure:
                    log.warning("worker_failed", worker=self.number, error=str(failure))
            log.info("worker_back", worker=self.number, pid=self.process.pid)

    async def stop(self) -> None:
        """Have the process finish its work, or end it."""
        if self.process is not None and self.process.returncode is None:
            await stop(self.process, within_s=STOPS_WITHIN_S)


@asynccontextmanager
async def workers(
    count: int, command: Callable[[int], Sequence[str]], orders: bytes
) -> AsyncIterator[list[Worker]]:
    """Run so many further processes until the end of the block.

    Args:
        count: How many.
        command: The program and arguments of the worker of a number.
        orders: What each is told: one line.
    """
    crew = [Worker(number, command(number), orders) for number in range(2, count + 2)]
    keepers: list[asyncio.Task[None]] = []
    try:
        await asyncio.gather(*(worker.start() for worker in crew))
        for worker in crew:
            task = asyncio.create_task(worker.keep(), name=f"worker-{worker.number}")
            keepers.append(task)
        yield crew
    finally:
        for keeper in keepers:
            keeper.cancel()
        if keepers:
            await asyncio.wait(keepers)
        await asyncio.gather(*(worker.stop() for worker in crew))
