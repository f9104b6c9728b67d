"""What a reader tells, as signals: codes read and typed, its inputs, its case.

libosdp loses its reader over a card longer than 64 bytes, over a formatted one, which the norm has
deprecated (libosdp #206), and over inputs that are more or fewer than the reader has said it has:
those are read here where they can be, and it is told that there was nothing. Over a secure channel
only their length is to be seen.
"""

from typing import Any, Final

from drivers.link import Surroundings
from drivers.osdp.cards import Keypad, card
from drivers.osdp.framing import FORMATTED, INPUTS, RAW, Frame, acknowledging
from drivers.osdp.panel import CARD, INPUT, KEYS, LOCAL, STATUS
from drivers.osdp.settings import OsdpSettings
from drivers.serial.codec import Rejected
from drivers.serial.codes import Code, read_code
from drivers.signals import CodeRead, GateEvent, GateEventType, InputChanged, Signal

CARD_BYTES: Final = 64
"""libosdp's longest card read."""
RAW_HEADER: Final = 4
"""Reader, format, two bytes of length, before a card's data."""
FORMATTED_HEADER: Final = 3
"""Reader, direction, length."""
LONGEST_ENCRYPTED: Final = 5 * 16 + 4
"""Header, 64 bytes of a card and padding, to whole blocks; and four bytes of authentication."""
FAULTS: Final = ("tamper", "power failure")
"""What a reader says of itself, in this order."""


class Reading:
    """What one reader tells.

    Args:
        settings: what a code may be.
        surroundings: whose it is.
        inputs: those that are used: device, name, number.
    """

    def __init__(
        self,
        settings: OsdpSettings,
        surroundings: Surroundings,
        inputs: list[tuple[str, str, int]],
    ) -> None:
        self._cards = settings.cards
        self._secure = settings.key is not None
        self._rules = settings.rules
        self._ids = [each.id for each in surroundings.devices]
        self._surroundings = surroundings
        self._inputs = inputs
        self._keypad = Keypad(settings.keypad_s)
        self._levels: dict[str, bool] = {}
        self._faults = ""
        self.lengths: dict[int, int] = {}
        """How many inputs and outputs it has said it has; libosdp loses it if it tells of more."""

    def forget(self) -> None:
        """The reader is gone: what it told before says nothing."""
        self._keypad.forget()
        self._levels.clear()
        self._faults = ""

    def tick(self, now: float) -> None:
        """Let time pass: what was typed is whole after a while."""
        for typed in self._keypad.tick(now):
            self._read(read_code(typed, self._rules), now)

    def dropped(self, what: str, now: float) -> None:
        """Count what was heard and not taken."""
        for name in self._ids:
            self._surroundings.drops.count(now, name, what)

    # --- frames

    def frame(self, frame: Frame, now: float) -> bytes:
        """Read what libosdp cannot; return what it is told instead, else the frame.

        Where a secure channel is required nothing is read that does not come over it: it may be of
        anybody on the cable, and libosdp refuses it.
        """
        if self._secure:
            if frame.id == FORMATTED and frame.encrypted:
                self.dropped("formatted", now)
            elif self.too_long(frame):
                self.dropped("too_long", now)
            return frame.raw
        if frame.id == FORMATTED:
            self._read(read_code(frame.data[FORMATTED_HEADER:], self._rules), now)
            return acknowledging(frame)
        if frame.id == RAW:
            return self._raw(frame, now)
        length = self.lengths.get(frame.id)
        if length is not None and len(frame.data) != length:
            if frame.id == INPUTS:
                self._stands(INPUT, frame.data)
            return acknowledging(frame)
        return frame.raw

    def too_long(self, frame: Frame) -> bool:
        """Tell whether it is a card that libosdp loses the reader over, and cannot be read here."""
        return frame.id == RAW and frame.encrypted and len(frame.data) > LONGEST_ENCRYPTED

    def _raw(self, frame: Frame, now: float) -> bytes:
        data = frame.data[RAW_HEADER:]
        bits = int.from_bytes(frame.data[2:RAW_HEADER], "little")
        if len(data) == (bits + 7) // 8 <= CARD_BYTES:
            return frame.raw
        if len(data) == (bits + 7) // 8:
            self._card(data, bits, now)
        else:
            self.dropped("check", now)
        return acknowledging(frame)

    # --- events of libosdp

    def event(self, event: dict[str, Any], now: float) -> None:
        """Take what libosdp has understood."""
        match event:
            case {"event": int(kind), "data": bytes(data), "length": int(bits)} if kind == CARD:
                self._card(data, bits, now)
            case {"event": int(kind), "data": bytes(data)} if kind == KEYS:
                for typed in self._keypad.press(data, now):
                    self._read(read_code(typed, self._rules), now)
            case {"event": int(kind), "type": int(of), "report": bytes(report)} if kind == STATUS:
                self._stands(of, report)
            case _:
                self.dropped("unknown", now)

    def _card(self, data: bytes, bits: int, now: float) -> None:
        self._read(card(data, bits, self._cards, self._rules), now)

    def _read(self, code: Code | Rejected, now: float) -> None:
        if isinstance(code, Rejected):
            self.dropped(code.why.value, now)
            return
        self._signal(*(CodeRead(name, code.text, symbology=code.symbology) for name in self._ids))

    def _stands(self, of: int, report: bytes) -> None:
        """Tell how its case, its power and its inputs stand, if that has changed."""
        if of == LOCAL:
            faults = ", ".join(each for each, bad in zip(FAULTS, report, strict=False) if bad)
            before, self._faults = self._faults, faults
            if faults != before:
                kind = GateEventType.FAULT if faults else GateEventType.CLEARED
                self._signal(*(GateEvent(name, kind, text=faults) for name in self._ids))
        elif of == INPUT:
            for device, name, number in self._inputs:
                if number < len(report) and self._levels.get(name) is not bool(report[number]):
                    self._levels[name] = bool(report[number])
                    self._signal(InputChanged(device, name, self._levels[name]))

    def _signal(self, *signals: Signal) -> None:
        for signal in signals:
            self._surroundings.take(signal)
