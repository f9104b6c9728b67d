"""The long tasks of a process: named, kept going, stopped together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import structlog

PAUSE_S = 1.0
AGAIN_S = 0.5
"""After which a task that goes on is cancelled again."""

log = structlog.get_logger()

type Work = Callable[[], Awaitable[object]]


@asynccontextmanager
async def kept_going(**works: Work) -> AsyncIterator[None]:
    """Run works side by side until the end of the block.

    Each deals with the absences it expects; one that fails all the same is told and begun again,
    because a gateway without its streamer still lets visitors in.
    """
    tasks = [
        asyncio.create_task(_keep_going(name, work), name=name) for name, work in works.items()
    ]
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended.

    Once is not always enough: asyncpg asks the database to cancel a statement, and where that
    request ends the ROLLBACK after it, its error takes the place of our cancellation.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)


async def _keep_going(name: str, work: Work) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("task_failed", task=name)
        await asyncio.sleep(PAUSE_S)
