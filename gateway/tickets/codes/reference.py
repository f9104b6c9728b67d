"""The canonical reference of what a reader read or a person typed.

One ticket has one reference, whoever writes it: the seller's row, the QR code, the clerk reading
it out over the telephone. This module knows no ticket and no signature; signed and rotating codes
are taken apart beside it and *name* a reference.
"""

import re
import unicodedata
from typing import Final

MAX_CODE_BYTES: Final = 512
"""A code is 1 … 512 bytes of UTF-8 as sent; the caller refuses others before it asks here."""

_PSEUDONYM: Final = 27

GROUP_SEPARATOR: Final = "\x1d"
"""GS, the one control character allowed: GS1 codes separate their fields with it."""

WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What is cut off at both ends: Unicode's White_Space and the byte order mark.

Spelled out because ``str.strip()`` also takes GS and its neighbours away.
"""

is_ours: Final = re.compile(r"[A-Z2-7]{13,26}+").fullmatch
"""Matches a reference of ours, 13 to 26 characters of base32, as it is kept and printed."""

_may_be_ours = re.compile(r"[A-Za-z0-8 -]{13,}+").fullmatch
_AS_TYPED = str.maketrans({" ": None, "-": None, "0": "O", "1": "I", "8": "B"})


def canonical(text: str) -> str | None:
    r"""Return the canonical reference of a code, or ``None`` for a malformed one.

    A code of ours is 13 to 26 characters of base32 (RFC 4648), however people type it. All other
    codes stay as they are, in NFC and without outer white space. Malformed are: nothing but white
    space, a control character other than GS, a lone surrogate.

    >>> canonical("KRSXG5CTNVZA2")
    'KRSXG5CTNVZA2'
    >>> canonical(" krsx-g5ct-nvza-2 ")
    'KRSXG5CTNVZA2'
    >>> canonical("AB0UT-T1CKET-8OX")
    'ABOUTTICKETBOX'
    >>> canonical("Bestell-Nr. 4711\r\n")
    'Bestell-Nr. 4711'
    >>> canonical("4711\x004712") is None
    True
    """
    if is_ours(text):
        return text
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.strip(WHITE_SPACE)
    if not text or _is_malformed(text):
        return None
    if _may_be_ours(text) and is_ours(typed := text.upper().translate(_AS_TYPED)):
        return typed
    return text


def _is_malformed(text: str) -> bool:
    if text.isprintable():
        return False
    return any(
        unicodedata.category(character) in {"Cc", "Cs"} and character != GROUP_SEPARATOR
        for character in text
    )


def is_pseudonym(code: str) -> bool:
    """Tell what stands for a code past its retention: ``~`` and 26 characters (schema/0007).

    >>> is_pseudonym("~" + "A" * 26), is_pseudonym("A" * 26)
    (True, False)
    """
    return len(code) == _PSEUDONYM and code.startswith("~")
