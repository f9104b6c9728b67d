"""Outputs that are told again: pulses longer than a reader can time, and what must be closed.

A pulse is carried on in pieces, each of which the reader itself ends: should nobody be there to
carry it on, it ends by itself. Pure: ``now`` is in seconds of a clock that only rises.
"""

from dataclasses import dataclass, field
from typing import Final

from drivers.osdp.face import LONGEST_MS, Told, timed_output

EARLY_S: Final = 3.0
"""A piece is carried on so long before it ends."""
AGAIN_S: Final = 0.25
"""What must be closed is told again after so long."""


@dataclass(slots=True)
class Holding:
    """The outputs of one reader, by their numbers."""

    _pulses: dict[int, tuple[bool, float, float]] = field(default_factory=dict)
    """Their level, when they end, and when they are told again."""
    _closing: dict[int, tuple[bool, float]] = field(default_factory=dict)

    def pulse(self, number: int, ms: int, now: float, *, on: bool) -> None:
        """Note that a pulse has begun."""
        self.forget(number)
        if ms > LONGEST_MS:
            self._pulses[number] = on, now + ms / 1000, now + LONGEST_MS / 1000 - EARLY_S

    def insist(self, number: int, now: float, *, on: bool) -> None:
        """Note that an output was not closed."""
        self._closing[number] = on, now + AGAIN_S

    def forget(self, number: int | None = None) -> None:
        """Something else is asked of an output; or the reader is gone, and nothing is, any more."""
        for kept in (self._pulses, self._closing):
            if number is None:
                kept.clear()
            else:
                kept.pop(number, None)

    def carried_on(self, now: float) -> list[Told]:
        """Return the pieces of pulses that are to be told now."""
        found: list[Told] = []
        for number, (on, ends, at) in tuple(self._pulses.items()):
            if now < at:
                continue
            left_ms = round((ends - now) * 1000)
            found.append(timed_output(number, left_ms, on=on))
            if left_ms > LONGEST_MS:
                self._pulses[number] = on, ends, now + LONGEST_MS / 1000 - EARLY_S
            else:
                del self._pulses[number]
        return found

    def closing(self, now: float) -> list[tuple[int, bool]]:
        """Return the outputs that are to be closed again now, and forget them."""
        found = [(number, on) for number, (on, at) in self._closing.items() if now >= at]
        for number, _ in found:
            del self._closing[number]
        return found
