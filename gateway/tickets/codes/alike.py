"""Codes with keyed BLAKE2b that make a claim which was proven before: only their MAC is read.

Tickets of a session make the same claim. Only proven claims are known here, so that nobody can
fill the memory with made-up ones.
"""

import hashlib
import hmac
from typing import Final

from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.reading import Reading
from gateway.tickets.codes.signed import CLAIM_TAIL, CONTEXT, MAC_BYTES, MAC_TAIL, PREFIX, Claim

_REFERENCE: Final = slice(len(PREFIX), -MAC_TAIL)
_MAC: Final = slice(CLAIM_TAIL - MAC_TAIL, None)
CLAIM: Final = slice(-MAC_TAIL, CLAIM_TAIL - MAC_TAIL)
"""Where a code has its claim, by which `Alike` is looked up."""


class Alike:
    """All codes that make one claim with one key.

    Args:
        key: which has proven it.
        claim: what it says; of its reference nothing is kept.
        head: its bytes.
    """

    __slots__ = ("_begun", "_head", "_key", "_starts", "_until")

    def __init__(self, key: CodeKey, claim: Claim, head: bytes) -> None:
        self._key = key
        self._starts, self._until = claim.starts, claim.until
        self._head = head
        self._begun = hashlib.blake2b(key=key.secret, digest_size=MAC_BYTES, person=CONTEXT)

    def read(self, text: str, now: int) -> Reading | None:
        """Read a code of ASCII with this claim; ``None``: forged, or its key has ended."""
        reference = text[_REFERENCE]
        digest = self._begun.copy()
        digest.update(reference.encode() + self._head)
        if not hmac.compare_digest(digest.hexdigest().upper(), text[_MAC]):
            return None
        if not self._key.holds(now):
            return None
        return Reading(reference, "", None, True, self._starts, self._until)
