"""What can be set of a turnstile and of a door; a site file's keys bear the same names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnstileSettings:
    """How a turnstile is set.

    How long a pulse is, how long it rests, and whether a level is held is the wiring's business
    (`controllers.outputs`).

    Attributes:
        open_s: how long a released person may take to begin to pass.
        longer_open_s: the same for a flagged ticket; ``None``: twice `open_s`.
        passage_s: how long a passage takes at most.
        device_credits: a party is released at once, for the device lets its persons pass one after
            another; else each person gets a release, the next after the one before has passed.
        credits_max: for how many persons a device is released at most at a time.
        tailgating_ms: who passes so shortly after the last person of a grant has followed them.
        debounce_ms: two passages within so short a time are one that bounces.
        bag_check: which share of the grants is checked before it is released, 0-1.
        check_s: how long a steward may take for it.
        assume_passed: the device does not report passages: who is released has passed.
        failures_max: after so many releases in a row that failed it is out of service.
    """

    open_s: float = 5.0
    longer_open_s: float | None = None
    passage_s: float = 10.0
    device_credits: bool = False
    credits_max: int = 3
    tailgating_ms: int = 1500
    debounce_ms: int = 35
    bag_check: float = 0.0
    check_s: float = 30.0
    assume_passed: bool = False
    failures_max: int = 3

    def open_ms(self, *, longer: bool) -> int:
        """Return how long it stays released for a person."""
        if not longer:
            return _ms(self.open_s)
        return _ms(2 * self.open_s if self.longer_open_s is None else self.longer_open_s)

    @property
    def passage_ms(self) -> int:
        """How long a passage takes at most."""
        return _ms(self.passage_s)

    @property
    def check_ms(self) -> int:
        """How long a steward may take for a check."""
        return _ms(self.check_s)

    @property
    def longest_ms(self) -> int:
        """How long a person's grant can be open: the store must not settle it before."""
        opened = max(self.open_ms(longer=False), self.open_ms(longer=True))
        return opened + self.passage_ms + (self.check_ms if self.bag_check > 0 else 0)


def _ms(seconds: float) -> int:
    """Return milliseconds, at least one: what is awaited must end."""
    return max(1, round(1000 * seconds))
