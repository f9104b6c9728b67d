"""What has happened in a run, as its visitors have seen it."""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What became of somebody at a gate."""

    PASSED = "passed"
    GAVE_UP = "given up"
    TAILGATED = "tailgated"
    FORCED = "forced"


@dataclass(slots=True)
class Counts:
    """Scans, at handhelds and gates; and who went through the gates."""

    scans: int = 0
    granted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    """Persons, by space: with a ticket or without."""
    left: Counter[str] = field(default_factory=Counter)
    gates: Counter[Fate] = field(default_factory=Counter)
    unanswered: int = 0
    surprises: Counter[str] = field(default_factory=Counter)
    """Answers that a ticket did not deserve; there must be none."""
    latest_ms: deque[float] = field(default_factory=lambda: deque(maxlen=2000))

    def percentile(self, share: float) -> float:
        """Return a percentile of the latest answers' times, in milliseconds."""
        times = sorted(self.latest_ms)
        return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0

    def answered(self, waited_ms: float, *, granted: bool) -> None:
        """Count an answer."""
        self.scans += 1
        self.granted += granted
        self.latest_ms.append(waited_ms)
