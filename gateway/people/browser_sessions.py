"""Log-ins of browsers: a random token in a cookie, known to every worker through the store.

A session speaks for a key and ends with it. It stores the key's digest, never its secret.
"""

from collections.abc import Callable

from gateway.people.identity import Identity, digest, new_secret
from gateway.people.keyring import Keyring
from gateway.people.shelf import Shelf

COOKIE = "composteur_session"
LIFETIME_S = 12 * 3600
TRUSTED_S = 1.0
TRUSTED_LIMIT = 10_000


class BrowserSessions:
    """The sessions of a site; a process trusts one for a second before it asks again."""

    def __init__(self, shelf: Shelf, keyring: Keyring, monotonic: Callable[[], float]) -> None:
        self._shelf = shelf
        self._keyring = keyring
        self._monotonic = monotonic
        self._trusted: dict[str, tuple[float, Identity | None]] = {}

    async def start(self, identity: Identity) -> str:
        """Open a session for 12 hours and return the cookie's value (`StoreUnavailable`)."""
        token = new_secret()
        await self._shelf.put(_name(token), identity.key.hash.encode(), ttl_ms=LIFETIME_S * 1000)
        return token

    async def resolve(self, token: str) -> Identity | None:
        """Find who logged in with this token; ``None`` when nobody did, or not any more.

        Raises:
            StoreUnavailable: the store could not be asked.
        """
        now = self._monotonic()
        until, identity = self._trusted.get(token, (0.0, None))
        if until > now:
            return identity
        key_digest = await self._shelf.get(_name(token))
        found = None if key_digest is None else await self._keyring.by_digest(key_digest.decode())
        identity = None if found is None else Identity(found.key, found.bucket, browser=True)
        if len(self._trusted) >= TRUSTED_LIMIT:
            self._trusted.clear()
        self._trusted[token] = (now + TRUSTED_S, identity)
        return identity

    async def end(self, token: str) -> None:
        """Close a session everywhere within a second (`StoreUnavailable`)."""
        self._trusted.pop(token, None)
        await self._shelf.drop(_name(token))


def _name(token: str) -> str:
    return f"session:{digest(token)}"
