"""What is held before a reader, or typed at it, as a code. Pure.

A card read is bits; of a barcode's reader they are the characters of the code, of a card's its
number. Keys are characters; some readers say carriage return for # and delete for *.
"""

from typing import Final, Literal

from drivers.serial.codec import Rejected, Why
from drivers.serial.codes import Code, Rules, read_code

type Cards = Literal["text", "hex"]

ENTER: Final = b"#\r"
CLEAR: Final = b"*\x7f"
DIGITS: Final = b"0123456789"
MOST_DIGITS: Final = 64


def card(data: bytes, bits: int, cards: Cards, rules: Rules) -> Code | Rejected:
    r"""Read a card; the first of so many bits is the highest of the first byte.

    >>> card(b"TICKET", 48, "text", Rules())
    Code(text='TICKET', symbology=None)
    >>> card(bytes.fromhex("8a4c7f40"), 26, "hex", Rules()).text
    '22931FD'
    """
    if cards == "text":
        return Rejected(Why.CHARACTERS) if bits % 8 else read_code(data[: bits // 8], rules)
    if not bits:
        return Rejected(Why.TOO_SHORT)
    number = int.from_bytes(data) >> (8 * len(data) - bits)
    return read_code(f"{number:0{-(-bits // 4)}X}".encode(), rules)


class Keypad:
    """Digits, until # or until nobody types for a while; * begins anew.

    Args:
        pause_s: how long that while is.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._typed = bytearray()
        self._until = float("inf")

    @property
    def due(self) -> float:
        """When what was typed is taken for whole (seconds, of the clock that `press` is told)."""
        return self._until

    def press(self, keys: bytes, now: float) -> list[bytes]:
        """Take keys; return the codes that they end."""
        found: list[bytes] = []
        for key in keys:
            if key in ENTER:
                found += self._end()
            elif key in CLEAR:
                self.forget()
            elif key in DIGITS and len(self._typed) < MOST_DIGITS:
                self._typed.append(key)
                self._until = now + self._pause_s
        return found

    def tick(self, now: float) -> list[bytes]:
        """Let time pass."""
        return self._end() if now >= self._until else []

    def forget(self) -> None:
        """Begin anew."""
        self._typed.clear()
        self._until = float("inf")

    def _end(self) -> list[bytes]:
        typed = bytes(self._typed)
        self.forget()
        return [typed] if typed else []
