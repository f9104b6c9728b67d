"""What can be set of a turnstile and of a door; a site file's keys bear the same names."""

from dataclasses import dataclass
from typing import Literal

from controllers.commands import Direction


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """How a door is set.

    Attributes:
        open_s: how long it stays unlocked for a person to open it.
        longer_open_s: the same for a flagged ticket; ``None``: twice `open_s`.
        lock: ``fail-safe`` needs power to stay locked, ``fail-secure`` needs power to unlock.
        relock: lock when the door has opened, or only when it has closed again.
        held_warning_s: how long it may stand open before people are warned.
        held_s: how long it may stand open; both are twice that for a flagged ticket.
        rex_s: who opens so shortly after the request to exit has not forced the door.
        rex_unlocks: a request to exit unlocks; else the handle inside does.
        count_rex: who leaves by a request to exit is counted.
        count_free: the direction of those who open it while it is free, or in an evacuation;
            ``None``: they are not counted, for the contact does not tell which way they went.
        open_in_evacuation: it is unlocked in an evacuation; ``None``: if it is ``fail-safe``. One
            that is not has a handle inside that always opens.
        bolt_s: how long the bolt may take to hold.
        debounce_ms: a contact that changes again within so short a time bounces.
        assume_passed: it has no contact: who is released has passed.
        failures_max: after so many releases in a row that failed it is out of service.
    """

    open_s: float = 5.0
    longer_open_s: float | None = None
    lock: Literal["fail-safe", "fail-secure"] = "fail-safe"
    relock: Literal["open", "close"] = "open"
    held_warning_s: float = 20.0
    held_s: float = 30.0
    rex_s: float = 3.0
    rex_unlocks: bool = False
    count_rex: bool = False
    count_free: Direction | None = None
    open_in_evacuation: bool | None = None
    bolt_s: float = 2.0
    debounce_ms: int = 35
    assume_passed: bool = False
    failures_max: int = 3

    def open_ms(self, *, longer: bool) -> int:
        """Return how long it stays unlocked."""
        if not longer:
            return _ms(self.open_s)
        return _ms(2 * self.open_s if self.longer_open_s is None else self.longer_open_s)

    def held_warning_ms(self, *, longer: bool) -> int:
        """Return how long it may stand open before people are warned."""
        return _ms(self.held_warning_s * (2 if longer else 1))

    def held_ms(self, *, longer: bool) -> int:
        """Return how long it may stand open."""
        return _ms(self.held_s * (2 if longer else 1))

    @property
    def rex_ms(self) -> int:
        """How long after a request to exit the door may be opened."""
        return _ms(self.rex_s)

    @property
    def bolt_ms(self) -> int:
        """How long the bolt may take to hold."""
        return _ms(self.bolt_s)

    @property
    def opens_in_evacuation(self) -> bool:
        """Whether it is unlocked in an evacuation."""
        if self.open_in_evacuation is None:
            return self.lock == "fail-safe"
        return self.open_in_evacuation

    @property
    def longest_ms(self) -> int:
        """How long a grant can be open: the store must not settle it before."""
        return max(self.open_ms(longer=False), self.open_ms(longer=True))


def _ms(seconds: float) -> int:
    """Return milliseconds, at least one: what is awaited must end."""
    return max(1, round(1000 * seconds))
