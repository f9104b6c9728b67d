"""The long tasks of a process: named, kept going, stopped together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

PAUSE_S = 1.0

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
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _keep_going(name: str, work: Work) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("task_failed", task=name)
        await asyncio.sleep(PAUSE_S)
