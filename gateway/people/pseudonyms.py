"""Pseudonyms: what stands for a ticket's code where the code is past its retention.

A pseudonym is a keyed hash (BLAKE2b, 128 bits): one and the same for a ticket, so that its visits
can still be told from another's, and nobody without the key can say whose. The key lies in a file
of its own, never in a database, a backup or a log. With the key destroyed what is pseudonymised is
anonymous.
"""

import base64
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32
_SIGN: Final = "~"


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """What pseudonyms are made with."""

    secret: bytes

    @property
    def fingerprint(self) -> str:
        """Names the key, and tells nothing of it."""
        return hashlib.sha256(b"fingerprint" + self.secret).hexdigest()[:16]

    def of(self, code: str) -> str:
        """Return the pseudonym of a code: ``~`` and 26 characters.

        >>> PseudonymKey(bytes(32)).of("A" * 26)
        '~4BXBWYFHEEL3ZBVCN4KMZ5IO7I'
        """
        return _written(hashlib.blake2b(code.encode(), key=self.secret, digest_size=16).digest())


def nameless() -> str:
    """Return a pseudonym that no key leads back from: of what is erased."""
    return _written(secrets.token_bytes(16))


def new_key() -> PseudonymKey:
    """Make a key."""
    return PseudonymKey(secrets.token_bytes(KEY_BYTES))


def read_key(file: Path) -> PseudonymKey | None:
    """Read the key of a file; ``None`` where there is none.

    Raises:
        ValueError: what is there is no key.
        OSError: it cannot be read.
    """
    try:
        secret = bytes.fromhex(file.read_text().strip())
    except FileNotFoundError:
        return None
    if len(secret) != KEY_BYTES:
        raise ValueError(f"{file} holds no key")
    return PseudonymKey(secret)


def write_key(file: Path, key: PseudonymKey) -> None:
    """Write a key where there is none, readable by its owner alone.

    Raises:
        OSError: it cannot be written, or is there already.
    """
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
        written.write(key.secret.hex() + "\n")
        written.flush()
        os.fsync(written.fileno())


def destroy_key(file: Path) -> bool:
    """Destroy the key of a file: overwritten, then removed. False: there is none."""
    with suppress(FileNotFoundError):
        with file.open("r+") as opened:
            opened.write("0" * (2 * KEY_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        file.unlink()
        return True
    return False


def _written(digest: bytes) -> str:
    return _SIGN + base64.b32encode(digest).decode().rstrip("=")
