"""The keys that codes are made and checked with, and the states they go through.

A key is created (every gate knows it, nothing is made with it yet), active (codes are made with
it), retiring until a date (what was made with it still holds), retired, or revoked at once. Several
of a kind may be known at a time; the one that was made active last makes codes.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES: Final = 32
HIGHEST_ID: Final = 0xFFFF
"""A key's id is two bytes of a signed code, 1 to 65,535, and is never given twice at a site."""


class Kind(StrEnum):
    """What a key is for."""

    MAC = "mac"
    """Signed codes that only the venue's own devices check (keyed BLAKE2b)."""
    ED25519 = "ed25519"
    """Signed codes that devices check which may be lost: they hold the public half only."""
    ROTATING = "rotating"
    """The secrets of tickets whose code changes, and the addresses of their pages."""


class State(StrEnum):
    """How far a key has come."""

    CREATED = "created"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"
    REVOKED = "revoked"


VALID: Final = frozenset({State.CREATED, State.ACTIVE, State.RETIRING})
"""The states in which codes made with a key hold."""


class CodeKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key. Instants are milliseconds since the epoch; ``None`` has not happened.

    ``secret`` are the 32 bytes of the key, of Ed25519 the private half; ``public`` is Ed25519's
    public half, else empty.
    """

    id: int
    kind: Kind
    secret: bytes
    public: bytes = b""
    created_at: int = 0
    active_at: int | None = None
    retires_at: int | None = None
    revoked_at: int | None = None
    label: str = ""

    def state(self, now: int) -> State:
        """Tell its state at an instant (ms)."""
        if self.revoked_at is not None:
            return State.REVOKED
        if self.retires_at is not None:
            return State.RETIRING if now < self.retires_at else State.RETIRED
        return State.CREATED if self.active_at is None else State.ACTIVE

    def holds(self, now: int) -> bool:
        """Tell whether what was made with it holds at an instant (ms)."""
        return self.revoked_at is None and (self.retires_at is None or now < self.retires_at)


def new_key(key_id: int, kind: Kind, secret: bytes, now: int, label: str = "") -> CodeKey:
    """Make a key that is created, of 32 random bytes."""
    public = b""
    if kind is Kind.ED25519:
        public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return CodeKey(key_id, kind, secret, public, now, label=label)


def maker(keys: Iterable[CodeKey], kind: Kind, now: int) -> CodeKey | None:
    """Return the key that codes of a kind are made with: the one that was made active last."""
    active = [key for key in keys if key.kind is kind and key.state(now) is State.ACTIVE]
    return max(active, key=lambda key: (key.active_at or 0, key.id), default=None)
