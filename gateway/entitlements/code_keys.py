"""The store's copy of the keys of codes (`{site}code_keys`): gates check without a database.

A field for each key, by id, and one that counts the changes: whoever has seen the same count has
the same keys.
"""

from collections.abc import Iterable

import msgspec
from redis.exceptions import RedisError

from gateway.entitlements.admin import StoreAdmin
from gateway.errors import StoreUnavailable
from gateway.tickets.codes.keys import CodeKey

VERSION = "version"


class CodeKeyShelf:
    """The copy in one site's store; every call raises `StoreUnavailable`."""

    def __init__(self, admin: StoreAdmin) -> None:
        self._admin = admin
        self._key = admin.key("code_keys")
        self._decoder = msgspec.json.Decoder(CodeKey)

    async def version(self) -> bytes | None:
        """Return what differs after each change; ``None``: the store has no keys, or lost them."""
        try:
            found: bytes | None = await self._admin.client.hget(self._key, VERSION)
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        return found

    async def read(self) -> tuple[bytes | None, list[CodeKey]]:
        """Return the version, and all keys by id."""
        try:
            found = await self._admin.client.hgetall(self._key)
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        version = found.pop(VERSION.encode(), None)
        keys = [self._decoder.decode(text) for text in found.values()]
        return version, sorted(keys, key=lambda key: key.id)

    async def write(self, keys: Iterable[CodeKey]) -> None:
        """Make the copy equal to these keys; where it is so already nobody has to look again."""
        wanted = {key.id: key for key in keys}
        version, kept = await self.read()
        if version is not None and kept == [wanted[name] for name in sorted(wanted)]:
            return
        try:
            async with self._admin.client.pipeline(transaction=True) as pipe:
                for key in kept:
                    if key.id not in wanted:
                        pipe.hdel(self._key, str(key.id))
                for name, key in wanted.items():
                    pipe.hset(self._key, str(name), msgspec.json.encode(key))
                pipe.hincrby(self._key, VERSION, 1)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
