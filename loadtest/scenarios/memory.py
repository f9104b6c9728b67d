"""How much memory a ticket takes in the store: 26-character code, 20-byte holder, stamped once.

The difference of the store's `used_memory`, before the tickets and after each has been stamped with
a nonce, less the stream of events, divided by their number. It includes the key, the index over
all keys and what the allocator rounds up. With the embedded Valkey, and with the redis-server of
this machine if there is one.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.exceptions import RedisError

from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.plan import Plan
from loadtest.site import SITE
from loadtest.stamping import stamp
from loadtest.stand import Stand, StandFailed, free_port, temporary_folder, temporary_stand

TARGETS = {"valkey": 280, "redis": 320}


async def run(plan: Plan) -> list[Figure]:
    """Measure in the embedded store, and in redis-server."""
    figures = [await _measure(plan, "embedded")]
    async with _redis_server(plan) as url:
        if url:
            figures.append(await _measure(plan, url))
        else:
            plan.say("  no redis-server on the path: left out")
    return figures


async def _measure(plan: Plan, redis: str) -> Figure:
    # What is not on disk takes no other memory: everysec only makes the filling faster.
    async with temporary_stand(
        durability="everysec", command=plan.command, parent=plan.folder, redis=redis
    ) as stand:
        information = await stand.store.info("server")
        kind = "valkey" if "valkey_version" in information else "redis"
        version = information.get("valkey_version", information["redis_version"])
        plan.say(f"memory: {kind} {version}")
        await stand.sell(0, 0)
        before = await _used(stand)
        await stand.sell(0, plan.tickets)
        sold = await _used(stand)
        await stamp(stand, 0, plan.tickets)
        await stand.wait_for_counted(plan.tickets)
        after = await _used(stand)
        encoding = await stand.store.object("encoding", f"{{{SITE}}}t:{code_of(0)}")
        wrong = await stand.verify()
    each = (after - before) / plan.tickets
    return Figure(
        "memory",
        f"memory per ticket, stamped once, {kind} {version}",
        each,
        "bytes",
        at_most(TARGETS[kind]),
        "",
        f"{plan.tickets:,} tickets, kept as {_text(encoding)}; "
        f"{(sold - before) / plan.tickets:.0f} bytes before the stamp",
        wrong,
    )


async def _used(stand: Stand) -> int:
    """Return the memory in use, without the stream of events, once it has settled."""
    last = -1
    while True:
        await asyncio.sleep(1)
        information = await stand.store.info("memory")
        stream = await stand.store.memory_usage(f"{{{SITE}}}events", samples=0) or 0
        used = int(information["used_memory"]) - int(stream)
        if abs(used - last) < 64 * 1024:
            return used
        last = used


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@contextlib.asynccontextmanager
async def _redis_server(plan: Plan) -> AsyncIterator[str]:
    """Start the machine's redis-server in a folder of its own; yield its URL, or nothing."""
    program = shutil.which("redis-server")
    if program is None:
        yield ""
        return
    async with temporary_folder(plan.folder) as folder:
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            *(program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction"),
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            url = f"redis://127.0.0.1:{port}"
            await _answers(url)
            yield url
        finally:
            process.terminate()
            await process.wait()


async def _answers(url: str) -> None:
    for _ in range(100):
        client = Redis.from_url(url)
        with contextlib.suppress(OSError, RedisError):
            await client.ping()
            await client.aclose()
            return
        await client.aclose()
        await asyncio.sleep(0.05)
    raise StandFailed("redis-server does not answer")
