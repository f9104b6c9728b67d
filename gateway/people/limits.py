"""Limits that refuse instead of delaying: a caller is told when to come back.

Times are seconds of a monotonic clock, given by the caller.
"""

from collections import OrderedDict


class TokenBucket:
    """Let through ``rate`` requests a second on average, and ``burst`` at once."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> float:
        """Take one token; return 0, or the seconds until there will be one."""
        tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if tokens >= 1.0:
            self._tokens = tokens - 1.0
            return 0.0
        self._tokens = tokens
        return (1.0 - tokens) / self._rate


class Attempts:
    """Count failures by address: ``limit`` in a window of ``window_s``, then refuse.

    At most ``addresses`` are remembered; the oldest is forgotten first.
    """

    def __init__(self, *, limit: int = 10, window_s: float = 60.0, addresses: int = 10_000) -> None:
        self._limit = limit
        self._window_s = window_s
        self._addresses = addresses
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Tell how many seconds this address has to wait; 0 when it may try."""
        since, count = self._failures.get(address, (now, 0))
        remaining = since + self._window_s - now
        return remaining if count >= self._limit and remaining > 0 else 0.0

    def failed(self, address: str, now: float) -> None:
        """Count one failure of this address."""
        since, count = self._failures.pop(address, (now, 0))
        if now - since >= self._window_s:
            since, count = now, 0
        self._failures[address] = (since, count + 1)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failures of this address."""
        self._failures.pop(address, None)
