"""Signed codes: a reference, its validity and the id of the key that vouches for them.

``C1:``, the reference as it is, base45 of a claim of 9 bytes, and the proof: 9 bytes of keyed
BLAKE2b as hexadecimal digits (at most 61 characters in all), or 64 of Ed25519 in one base45 with
the claim (139). The key says which, never the code. 26 characters of base32 in a QR code are no
longer than their 17 bytes in base45, and people can read them. Claim and signature are an odd
number of bytes, so that the text ends with a digit: readers cut a blank off.

72 bits prove enough where only gateways check: whoever tries 15,000 a second at their gates needs
ten billion years. As digits, not in base45, they are compared as BLAKE2b writes them: in Python
base45 takes longer than the hash.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final, NamedTuple, assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.tickets.codes import base45
from gateway.tickets.codes.keys import CodeKey, Kind
from gateway.tickets.codes.reference import is_ours

PREFIX: Final = "C1:"
CONTEXT: Final = b"composteur-code1"
"""What the proof is over besides the code: a key used elsewhere, too, proves nothing here."""
CLAIM_BYTES: Final = 9
MAC_BYTES: Final = 9
SIGNATURE_BYTES: Final = 64
PROOF_BYTES: Final = {Kind.MAC: MAC_BYTES, Kind.ED25519: SIGNATURE_BYTES}
EPOCH_S: Final = 1_735_689_600
"""2025-01-01T00:00:00Z, from where the minutes of a validity are counted; they last until 2056."""
OPEN_END: Final = 0xFFFFFF

_MINUTE_S: Final = 60
_SHORTEST: Final = 13
_LONGEST: Final = 26
CLAIM_TAIL: Final = 14
"""Characters of a claim that stands for itself."""
MAC_TAIL: Final = CLAIM_TAIL + 2 * MAC_BYTES
_SIGNATURE_TAIL: Final = 110
"""Characters of claim and signature."""
_TAILS: Final = {
    len(PREFIX) + reference + tail: tail
    for reference in range(_SHORTEST, _LONGEST + 1)
    for tail in (MAC_TAIL, _SIGNATURE_TAIL)
}
"""What a text of a length ends with: the two kinds never have the same."""
_is_mac: Final = re.compile(rf"[0-9A-F]{{{2 * MAC_BYTES}}}").fullmatch


class Claim(NamedTuple):
    """What a signed code says. ``starts`` and ``until`` are seconds since the epoch; ``None`` open.

    Kept in whole minutes: ``starts`` cut, ``until`` the end of its minute.
    """

    reference: str
    starts: int | None = None
    until: int | None = None


class Parts(NamedTuple):
    """A signed code taken apart, nothing of it believed."""

    key: int
    claim: Claim
    vouched: bytes
    """What the proof is over."""
    proof: bytes


def parse(text: str) -> Parts | None:
    """Take a code apart; ``None`` for what `sign` would not have written."""
    tail = _TAILS.get(len(text))
    if tail is None or not text.startswith(PREFIX):
        return None
    reference = text[len(PREFIX) : -tail]
    data = _mac_data(text[-tail:]) if tail == MAC_TAIL else base45.decode(text[-tail:])
    if data is None or not is_ours(reference):
        return None
    head = int.from_bytes(data[:CLAIM_BYTES])
    starts, until = head >> 24 & OPEN_END, head & OPEN_END
    if head >> 64 or starts > until:
        return None
    claim = Claim(
        reference,
        EPOCH_S + starts * _MINUTE_S if starts else None,
        EPOCH_S + until * _MINUTE_S + _MINUTE_S - 1 if until != OPEN_END else None,
    )
    vouched = reference.encode() + data[:CLAIM_BYTES]
    return Parts(head >> 48, claim, vouched, data[CLAIM_BYTES:])


def _mac_data(tail: str) -> bytes | None:
    """Return claim and MAC; ``None`` for what `sign` would not have written."""
    claim, proof = base45.decode(tail[:CLAIM_TAIL]), tail[CLAIM_TAIL:]
    if claim is None or not _is_mac(proof):
        return None
    return claim + bytes.fromhex(proof)


def sign(key: CodeKey, claim: Claim) -> str:
    """Write a signed code.

    Raises:
        ValueError: the reference is not one of ours, the validity lies outside 2025 to 2056, or the
            key signs nothing.
    """
    if not is_ours(claim.reference):
        raise ValueError("only a reference of 13 to 26 characters of A-Z and 2-7 can be signed")
    starts = 0 if claim.starts is None else (claim.starts - EPOCH_S) // _MINUTE_S
    until = OPEN_END if claim.until is None else (claim.until - EPOCH_S) // _MINUTE_S
    if not 0 <= starts <= until <= OPEN_END:
        raise ValueError("the validity must lie between 2025 and 2056 and end after it begins")
    head = (key.id << 48 | starts << 24 | until).to_bytes(CLAIM_BYTES)
    vouched = claim.reference.encode() + head
    proof = _proof(key, vouched)
    if key.kind is Kind.MAC:
        return PREFIX + claim.reference + base45.encode(head) + proof.hex().upper()
    return PREFIX + claim.reference + base45.encode(head + proof)


def _proof(key: CodeKey, vouched: bytes) -> bytes:
    match key.kind:
        case Kind.MAC:
            return _Mac(key).of(vouched)
        case Kind.ED25519:
            return Ed25519PrivateKey.from_private_bytes(key.secret).sign(CONTEXT + vouched)
        case Kind.ROTATING:
            raise ValueError("a rotating key signs nothing")
        case _:
            assert_never(key.kind)


type Check = Callable[[bytes, bytes], bool]
"""Tells whether a proof vouches for bytes; never raises, and takes the same time for any."""


def checker(key: CodeKey) -> Check:
    """Return what checks proofs by a key."""
    return _Mac(key).check if key.kind is Kind.MAC else _Signature(key).check


class _Mac:
    """Keyed BLAKE2b; the key is taken in once."""

    def __init__(self, key: CodeKey) -> None:
        self._begun = hashlib.blake2b(key=key.secret, digest_size=MAC_BYTES, person=CONTEXT)

    def of(self, vouched: bytes) -> bytes:
        digest = self._begun.copy()
        digest.update(vouched)
        return digest.digest()

    def check(self, vouched: bytes, proof: bytes) -> bool:
        return hmac.compare_digest(self.of(vouched), proof)


class _Signature:
    """Ed25519."""

    def __init__(self, key: CodeKey) -> None:
        self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def check(self, vouched: bytes, proof: bytes) -> bool:
        try:
            self._public.verify(proof, CONTEXT + vouched)
        except InvalidSignature:
            return False
        return True
