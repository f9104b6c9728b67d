"""Codes with keyed BLAKE2b that make a claim which was proven before: only their MAC is read.

Tickets of a session make the same claim. Only proven claims are known here, so that nobody can
fill the memory with made-up ones.
"""

import hashlib
from hmac import compare_digest
from math import inf
from typing import Final

from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.reading import Reading
from gateway.tickets.codes.signed import CLAIM_TAIL, CONTEXT, MAC_BYTES, MAC_TAIL, PREFIX, Claim

_HEAD: Final = slice(len(PREFIX))
_REFERENCE: Final = slice(len(PREFIX), -MAC_TAIL)
_MAC: Final = slice(CLAIM_TAIL - MAC_TAIL, None)
CLAIM: Final = slice(-MAC_TAIL, CLAIM_TAIL - MAC_TAIL)
"""Where a code has its claim, by which `Alike` is looked up."""


class Alike:
    """All codes that make one claim with one key.

    Args:
        key: which has proven it, and is not revoked.
        claim: what it says; of its reference nothing is kept.
        head: its bytes.
    """

    __slots__ = ("_begun", "_head", "_retires_at", "_starts", "_until")

    def __init__(self, key: CodeKey, claim: Claim, head: bytes) -> None:
        self._retires_at = inf if key.retires_at is None else key.retires_at
        self._starts, self._until = claim.starts, claim.until
        self._head = head
        self._begun = hashlib.blake2b(key=key.secret, digest_size=MAC_BYTES, person=CONTEXT)

    def read(self, text: str, now: int) -> Reading | None:
        """Read what has this claim, at an instant (ms); never raises.

        ``None``: it is no signed code, it is forged, or its key has ended.
        """
        if text[_HEAD] != PREFIX or not text.isascii():
            return None
        reference = text[_REFERENCE]
        digest = self._begun.copy()
        digest.update(reference.encode() + self._head)
        if not compare_digest(digest.hexdigest().upper(), text[_MAC]) or now >= self._retires_at:
            return None
        return Reading(reference, "", None, True, self._starts, self._until)
