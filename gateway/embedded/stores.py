"""Open stores and broker, the venue's own or private ones, behind one set of addresses."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.embedded import folders, home, mosquitto, valkey
from gateway.embedded import postgres as postgresql
from gateway.embedded.background import in_thread
from gateway.embedded.journal import cut_slowly
from gateway.embedded.locks import take_lock
from gateway.embedded.server import Say, Server
from gateway.embedded.valkey import Durability
from gateway.embedded.versions import check

EMBEDDED: Final = "embedded"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the stores answer.

    Attributes:
        redis: For redis-py's `from_url`, such as `unix:///run/composteur/5b1f/valkey.sock`.
        postgres: For asyncpg, psycopg and psql.
        mqtt: The broker's, `mqtt://…`; None where there is none.
    """

    redis: str
    postgres: str
    mqtt: str | None = None


def _silent(_: str) -> None:
    """Say nothing."""


@asynccontextmanager
async def open_stores(
    *,
    redis: str,
    postgres: str,
    state_dir: Path,
    durability: Durability,
    mqtt: str | None = None,
    say: Say = _silent,
) -> AsyncIterator[Addresses]:
    """Make stores and broker available until the end of the block.

    Embedded ones are started, started again when they die, and stopped in order; their data is
    kept. Call this from the main thread (see `Server`).

    Args:
        redis: `embedded`, or the address of the venue's own Redis >= 7.0 or Valkey.
        postgres: `embedded`, or the address of the venue's own PostgreSQL >= 15.
        state_dir: The folder that the embedded stores' data belongs to.
        durability: Whether the embedded Valkey keeps every acknowledged write through a crash
            (`always`), or may lose the last second or two (`everysec`).
        mqtt: `embedded`: the machine's own mosquitto, started for us, none if it is not installed;
            or the address of the venue's broker; None: none.
        say: Is told in a sentence what the operator should know.

    Raises:
        AlreadyRunning: Another process has opened the embedded stores of this folder.
        StoreFailed: An embedded store does not start, or one of the venue's is too old.
    """
    async with AsyncExitStack() as stack:
        servers = []
        if EMBEDDED in {redis, postgres, mqtt}:
            places = await in_thread(lambda: home.settle(state_dir, say))
            lock = await in_thread(lambda: take_lock(places.home, state_dir))
            stack.callback(os.close, lock)
            stack.push_async_callback(
                in_thread, lambda: shutil.rmtree(places.sockets, ignore_errors=True)
            )
            await in_thread(lambda: folders.socket_folder(places.sockets, places.account))
            if redis == EMBEDDED:
                program = await in_thread(lambda: valkey.prepare(places, durability))
                servers.append(Server(program, say))
                redis = valkey.address(places)
                leftovers = places.home / "leftovers"
                await in_thread(lambda: folders.data_folder(leftovers, places.account))
                await stack.enter_async_context(cut_slowly(valkey.journal(places), leftovers))
            if postgres == EMBEDDED:
                program = await in_thread(lambda: postgresql.prepare(places))
                servers.append(Server(program, say))
                postgres = await in_thread(lambda: postgresql.address(places))
            if mqtt == EMBEDDED:
                mqtt = None
                if broker := await in_thread(lambda: mosquitto.prepare(places)):
                    program, mqtt = broker
                    servers.append(Server(program, say))
                else:
                    say(mosquitto.INSTALL)
        await stack.enter_async_context(_running(servers))
        await check(redis, postgres, say)
        yield Addresses(redis, postgres, mqtt)


@asynccontextmanager
async def _running(servers: Sequence[Server]) -> AsyncIterator[None]:
    """Start the servers side by side; stop them one after the other, the last named first."""
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.stop)
        try:
            async with asyncio.TaskGroup() as starting:
                for server in servers:
                    starting.create_task(server.start(), name=f"start-{server.program.name}")
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        yield
