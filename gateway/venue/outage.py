"""Whom `local_policy = "signed"` lets in while the store is silent: each once, so many, so long.

One of these for all gates of a gateway, so that a ticket let in at one is not at the next. It knows
no store: it is told when a scan was answered again.
"""

from typing import Final, Protocol

from gateway.tickets.codes.reading import Reading
from gateway.tickets.reasons import Reason

SAME_MS: Final = 60_000
"""A store that answered, and is silent again within so long, is the same outage: what was let in
meanwhile may still be on its way into it."""
MINUTE_MS: Final = 60_000


class Policy(Protocol):
    """What an equipment lets in by itself."""

    @property
    def id(self) -> str:
        """The equipment."""

    @property
    def local_persons(self) -> int:
        """How many persons at most."""

    @property
    def local_min(self) -> int:
        """For how many minutes."""


class Outage:
    """One silence of the store after the other."""

    def __init__(self) -> None:
        self._began_at: int | None = None
        self._ended_at: int | None = None
        self._seen: set[str] = set()
        self._persons: dict[str, int] = {}

    @property
    def lasts(self) -> bool:
        """Whether the store is silent, as far as scans know."""
        return self._began_at is not None and self._ended_at is None

    def over(self, now: int) -> None:
        """Tell that the store has answered at an instant (ms)."""
        self._ended_at = now

    def refusal(self, policy: Policy, reading: Reading, now: int) -> Reason | None:
        """Why whoever shows a code is not let in at an instant (ms); who is let in is remembered.

        A code that proves nothing is not refused for good: somebody has to look at the ticket.
        """
        self._begin(now)
        if not reading.signed or reading.reference is None:
            return Reason.STORE_UNAVAILABLE
        second = now // 1000
        if reading.starts is not None and second < reading.starts:
            return Reason.TOO_EARLY
        if reading.until is not None and second > reading.until:
            return Reason.TOO_LATE
        if reading.reference in self._seen:
            return Reason.NO_STAMPS_LEFT
        let_in = self._persons.get(policy.id, 0)
        began_at = now if self._began_at is None else self._began_at
        if let_in >= policy.local_persons or now - began_at >= policy.local_min * MINUTE_MS:
            return Reason.STORE_UNAVAILABLE
        self._seen.add(reading.reference)
        self._persons[policy.id] = let_in + 1
        return None

    def _begin(self, now: int) -> None:
        if self._ended_at is not None and now - self._ended_at > SAME_MS:
            self._began_at = None
            self._seen.clear()
            self._persons.clear()
        self._ended_at = None
        if self._began_at is None:
            self._began_at = now
