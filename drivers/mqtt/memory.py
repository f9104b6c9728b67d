"""What is remembered of messages: ids seen, and how a device's clock stands."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

SEEN_LIMIT: Final = 4096
WINDOW_S: Final = 15.0


@dataclass(slots=True)
class Seen:
    """The last ids of a device, so that nothing is taken twice.

    >>> seen = Seen(limit=2)
    >>> [seen.before(name) for name in "abacba"]
    [False, False, True, False, True, False]
    """

    limit: int = SEEN_LIMIT
    _known: set[Hashable] = field(default_factory=set, init=False)
    _order: deque[Hashable] = field(default_factory=deque, init=False)

    def before(self, name: Hashable) -> bool:
        """Tell whether this was seen before; from now on it was."""
        if name in self._known:
            return True
        self._known.add(name)
        self._order.append(name)
        if len(self._order) > self.limit:
            self._known.discard(self._order.popleft())
        return False


@dataclass(slots=True)
class Age:
    """How old messages of a device are, by its own clock, which may be wrong by any amount.

    The quickest message of late tells how far the clocks are apart; what took longer than that is
    old by the difference. A clock that is set back is believed within two windows.
    """

    _begun_at: float | None = field(default=None, init=False)
    _before: float = field(default=float("inf"), init=False)
    _quickest: float = field(default=float("inf"), init=False)

    def of(self, said_at: int, heard_at: int, now: float) -> float:
        """Return the age of a message in milliseconds; `now` is of a steady clock, in seconds."""
        if self._begun_at is None or now - self._begun_at > WINDOW_S:
            self._begun_at, self._before, self._quickest = now, self._quickest, float("inf")
        apart = float(heard_at - said_at)
        self._quickest = min(self._quickest, apart)
        return apart - min(self._before, self._quickest)

    def forget(self) -> None:
        """The device has started anew, its clock with it."""
        self._begun_at = None
        self._before = self._quickest = float("inf")
