"""Keys and codes as tests need them."""

import hashlib

import msgspec

from gateway.tickets.codes.decoder import Decoder
from gateway.tickets.codes.keys import CodeKey, Kind, new_key

NOW = 1_800_000_000_000
"""2027-01-15 08:00 UTC; the first millisecond of a step."""
DAY_MS = 86_400_000
REFERENCE = "KRSXG5CTNVZA2"
LONGEST = "KRSXG5CTNVZA2KRSXG5CTNVZA2"


def a_key(kind: Kind = Kind.MAC, number: int = 1, **fields: int) -> CodeKey:
    """Return a key that is active."""
    secret = hashlib.sha256(f"{kind} {number}".encode()).digest()
    key = new_key(number, kind, secret, NOW - DAY_MS)
    return msgspec.structs.replace(key, **{"active_at": NOW - DAY_MS} | fields)


MAC = a_key(Kind.MAC, 1)
ED25519 = a_key(Kind.ED25519, 2)
ROTATING = a_key(Kind.ROTATING, 3)
KEYS = (MAC, ED25519, ROTATING)


def a_decoder(*keys: CodeKey) -> Decoder:
    """Return a decoder with these keys, else with one of each kind."""
    return Decoder(keys or KEYS)
