"""The keys of codes, as the central database keeps them."""

from collections.abc import Callable, Sequence

import msgspec

from gateway.central.connection import Central
from gateway.tickets.codes.keys import CodeKey

type Change = Callable[[Sequence[CodeKey]], Sequence[CodeKey]]
"""From all keys of a site to those that are new or different."""


class CodeKeyTable:
    """The keys of one site; every call raises `DatabaseUnavailable`."""

    def __init__(self, central: Central, site: str) -> None:
        self._central = central
        self._site = site

    async def keys(self) -> list[CodeKey]:
        """Return all keys whatever their state, by id."""
        rows = await self._central.fetch("code_keys.list", self._site)
        return [msgspec.convert(dict(row), CodeKey) for row in rows]

    async def change(self, change: Change) -> list[CodeKey]:
        """Change keys, one who does it at a time; return all of them as they are then."""
        queries = self._central.queries
        async with self._central.acquire() as connection, connection.transaction():
            await connection.execute(queries["sites.register"], self._site)
            await connection.execute(queries["keys.lock"], self._site)
            rows = await connection.fetch(queries["code_keys.list"], self._site)
            keys = {row["id"]: msgspec.convert(dict(row), CodeKey) for row in rows}
            for key in change(list(keys.values())):
                keys[key.id] = key
                await connection.execute(
                    queries["code_keys.put"], self._site, key.id, str(key.kind), key.secret,
                    key.public, key.label, key.created_at, key.active_at, key.retires_at,
                    key.revoked_at,
                )  # fmt: skip
        return sorted(keys.values(), key=lambda key: key.id)
