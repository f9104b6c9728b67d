"""Who is calling: the key behind a request, and what it may do."""

import hashlib
import secrets
from dataclasses import dataclass, field

import msgspec

from gateway.people.limits import TokenBucket
from gateway.people.roles import Role


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=False, omit_defaults=True):
    """A key as the stores keep it: the SHA-256 of the secret stands for it, never the secret.

    ``reader`` binds the key to one reader. ``may`` are single rights beyond the role.
    ``created_at`` is in milliseconds since the epoch.
    """

    name: str
    role: Role
    hash: str
    reader: str | None = None
    may: tuple[str, ...] = ()
    created_at: int = 0


@dataclass(slots=True)
class Identity:
    """The caller of one request.

    ``operator`` is the name written into events: a key bound to a reader is that reader, and the
    event names it already (``""``). ``browser`` is true when a session's cookie spoke for the key.
    """

    key: Key
    bucket: TokenBucket | None = None
    browser: bool = False
    rank: int = field(init=False)
    name: str = field(init=False)
    reader: str | None = field(init=False)
    operator: str = field(init=False)

    def __post_init__(self) -> None:
        self.rank = self.key.role.rank
        self.name = self.key.name
        self.reader = self.key.reader
        self.operator = "" if self.key.reader else self.key.name

    def may(self, right: str) -> bool:
        """Tell whether the key carries this single right, or is an operator's at least."""
        return self.rank >= Role.OPERATOR.rank or right in self.key.may


def new_secret() -> str:
    """Make a random secret of 256 bits, as the 43 characters a caller sends."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Hash a secret for keeping: SHA-256, 64 hexadecimal digits.

    A secret is 256 random bits, so that a slow password hash would add nothing.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
