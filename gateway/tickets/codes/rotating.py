"""Rotating codes: a reference with a figure that changes every 45 seconds (RFC 6238).

``C2:``, the reference, a dot and eight digits: TOTP with SHA-1, which is what wallets have. The
secret of a ticket is made of a key of the site and the reference, so that nothing is kept for each
ticket. The figure of the step before and of the step after hold as well: a device whose clock is up
to 45 s off works. That each is used once, the entitlement store sees to.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.reference import is_ours

PREFIX: Final = "C2:"
STEP_S: Final = 45
DIGITS: Final = 8
SECRET_BYTES: Final = 20
AROUND: Final = (0, -1, 1)
"""The steps that hold, the present one first."""
LOOK_BACK: Final = 32
"""Steps back (24 min) in which an old code is recognised, to tell the steward when it was shown."""

_PAGE_BYTES: Final = 10
_PAGE_LENGTH: Final = 16
_parts = re.compile(r"C2:([A-Z2-7]{13,26}+)\.([0-9]{8})", re.ASCII).fullmatch


def secret_of(key: CodeKey, reference: str) -> bytes:
    """Return the TOTP secret of a ticket."""
    return hashlib.blake2b(
        reference.encode(), key=key.secret, digest_size=SECRET_BYTES, person=b"composteur-totp1"
    ).digest()


def value_at(secret: bytes, step: int) -> str:
    """Return the figure of a step (RFC 4226, 5.3).

    >>> value_at(b"12345678901234567890", 1)
    '94287082'
    """
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(now: int) -> int:
    """Return the step of an instant (ms)."""
    return now // (STEP_S * 1000)


def code_at(key: CodeKey, reference: str, now: int) -> str:
    """Write the code of a ticket at an instant (ms).

    Raises:
        ValueError: the reference is not one of ours.
    """
    if not is_ours(reference):
        raise ValueError("only a reference of 13 to 26 characters of A-Z and 2-7 can rotate")
    return f"{PREFIX}{reference}.{value_at(secret_of(key, reference), step_at(now))}"


def parse(text: str) -> tuple[str, str] | None:
    """Take a rotating code apart: reference and figure; ``None`` for what is none."""
    found = _parts(text)
    return None if found is None else (found[1], found[2])


def find_step(secret: bytes, value: str, now: int) -> int | None:
    """Return the step of a figure among those that hold at an instant (ms)."""
    present = step_at(now)
    return _first(secret, value, (present + off for off in AROUND))


def find_old_step(secret: bytes, value: str, now: int) -> int | None:
    """Return the step of a figure that held not long ago: whoever shows it has a picture of it."""
    present = step_at(now)
    return _first(secret, value, (present - back for back in range(2, LOOK_BACK)))


def _first(secret: bytes, value: str, steps: Iterable[int]) -> int | None:
    for step in steps:
        if step >= 0 and hmac.compare_digest(value_at(secret, step), value):
            return step
    return None


# --- the visitor's page


def token_of(key: CodeKey, reference: str) -> str:
    """Return what the address of a visitor's page ends with: the reference, and a proof of it."""
    return f"{reference}-{_page_proof(key, reference)}"


def reference_of(keys: Iterable[CodeKey], token: str) -> tuple[CodeKey, str] | None:
    """Return key and reference of an address; ``None`` for one that we did not give."""
    reference, _, proof = token.partition("-")
    if not is_ours(reference) or len(proof) != _PAGE_LENGTH or not proof.isascii():
        return None
    for key in keys:
        if hmac.compare_digest(_page_proof(key, reference), proof):
            return key, reference
    return None


def _page_proof(key: CodeKey, reference: str) -> str:
    proof = hashlib.blake2b(
        reference.encode(), key=key.secret, digest_size=_PAGE_BYTES, person=b"composteur-page1"
    ).digest()
    return base64.b32encode(proof).decode()
