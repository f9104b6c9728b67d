"""Blocking work, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


async def in_thread[Result](work: Callable[[], Result]) -> Result:
    """Do blocking work in a thread that ends with it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="embedded")
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
    finally:
        pool.shutdown(wait=False)
