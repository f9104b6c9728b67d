"""Make, list and revoke keys: the central database first, then the store's copy.

A key is shown once, when it is made. The mirror in the store is put right whenever it may have
missed something: at start, and after the store or the database was away.
"""

from collections.abc import Callable, Iterable

import msgspec

from gateway.people.identity import Key, digest, new_secret
from gateway.people.keyring import KeyRows
from gateway.people.roles import MAY, Role
from gateway.people.shelf import Shelf


class NameTaken(Exception):
    """There is a key of this name already."""


class KeyDesk:
    """Where keys are made and revoked; calls raise `DatabaseUnavailable`, `StoreUnavailable`."""

    def __init__(self, rows: KeyRows, shelf: Shelf, clock: Callable[[], int]) -> None:
        self._rows = rows
        self._shelf = shelf
        self._clock = clock

    async def list(self) -> list[Key]:
        """Return the keys that are not revoked, by name."""
        return sorted(await self._rows.keys(), key=lambda key: key.name)

    async def create(
        self, name: str, role: Role, reader: str | None = None, may: Iterable[str] = ()
    ) -> tuple[Key, str]:
        """Make a key; return it and its secret, which nobody can ask for again.

        Raises:
            NameTaken: there is a key of this name.
            ValueError: an unknown single right.
        """
        rights = tuple(sorted(set(may)))
        if not MAY.issuperset(rights):
            raise ValueError(f"may: one of {', '.join(sorted(MAY))}")
        secret = new_secret()
        key = Key(name, role, digest(secret), reader, rights, self._clock())
        if not await self._rows.add_key(key):
            raise NameTaken(name)
        await self._shelf.put_keys({key.hash: msgspec.json.encode(key)})
        return key, secret

    async def revoke(self, name: str) -> bool:
        """Revoke a key everywhere within a second; false when there is none of this name.

        Raises:
            LastAdminKey: nobody could make keys any more.
        """
        key = await self._rows.remove_key(name)
        if key is None:
            return False
        await self._shelf.put_keys({}, drop=[key.hash])
        return True

    async def mirror(self) -> None:
        """Make the store's copy equal to the database's keys."""
        wanted = {key.hash: msgspec.json.encode(key) for key in await self._rows.keys()}
        kept = await self._shelf.key_digests()
        missing = {key_hash: record for key_hash, record in wanted.items() if key_hash not in kept}
        if missing or kept - wanted.keys():
            await self._shelf.put_keys(missing, drop=kept - wanted.keys())
