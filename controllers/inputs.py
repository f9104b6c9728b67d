"""Inputs as they bounce: which change of a contact is one, and which closing is new.

An input is always read as a level. A lost edge costs the change it belonged to and nothing more:
toggling at each edge would invert the input for ever (leosac's `DoormanDoor.cpp` does).

Times are told twice: ``now`` when the reading came, ``at`` by the device's own clock where it has
one. A wire that stalls delivers several readings at once; the device's clock keeps them apart.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instant:
    """When a reading was: by our clock that only rises, and by the device's (both ms)."""

    now: int
    at: int | None = None

    def since(self, earlier: "Instant") -> int:
        """Return the time passed, by the device's clock unless it is unknown or went back."""
        if self.at is not None and earlier.at is not None and self.at >= earlier.at:
            return self.at - earlier.at
        return self.now - earlier.now


class Level:
    """An input that matters as it stands: a change counts once it has stood long enough.

    The first reading, and the first after `forget`, counts at once and is told even if nothing has
    changed: whoever is told may have missed the change.
    """

    def __init__(self, debounce_ms: int) -> None:
        self.value: bool | None = None
        self._debounce_ms = debounce_ms
        self._fresh = True
        self._since: Instant | None = None
        """When a reading came that differs from `value`."""

    @property
    def due(self) -> int | None:
        """When a change will have stood long enough."""
        return None if self._since is None else self._since.now + self._debounce_ms

    def read(self, value: bool, instant: Instant) -> list[bool]:  # noqa: FBT001  # a level is one
        """Take a reading; return the levels that count from now on, in order."""
        if self._fresh:
            self.value, self._fresh = value, False
            return [value]
        if self._since is None:
            if value == self.value:
                return []
            self._since = instant
        elif instant.since(self._since) >= self._debounce_ms:
            return [*self._accept(), *self.read(value, instant)]
        elif value == self.value:
            self._since = None
        return self.tick(instant.now)

    def tick(self, now: int) -> list[bool]:
        """Accept a change that has stood long enough."""
        return self._accept() if self.due is not None and now >= self.due else []

    def forget(self) -> None:
        """The device is out of sight: what it says next counts whatever it was before."""
        self._fresh, self._since = True, None

    def _accept(self) -> list[bool]:
        self.value, self._since = not self.value, None
        return [self.value]


class Moment:
    """An input whose closing matters: latched from the raw edge, however short the contact is.

    A closing counts when the contact has rested before; what follows another edge at once is its
    bounce. A contact that is closed already when the device comes into sight has not just closed.
    """

    def __init__(self, debounce_ms: int) -> None:
        self.value: bool | None = None
        self._debounce_ms = debounce_ms
        self._edge: Instant | None = None

    def read(self, value: bool, instant: Instant) -> bool:  # noqa: FBT001  # a level is one
        """Take a reading; return whether the contact has closed anew."""
        if value == self.value:
            return False
        known, edge = self.value is not None, self._edge
        self.value, self._edge = value, instant
        rested = edge is None or instant.since(edge) >= self._debounce_ms
        return value and known and rested

    def forget(self) -> None:
        """The device is out of sight: its next reading is no edge."""
        self.value = None
