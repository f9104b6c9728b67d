"""Refuse stores too old for us; a store that does not answer is no reason to stay closed.

A venue decides while its database is away, so a gateway starts while it is away.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.embedded.server import Say
from gateway.errors import StoreFailed

_PATIENCE_S: Final = 2.0
_OLDEST_REDIS: Final = (7, 0)
_OLDEST_POSTGRES: Final = (15, 0)


async def check(redis_url: str, postgres_url: str, say: Say) -> None:
    """Ask both stores for their version.

    Raises:
        StoreFailed: One is too old, or its address cannot be understood.
    """
    results = await asyncio.gather(
        _check("Redis", _OLDEST_REDIS, lambda: _redis_version(redis_url), say),
        _check("PostgreSQL", _OLDEST_POSTGRES, lambda: _postgres_version(postgres_url), say),
        return_exceptions=True,
    )
    for failure in filter(None, results):
        raise failure


async def _check(
    store: str, oldest: tuple[int, int], ask: Callable[[], Awaitable[tuple[int, int]]], say: Say
) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            version = await ask()
    except ValueError as error:
        raise StoreFailed(store, f"its address cannot be used: {error}") from error
    except (OSError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        say(f"{store} does not answer yet ({str(error) or type(error).__name__})")
        return
    if version < oldest:
        found, needed = (".".join(map(str, v)) for v in (version, oldest))
        raise StoreFailed(store, f"version {found} is too old; {needed} or newer is needed")


async def _redis_version(url: str) -> tuple[int, int]:
    client = redis.asyncio.Redis.from_url(url, retry=Retry(NoBackoff(), 0))
    async with client:
        told = await client.info("server")
    major, minor = str(told["redis_version"]).split(".")[:2]
    return int(major), int(minor)


async def _postgres_version(url: str) -> tuple[int, int]:
    connection = await asyncpg.connect(url)
    try:
        version = connection.get_server_version()
    finally:
        await connection.close()
    return version.major, version.minor
