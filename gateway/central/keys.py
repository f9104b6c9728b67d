"""The keys of API callers, as the central database keeps them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import asyncpg

from gateway.central.connection import Central
from gateway.central.values import value_error
from gateway.errors import LastAdminKey

_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class KeyLike(Protocol):
    """A key: who it is, what it may do, and the hash of its secret."""

    @property
    def name(self) -> str:
        """The key's name, one of its kind at a site."""

    @property
    def role(self) -> str:
        """What it may do."""

    @property
    def hash(self) -> str:
        """The sha256 of its secret, in hexadecimal."""

    @property
    def reader(self) -> str | None:
        """The reader it is bound to."""

    @property
    def may(self) -> Sequence[str]:
        """Single rights beyond the role."""

    @property
    def created_at(self) -> int:
        """When it was made, in milliseconds."""


class KeyTable[K: KeyLike]:
    """The keys of one site.

    Args:
        central: The central database.
        site: The site's id.
        make: Makes a key from a mapping with its fields; this room knows no key of its own.
    """

    def __init__(self, central: Central, site: str, make: Callable[[dict[str, Any]], K]) -> None:
        self._central = central
        self._site = site
        self._make = make

    async def keys(self) -> list[K]:
        """Return all keys that are not revoked, by name."""
        rows = await self._central.fetch("keys.list", self._site)
        return [self._make(dict(row)) for row in rows]

    async def add_key(self, key: K) -> bool:
        """Add a key; false when the name is taken.

        Raises:
            DatabaseValueError: The database does not take a value.
        """
        try:
            added = await self._central.fetchval(
                "keys.add",
                self._site,
                key.name,
                key.hash,
                key.role,
                key.reader,
                list(key.may),
                key.created_at,
            )
        except _REFUSED as error:
            raise value_error(error) from error
        return added is not None

    async def remove_key(self, name: str) -> K | None:
        """Revoke a key and return it; ``None`` when there is none of this name.

        Raises:
            LastAdminKey: It is the last admin's.
        """
        queries = self._central.queries
        async with self._central.acquire() as connection, connection.transaction():
            await connection.execute(queries["sites.register"], self._site)
            await connection.execute(queries["keys.lock"], self._site)
            row = await connection.fetchrow(queries["keys.find"], self._site, name)
            if row is None:
                return None
            if row["role"] == "admin" and not await connection.fetchval(
                queries["keys.others"], self._site, name
            ):
                raise LastAdminKey
            await connection.execute(queries["keys.revoke"], self._site, name)
            return self._make(dict(row))
