"""Say what a series of measured times was like.

All samples are kept and sorted once at the end: exact, and two million of them are 16 MB. A
histogram that forgets (hdrhistogram) would pay from ten times that.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest sample that `share` per cent of the samples do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50), percentile([1.0, 2.0, 3.0, 4.0], 99.9)
    (2.0, 4.0)
    """
    if not ordered:
        return float("nan")
    # Rounded first: 99.9 per cent of 1,000 is 999, and not 999.0000000000001.
    rank = ceil(round(len(ordered) * share / 100, 6))
    return ordered[min(max(rank, 1), len(ordered)) - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    """The percentiles of a series, in milliseconds."""

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    most: float

    @classmethod
    def of_seconds(cls, samples: Sequence[float]) -> "Spread":
        """Sort the samples, given in seconds, and take the percentiles."""
        ordered = array("d", sorted(samples))
        p50, p90, p99, p999, most = (
            round(percentile(ordered, share) * 1_000, 3) for share in (50, 90, 99, 99.9, 100)
        )
        return cls(len(ordered), p50, p90, p99, p999, most)
