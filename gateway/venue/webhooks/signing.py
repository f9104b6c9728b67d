"""How calls are signed: by the Standard Webhooks specification, 1.0 (symmetric signatures, `v1`).

The signature is an HMAC-SHA256 over the call's id, its time and its body. A receiver that compares
it, and the time with its clock, knows that the call is from somebody who has the secret, whole, and
not one of last week. While a secret is replaced a call carries one signature for each.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

PREFIX: Final = "whsec_"
SHORTEST_BYTES: Final = 24
LONGEST_BYTES: Final = 64
_NEW_BYTES: Final = 32


class NoSecret(ValueError):
    """There is no secret to sign with."""


def new_secret() -> str:
    """Make a secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def read_secrets(path: Path) -> tuple[bytes, ...]:
    """Read a file of secrets, one a line; blocks.

    Raises:
        NoSecret: The file cannot be read, has none, or has a line that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "not UTF-8 text"
        raise NoSecret(f"secret_file {path.name}: {said.lower()}") from error
    if not lines:
        raise NoSecret(f"secret_file {path.name}: empty")
    return tuple(_secret(line, path.name, number) for number, line in enumerate(lines, 1))


def _secret(text: str, name: str, number: int) -> bytes:
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        found = b""
    if not text.startswith(PREFIX) or not SHORTEST_BYTES <= len(found) <= LONGEST_BYTES:
        raise NoSecret(
            f"secret_file {name}, line {number}: allowed: {PREFIX} and the base64 of "
            f"{SHORTEST_BYTES} to {LONGEST_BYTES} bytes (composteur webhook secret)"
        )
    return found


def signed(body: bytes, *, call: str, at_s: int, with_secrets: Iterable[bytes]) -> dict[str, str]:
    """Return the headers of a signed call.

    Args:
        body: What is sent.
        call: The call's id, without a full stop.
        at_s: When, in seconds since the epoch.
        with_secrets: Each makes one signature.
    """
    content = b"%b.%d.%b" % (call.encode(), at_s, body)
    signatures = (
        base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
        for secret in with_secrets
    )
    return {
        "webhook-id": call,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
