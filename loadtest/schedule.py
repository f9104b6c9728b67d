"""Decide when visitors come, before the first one does.

An open loop: the schedule does not know how fast answers come back, as a queue at a gate does not.
Pure: it reads no clock; instants are seconds from the start of the run.
"""

import random
from collections.abc import Iterator

ROAM = 0.3
"""The share of a period by which somebody may come sooner or later than who came before."""


def poisson(rate: float, *, seed: int, lasts_s: float | None = None) -> Iterator[float]:
    """Yield the due times of independent visitors, on average `rate` a second.

    The same seed gives the same visitors. Without `lasts_s` they never end.
    """
    if rate <= 0:
        raise ValueError("the rate must be above zero")
    dice = random.Random(seed)
    due = dice.expovariate(rate)
    while lasts_s is None or due < lasts_s:
        yield due
        due += dice.expovariate(rate)


def procession(count: int, period_s: float, *, seed: int) -> Iterator[float]:
    """Yield the due times of people at one gate: one in each period, never close behind another.

    Each gate (seed) has its own place in the period, so that many together are as independent
    visitors are.

    >>> [round(due, 2) for due in procession(3, 0.5, seed=1)]
    [0.17, 0.66, 1.09]
    """
    dice = random.Random(seed)
    place = dice.random() * (1 - ROAM)
    for number in range(count):
        yield (number + place + dice.random() * ROAM) * period_s
