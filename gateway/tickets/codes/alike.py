"""Codes with keyed BLAKE2b that make a claim which was proven before: written anew, and compared.

Tickets of a session make the same claim. What the code of a reference must look like is written
with tables and one hash, in a third of the time that it takes to read one; only proven claims are
known here, so that nobody can fill the memory with made-up ones.
"""

import hashlib
import hmac
import struct
from functools import cache
from typing import Final

from gateway.tickets.codes import base45
from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.signed import CONTEXT, MAC_BYTES, MAC_TAIL, PREFIX, Claim

_MARK_CHARACTERS: Final = 12
"""The first eight bytes of a claim, as base45: what it is looked up by."""
_BYTES: Final = 256
"""How many bytes there are. The last of a claim shares characters with the first of the proof."""
_rest = struct.Struct(">5HB").unpack_from
"""A proof without its first byte: five pairs and one byte."""


class Alike:
    """All codes that make one claim with one key.

    Args:
        key: which has proven it.
        claim: what it says; of its reference nothing is kept.
        head: its nine bytes, as they are in a code.
    """

    __slots__ = ("_begun", "_head", "_last", "_pairs", "_singles", "key", "mark", "starts", "until")

    def __init__(self, key: CodeKey, claim: Claim, head: bytes) -> None:
        self.key = key
        self.starts, self.until = claim.starts, claim.until
        self.mark = base45.encode(head[:-1])
        self._head = head
        self._begun = hashlib.blake2b(key=key.secret, digest_size=MAC_BYTES, person=CONTEXT)
        self._last = head[-1] << 8
        self._pairs, self._singles = _tables()

    def reference_of(self, text: str) -> str | None:
        """Return the reference of a code that makes this claim; ``None``: another, or forged."""
        reference = text[len(PREFIX) : -MAC_TAIL]
        digest = self._begun.copy()
        digest.update(reference.encode())
        digest.update(self._head)
        proof = digest.digest()
        pairs = self._pairs
        one, two, three, four, five, last = _rest(proof, 1)
        tail = (
            f"{self.mark}{pairs[self._last | proof[0]]}{pairs[one]}{pairs[two]}{pairs[three]}"
            f"{pairs[four]}{pairs[five]}{self._singles[last]}"
        )
        return reference if hmac.compare_digest(tail, text[-MAC_TAIL:]) else None


def mark_of(text: str) -> str:
    """Return what the claim of a code is looked up by."""
    return text[-MAC_TAIL : _MARK_CHARACTERS - MAC_TAIL]


@cache
def _tables() -> tuple[list[str], list[str]]:
    """Return the base45 of every two bytes, and of every one: 4 MB, 60 ms."""
    pairs = [base45.encode(each.to_bytes(2)) for each in range(_BYTES * _BYTES)]
    return pairs, [base45.encode(bytes((each,))) for each in range(_BYTES)]
