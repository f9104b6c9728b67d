"""Frames as pymodbus sends and takes them, but taken only when they answer what was asked.

pymodbus hands whatever comes to whoever waits: on a serial line, where telegrams have no number, an
answer that was late is then taken for that of the next question (measured, pymodbus 3.16.1), and
bytes that are no frame at all end in an exception within the transport. These framers look at every
byte, let through the one frame that fits, and count the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, override

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU

from drivers.modbus.codec import (
    READ,
    REFUSED,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
    WRITE_REGISTERS,
    Question,
)

HEADER: Final = 7
"""Of a telegram on TCP: number, protocol, length, unit."""
LONGEST: Final = 254
"""Unit, function and data (Modbus Messaging on TCP/IP 1.0b, section 3.1.3)."""
CHECK: Final = 2
REFUSAL: Final = 1
"""Bytes of data in a refusal."""
REFUSAL_FRAME, QUESTION_FRAME = 5, 8
"""Bytes of a whole refusal on a serial line, and of a question or the echo of what was written."""
READS: Final = frozenset(READ.values())
WRITES: Final = frozenset({WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS})


class Telegram(ModbusPDU):
    """A telegram as pymodbus carries it: the bytes are ours."""

    def __init__(self, unit: int, function: int, data: bytes) -> None:
        super().__init__(dev_id=unit)
        self.function_code: int = function
        self.data = data

    @override
    def encode(self) -> bytes:
        return self.data

    @override
    def decode(self, data: bytes) -> None:
        self.data = data


class Listening:
    """What both framers share: what was asked, and what came that does not answer it.

    Attributes:
        asked: what is waited for; ``None``: nothing.
        counts: frames and bytes not taken: ``late`` (whole, but of another question), ``rejected``
            (no frame, or damaged), ``echo`` (our own question).
        strange: bytes have come, since the question was asked, that do not answer it.
        heard: called when a whole frame has come that nobody waits for.
        dropped: told each time what was not taken.
    """

    def __init__(self) -> None:
        self.asked: Question | None = None
        self.counts: Counter[str] = Counter()
        self.strange = ""
        self.heard: Callable[[], None] = lambda: None
        self.dropped: Callable[[str], None] = lambda what: None  # noqa: ARG005  # named as it is

    def ask(self, question: Question | None) -> None:
        """Wait for the answer to a question from now on, or for nothing."""
        self.asked = question
        self.strange = ""

    def drop(self, what: str) -> None:
        """Count what is not taken."""
        self.counts[what] += 1
        self.strange = what
        self.dropped(what)
        if what == "late":
            self.heard()

    def answer(self, unit: int, function: int, data: bytes) -> Telegram | None:
        """Return the telegram if it answers what was asked."""
        asked = self.asked
        if asked is None or unit != asked.unit or function & ~REFUSED != asked.function:
            return None
        if function & REFUSED:
            return Telegram(unit, function, data) if len(data) == REFUSAL else None
        return None if asked.wrong(data) else Telegram(unit, function, data)


class TcpFramer(Listening, FramerSocket):
    """Frames with a number and a length before them."""

    def __init__(self) -> None:
        Listening.__init__(self)
        FramerSocket.__init__(self, DecodePDU(is_server=False))

    @override
    def handleFrame(  # the name is pymodbus'
        self, data: bytes, exp_devid: int, exp_tid: int
    ) -> tuple[int, ModbusPDU | None]:
        """Take bytes; return how many are done with, and the answer among them."""
        del exp_devid
        at = 0
        while len(data) - at >= HEADER:
            number = int.from_bytes(data[at : at + 2])
            length = int.from_bytes(data[at + 4 : at + 6])
            if data[at + 2 : at + 4] != b"\0\0" or not 2 < length <= LONGEST:  # noqa: PLR2004
                self.drop("rejected")  # from here on nobody knows where a frame begins
                return len(data), None
            end = at + 6 + length
            if len(data) < end:
                break
            frame = data[at + 6 : end]
            at = end
            found = self.answer(frame[0], frame[1], frame[2:]) if number == exp_tid else None
            if found is not None:
                found.transaction_id = number
                self.asked = None
                return at, found
            self.drop("rejected" if number == exp_tid and self.asked is not None else "late")
        return at, None


class RtuFramer(Listening, FramerRTU):
    """Frames with a check sum behind them and nothing to tell where they begin."""

    def __init__(self) -> None:
        Listening.__init__(self)
        FramerRTU.__init__(self, DecodePDU(is_server=False))

    @override
    def handleFrame(
        self, data: bytes, exp_devid: int, exp_tid: int
    ) -> tuple[int, ModbusPDU | None]:
        """Take bytes; return how many are done with, and the answer among them."""
        del exp_devid, exp_tid
        if self.asked is not None:
            for at, end in self._places(data, self.asked):
                if end > len(data) or not self._sound(data[at:end]):
                    continue
                found = self.answer(data[at], data[at + 1], data[at + 2 : end - CHECK])
                if found is not None:
                    self._judge(data[:at])
                    self._judge(data[end:])
                    self.asked = None
                    return len(data), found
        done = self._hopeless(data)
        self._judge(data[:done])
        return done, None

    @override
    def ask(self, question: Question | None) -> None:
        self._before = self.asked or self._before
        super().ask(question)

    _before: Question | None = None
    """What was asked last: its answer may still come."""

    @staticmethod
    def _places(data: bytes, asked: Question) -> Iterator[tuple[int, int]]:
        """Name where the answer to a question may begin, and where it would end."""
        at = data.find(asked.unit)
        while at >= 0:
            function = data[at + 1] if at + 1 < len(data) else asked.function
            if function == asked.function:
                yield at, at + 2 + asked.length + CHECK
            elif function == asked.function | REFUSED:
                yield at, at + 2 + REFUSAL + CHECK
            at = data.find(asked.unit, at + 1)

    def _hopeless(self, data: bytes) -> int:
        """Return how many bytes will not become an answer, whatever comes behind them."""
        asked = self.asked or self._before
        if asked is None:
            return len(data)
        open_ = (at for at, end in self._places(data, asked) if end > len(data))
        return next(open_, len(data))

    def _judge(self, data: bytes) -> None:
        """Count what is not taken: whole frames one by one, any other bytes together."""
        at, strange = 0, False
        while at < len(data):
            end = next((each for each in self._ends(data, at) if self._sound(data[at:each])), None)
            if end is None:
                at, strange = at + 1, True
                continue
            self.drop("echo" if self._echoed(data[at:end]) else "late")
            at = end
        if strange:
            self.drop("rejected")

    @staticmethod
    def _ends(data: bytes, at: int) -> Iterator[int]:
        """Name where a frame may end that begins here: a refusal, a question or echo, a reading."""
        left = len(data) - at
        function = data[at + 1] if left > 1 else 0
        if function & REFUSED and left >= REFUSAL_FRAME:
            yield at + REFUSAL_FRAME
        elif left >= QUESTION_FRAME and function in WRITES | READS:
            yield at + QUESTION_FRAME
        if function in READS and left > 2 and left >= 3 + data[at + 2] + CHECK:  # noqa: PLR2004
            yield at + 3 + data[at + 2] + CHECK

    def _echoed(self, frame: bytes) -> bool:
        asked = self.asked
        return asked is not None and frame[:-CHECK] == (
            bytes((asked.unit, asked.function)) + asked.data
        )

    def _sound(self, frame: bytes) -> bool:
        return self.check_CRC(frame[:-CHECK], int.from_bytes(frame[-CHECK:]))
