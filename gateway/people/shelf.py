"""What this room keeps in the entitlement store: keys, sessions, answers already given.

All of it lies beside the tickets under the site's hash tag, so that every gateway and every worker
of a site knows a login, a revocation and an answered request at once.
"""

from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.errors import StoreUnavailable

VERSION = "version"


class Shelf(Protocol):
    """The few things `people` asks of a store; every call raises `StoreUnavailable`."""

    async def key(self, digest: str) -> bytes | None:
        """Return the key kept under this digest."""

    async def put_keys(self, keys: Mapping[str, bytes], drop: Iterable[str] = ()) -> None:
        """Keep and forget keys, and tell every process that they changed."""

    async def key_digests(self) -> set[str]:
        """Return the digests of all keys kept here."""

    async def keys_version(self) -> bytes | None:
        """Return a value that differs after each change of the keys."""

    async def get(self, name: str) -> bytes | None:
        """Return the value kept under a name, if it has not expired."""

    async def put(self, name: str, value: bytes, *, ttl_ms: int, only_new: bool = False) -> bool:
        """Keep a value for ``ttl_ms``; with ``only_new`` say no when there is one."""

    async def drop(self, name: str) -> None:
        """Forget a value."""


@asynccontextmanager
async def _speaking() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailable from error


class RedisShelf:
    """The shelf in a server that speaks the Redis protocol.

    The client answers bytes (``decode_responses=False``).
    """

    def __init__(self, client: Redis, site: str) -> None:
        self._client = client
        self._prefix = f"{{{site}}}"
        self._keys = f"{self._prefix}keys"

    async def key(self, digest: str) -> bytes | None:
        """Return the key kept under this digest."""
        async with _speaking():
            found: bytes | None = await _reply(self._client.hget(self._keys, digest))
        return found

    async def put_keys(self, keys: Mapping[str, bytes], drop: Iterable[str] = ()) -> None:
        """Keep and forget keys and raise the version, all in one transaction."""
        async with _speaking(), self._client.pipeline(transaction=True) as pipe:
            for key_digest, record in keys.items():
                pipe.execute_command("HSET", self._keys, key_digest, record)
            for key_digest in drop:
                pipe.execute_command("HDEL", self._keys, key_digest)
            pipe.execute_command("HINCRBY", self._keys, VERSION, 1)
            await pipe.execute()

    async def key_digests(self) -> set[str]:
        """Return the digests of all keys kept here."""
        async with _speaking():
            names = await _reply(self._client.hkeys(self._keys))
        return {name.decode() for name in names} - {VERSION}

    async def keys_version(self) -> bytes | None:
        """Return a value that differs after each change of the keys."""
        async with _speaking():
            found: bytes | None = await _reply(self._client.hget(self._keys, VERSION))
        return found

    async def get(self, name: str) -> bytes | None:
        """Return the value kept under a name, if it has not expired."""
        async with _speaking():
            found: bytes | None = await _reply(self._client.get(self._prefix + name))
        return found

    async def put(self, name: str, value: bytes, *, ttl_ms: int, only_new: bool = False) -> bool:
        """Keep a value for ``ttl_ms``; with ``only_new`` say no when there is one."""
        async with _speaking():
            return bool(
                await _reply(self._client.set(self._prefix + name, value, px=ttl_ms, nx=only_new))
            )

    async def drop(self, name: str) -> None:
        """Forget a value."""
        async with _speaking():
            await _reply(self._client.delete(self._prefix + name))


async def _reply(call: Any) -> Any:
    """Await a command; redis-py types one method for its two clients."""
    return await cast("Awaitable[Any]", call)
