"""Questions to a board and its answers, as the bytes of a telegram without address and check sum.

Modbus Application Protocol Specification 1.1b3, section 6, functions 01 to 06, 15 and 16. An answer
is taken only when it is that of its question: function, length and, for what is written, the echo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct, pack, unpack
from typing import Final

from drivers.modbus.profile import Area

READ: Final[Mapping[Area, int]] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
REFUSED: Final = 0x80
ON, OFF = 0xFF00, 0x0000
MOST_BITS, MOST_WORDS = 2000, 125
"""What one answer can hold (section 6.1, 6.3)."""

REFUSALS: Final = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}
NOT_THERE: Final = frozenset({10, 11})
"""With these a translating gateway says that the board behind it is silent."""
BUSY: Final = frozenset({5, 6})

_TWO: Final = Struct(">HH")


@dataclass(frozen=True, slots=True)
class Question:
    """One telegram to a board.

    Attributes:
        unit: whom it is for.
        function: what is asked.
        data: what follows the function.
        length: how long the answer's data is that is not a refusal.
        echo: what the answer's data must be; empty: anything of that length.
    """

    unit: int
    function: int
    data: bytes
    length: int
    echo: bytes = b""

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return bool(self.echo)

    def wrong(self, data: bytes) -> str:
        """Say why this is not the data of an answer to it; empty: it is."""
        if len(data) != self.length:
            return f"{len(data)} bytes instead of {self.length}"
        if self.echo:
            return "" if data == self.echo else "tells of another telegram"
        return "" if data[0] == self.length - 1 else "its count is not its length"


def read_bits(unit: int, area: Area, at: int, count: int) -> Question:
    """Ask how coils or discrete inputs stand."""
    return Question(unit, READ[area], _TWO.pack(at, count), 1 + (count + 7) // 8)


def read_words(unit: int, area: Area, at: int, count: int) -> Question:
    """Ask what registers hold."""
    return Question(unit, READ[area], _TWO.pack(at, count), 1 + 2 * count)


def write_coil(unit: int, at: int, value: int) -> Question:
    """Write a coil: `ON`, `OFF`, or whatever a board understands there."""
    data = _TWO.pack(at, value)
    return Question(unit, WRITE_COIL, data, 4, data)


def write_word(unit: int, at: int, value: int) -> Question:
    """Write a register."""
    data = _TWO.pack(at, value)
    return Question(unit, WRITE_REGISTER, data, 4, data)


def write_words(unit: int, at: int, values: Sequence[int]) -> Question:
    """Write registers that follow each other."""
    head = _TWO.pack(at, len(values))
    data = head + pack(f">B{len(values)}H", 2 * len(values), *values)
    return Question(unit, WRITE_REGISTERS, data, 4, head)


def bits_of(data: bytes, count: int) -> list[bool]:
    """Return the bits of an answer.

    >>> bits_of(bytes([1, 0b101]), 4)
    [True, False, True, False]
    """
    return [bool(data[1 + n // 8] >> n % 8 & 1) for n in range(count)]


def words_of(data: bytes) -> tuple[int, ...]:
    """Return the registers of an answer.

    >>> words_of(bytes([4, 0, 1, 2, 0]))
    (1, 512)
    """
    return unpack(f">{(len(data) - 1) // 2}H", data[1:])


def refusal(code: int) -> str:
    """Return what a board says that refuses.

    >>> refusal(6), refusal(99)
    ('device busy (6)', 'refused (99)')
    """
    return f"{REFUSALS.get(code, 'refused')} ({code})"
