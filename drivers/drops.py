"""What wires hear and do not take: counted by device and word, told in the log once a minute."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import structlog

SPEAK_EVERY_S: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Drops:
    """Counts what is not taken, and says so once a minute for a device at most.

    Attributes:
        counts: how often, by a stable word such as ``rejected``.
        by_device: the same for each device.
    """

    counts: Counter[str] = field(default_factory=Counter)
    by_device: Counter[tuple[str, str]] = field(default_factory=Counter)
    _speak_at: dict[str, float] = field(default_factory=dict, init=False)
    _unsaid: Counter[str] = field(default_factory=Counter, init=False)

    def count(self, now: float, device: str, what: str, **facts: object) -> None:
        """Count what was dropped; ``now`` is of a steady clock, in seconds."""
        self.counts[what] += 1
        self.by_device[device, what] += 1
        self._unsaid[device] += 1
        if now >= self._speak_at.get(device, now):
            self._speak_at[device] = now + SPEAK_EVERY_S
            number = self._unsaid.pop(device)
            log.warning("wire_dropped", device=device, what=what, number=number, **facts)
