"""What one reader has decided since this process began, counted so that a scan hardly notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

BUCKETS: Final = 24
"""Bucket n holds what took less than 2**n µs and not less than half of it: up to 8 s."""


@dataclass(slots=True)
class Tally:
    """Scans of one reader by reason (``None``: granted), persons granted, and how long it took."""

    decisions: dict[str | None, int] = field(default_factory=dict)
    persons: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))
    latency_sum_us: int = 0

    def scanned(self, reason: str | None, took_s: float, persons: int) -> None:
        """Count one scan: why it was refused, how long it took, how many persons it let in."""
        decisions = self.decisions
        decisions[reason] = decisions.get(reason, 0) + 1
        if reason is None:
            self.persons += persons
        took_us = int(took_s * 1_000_000)
        self.latency_sum_us += took_us
        bucket = took_us.bit_length()
        self.latency[min(BUCKETS, bucket)] += 1


def percentile_ms(latency: Mapping[int, int], share: float) -> float | None:
    """Estimate how long a share of the scans took at most, in milliseconds; ``None``: no scan.

    Within a bucket the scans are taken to lie evenly.

    >>> percentile_ms({10: 100}, 0.5)
    0.768
    """
    total = sum(latency.values())
    wanted, counted = total * share, 0
    for bucket in sorted(latency):
        count = latency[bucket]
        if count and counted + count >= wanted:
            low, high = (1 << bucket) >> 1, 1 << bucket
            return round((low + (high - low) * (wanted - counted) / count) / 1000, 3)
        counted += count
    return None


def added(tallies: Sequence[Tally]) -> Tally:
    """Return the sum of tallies."""
    whole = Tally()
    for tally in tallies:
        for reason, count in tally.decisions.items():
            whole.decisions[reason] = whole.decisions.get(reason, 0) + count
        whole.persons += tally.persons
        whole.latency_sum_us += tally.latency_sum_us
        whole.latency = [
            one + other for one, other in zip(whole.latency, tally.latency, strict=True)
        ]
    return whole
