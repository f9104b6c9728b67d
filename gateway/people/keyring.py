"""Resolve what a caller presents to an identity, at the cost of one dictionary look-up.

A key is looked up in the store once, and in the central database when the store lacks it. What was
found stays until the keys change: the store's version of the keys is asked every half second, so a
revoked key is out everywhere within a second. While the store is silent, known keys go on working:
an exit must open.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.people.identity import Identity, Key, digest
from gateway.people.limits import TokenBucket
from gateway.people.shelf import Shelf

READER_RATE = 100.0
READER_BURST = 200.0
FORGET_UNKNOWN_S = 1.0
STORE_PATIENCE_S = 0.05
"""After this the database is asked: the scan that waits has promised an answer within a second."""
KNOWN_LIMIT = 10_000


class KeyRows(Protocol):
    """The keys in the central database; every call raises `DatabaseUnavailable`."""

    async def keys(self) -> list[Key]:
        """Return all keys of the site that are not revoked, by name."""

    async def add_key(self, key: Key) -> bool:
        """Add a key; false when the name is taken."""

    async def remove_key(self, name: str) -> Key | None:
        """Revoke a key and return it, ``None`` when there is none of this name.

        Raises:
            LastAdminKey: it is the last admin's.
        """


class Keyring:
    """The keys that this process has met.

    Args:
        shelf: the store's copy of the keys.
        rows: the central database's; ``None`` when there is none.
        monotonic: seconds that only rise.
    """

    def __init__(self, shelf: Shelf, rows: KeyRows | None, monotonic: Callable[[], float]) -> None:
        self._shelf = shelf
        self._rows = rows
        self._monotonic = monotonic
        self._decoder = msgspec.json.Decoder(Key)
        self._buckets: dict[str, TokenBucket] = {}
        self._unknown: dict[str, float] = {}
        self._listed: tuple[float, list[Key]] = (-FORGET_UNKNOWN_S, [])
        self._version: bytes | None = None
        self.known: dict[str, Identity] = {}
        """Identities by the raw ``Authorization`` header: the hot path reads this directly."""

    async def resolve(self, header: str) -> Identity | None:
        """Find who presents ``Bearer KEY``; ``None`` when nobody known does.

        Raises:
            StoreUnavailable: neither the store nor the database could be asked.
        """
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            return None
        identity = await self.by_digest(digest(secret))
        if identity is not None:
            if len(self.known) >= KNOWN_LIMIT:
                self.known.clear()
            self.known[header] = identity
        return identity

    async def by_digest(self, key_digest: str) -> Identity | None:
        """Find the identity of a key by the digest of its secret (see `resolve`)."""
        now = self._monotonic()
        if self._unknown.get(key_digest, 0.0) > now:
            return None
        key = await self._look(key_digest)
        if key is None:
            if len(self._unknown) >= KNOWN_LIMIT:
                self._unknown.clear()
            self._unknown[key_digest] = now + FORGET_UNKNOWN_S
            return None
        return Identity(key, bucket=self._bucket(key))

    async def _look(self, key_digest: str) -> Key | None:
        silent: StoreUnavailable | None = None
        try:
            async with asyncio.timeout(STORE_PATIENCE_S):
                record = await self._shelf.key(key_digest)
        except StoreUnavailable as error:
            record, silent = None, error
        except TimeoutError:
            record, silent = None, StoreUnavailable()
        if record is not None:
            return self._decoder.decode(record)
        try:
            rows = await self._list()
        except DatabaseUnavailable as error:
            rows = None
            if silent is None and await self._shelf.keys_version() is None:
                raise StoreUnavailable from error  # the store is empty: it knows no key of anybody
        if rows is None and silent is not None:
            raise silent
        return next((row for row in rows or () if row.hash == key_digest), None)

    async def _list(self) -> list[Key] | None:
        """Return the database's keys, asked once a second at most whatever callers present."""
        if self._rows is None:
            return None
        listed_at, rows = self._listed
        now = self._monotonic()
        if now - listed_at >= FORGET_UNKNOWN_S:
            rows = await self._rows.keys()
            self._listed = (now, rows)
        return rows

    def _bucket(self, key: Key) -> TokenBucket | None:
        """Return the limit of a key that is bound to a reader; it outlives changes of the keys."""
        if key.reader is None:
            return None
        bucket = self._buckets.get(key.hash)
        if bucket is None:
            bucket = TokenBucket(READER_RATE, READER_BURST, self._monotonic())
            self._buckets[key.hash] = bucket
        return bucket

    def forget(self) -> None:
        """Look every key up again at its next use."""
        self.known.clear()
        self._unknown.clear()

    async def _renew(self) -> None:
        """Look all known keys up again, here rather than in the way of the next scan.

        Raises:
            StoreUnavailable: neither store could be asked; known keys go on working.
        """
        self._unknown.clear()
        for header, identity in list(self.known.items()):
            key = await self._look(identity.key.hash)
            if key is None:
                self.known.pop(header, None)
            elif key != identity.key:
                self.known[header] = Identity(key, bucket=self._bucket(key))

    async def watch(self, every_s: float = 0.5) -> None:
        """Look up what was found again whenever the keys change; runs until cancelled."""
        while True:
            try:
                version = await self._shelf.keys_version()
                if version != self._version:
                    await self._renew()
                    self._version = version
            except StoreUnavailable:
                pass  # known keys go on working
            await asyncio.sleep(every_s)
