"""Decide when visitors come, before the first one does.

An open loop: the schedule does not know how fast answers come back, as a queue at a gate does not.
Pure: it reads no clock; instants are seconds from the start of the run.
"""

import random
from collections.abc import Iterator


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
