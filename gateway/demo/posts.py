"""Where visitors can go: the gates and handhelds of each room, and the queues before them."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from drivers.signals import Direction
from gateway.demo.gates import Gate
from gateway.demo.handhelds import Handheld
from gateway.demo.museum import GATES, Space

TO_A_STEWARD: Final = 0.15
"""Who goes to a steward though a gate is free."""
QUEUE: Final = 2
"""With so many at a gate nobody joins them."""


class Posts:
    """All gates and handhelds."""

    def __init__(self, gates: Mapping[str, Gate], handhelds: Sequence[Handheld]) -> None:
        self.gates = gates
        self.handhelds = {
            space: [each for each in handhelds if each.space == space] for space in Space
        }
        self._queues: Counter[str] = Counter()
        self._turns = {name: asyncio.Lock() for name in gates}

    def gate(self, space: Space, direction: Direction, *, group: bool) -> Gate | None:
        """Return a gate with room in front of it; groups go to a door for groups."""
        usable = [
            gate
            for each in GATES
            if each.space == space
            and each.takes_groups is group
            and (gate := self.gates[each.id]).up.is_set()
            and gate.modes[direction] != "locked"
            and self._queues[each.id] < QUEUE
        ]
        if not usable or random.random() < TO_A_STEWARD:
            return None
        return min(usable, key=lambda gate: (self._queues[gate.id], random.random()))

    def counts_heads(self, gate: Gate) -> bool:
        """Whether a gate notices who follows somebody through."""
        return any(each.id == gate.id and each.counts_heads for each in GATES)

    @asynccontextmanager
    async def turn(self, gate: Gate) -> AsyncIterator[None]:
        """Stand at a gate until the end of the block; whoever comes meanwhile waits."""
        self._queues[gate.id] += 1
        try:
            async with self._turns[gate.id]:
                yield
        finally:
            self._queues[gate.id] -= 1
