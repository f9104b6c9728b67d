"""Inputs and counters as they are sampled: what has changed since, and who has passed.

A contact whose closing matters is told from the first sample that shows it, however short it was
(never by a majority). One that matters as it stands is told when two samples in a row agree: what
it did between them nobody knows. Pure.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from config.contacts import BY_NAME
from drivers.signals import GateEvent, GateEventType, InputChanged, Signal, StateRead

type Users = Mapping[int, Sequence[tuple[str, str]]]
"""By the number on the board: whose it is, equipment and channel."""

MOST_AT_ONCE: Final = 1000
"""Persons between two readings; more is a counter that was set, not people."""
SIZES: Final = (1 << 16, 1 << 32)


class Inputs:
    """The contacts of one board."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._levels: dict[int, bool] = {}
        self._fresh: dict[int, bool] = {}
        """Levels that differ, seen once."""

    def begin(self, levels: Mapping[int, bool]) -> Iterator[Signal]:
        """Take how all stand now that the board is there: no edges, a state."""
        self._fresh.clear()
        self._levels = {number: levels[number] for number in self._users if number in levels}
        found: dict[str, dict[str, bool]] = {}
        for number, value in self._levels.items():
            for device, name in self._users[number]:
                found.setdefault(device, {})[name] = value
        for device, inputs in found.items():
            yield StateRead(device, inputs=inputs)

    def take(self, levels: Mapping[int, bool]) -> Iterator[Signal]:
        """Take a sample; tell what has changed."""
        for number, value in levels.items():
            if self._levels.get(number) is value:
                if number in self._fresh:
                    del self._fresh[number]
                continue
            yield from self._changed(number, value)

    def _changed(self, number: int, value: bool) -> Iterator[Signal]:  # noqa: FBT001  # a level
        users = self._users.get(number, ())
        settled = self._fresh.pop(number, None) is value
        if not settled and any(BY_NAME[name].shape == "level" for _, name in users):
            self._fresh[number] = value
            return
        self._levels[number] = value
        for device, name in users:
            yield InputChanged(device, name, value)


class Counters:
    """Passages that a board counts; each is told once, under an id that never comes again."""

    def __init__(self, users: Users, words: int) -> None:
        self._users = users
        self._size = SIZES[words - 1]
        self._values: dict[int, int] = {}
        self._run = secrets.token_hex(4)
        self._told = 0

    def take(self, values: Mapping[int, int]) -> Iterator[Signal]:
        """Take a reading; tell who has passed since the one before, also while nobody looked."""
        for number, value in values.items():
            before = self._values.get(number)
            self._values[number] = value
            if before is None:
                continue
            for _ in range(self._passed(before, value)):
                for device, name in self._users.get(number, ()):
                    self._told += 1
                    yield GateEvent(
                        device,
                        GateEventType.PASSED,
                        id=f"{self._run}-{self._told}",
                        direction=BY_NAME[name].direction,
                    )

    def _passed(self, before: int, now: int) -> int:
        """Return how many closings lie between two values.

        A counter that is full begins again at nought; so does that of a board which has started
        anew, and then its value is what has passed since.
        """
        risen = (now - before) % self._size
        if risen <= MOST_AT_ONCE:
            return risen
        return now if now <= MOST_AT_ONCE else 0
