"""People who arrive at simulated gates, each with a code and a way of behaving."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from random import Random
from typing import Final

from drivers.mqtt.simulator import Behaviour, SimulatedGate, Visit
from drivers.signals import Direction

WAITING_LIMIT: Final = 1000

type Told = Callable[[SimulatedGate, Direction, Behaviour, Visit], None]


async def send_crowd(
    gates: Sequence[SimulatedGate],
    codes: AsyncIterator[str],
    *,
    rate: float,
    behaves: Mapping[Behaviour, float],
    directions: Sequence[Direction],
    dice: Random,
    told: Told,
) -> None:
    """Send somebody for each code, at random moments, so many a second; wait until all are gone."""
    room = asyncio.Semaphore(WAITING_LIMIT)
    habits, weights = list(behaves), list(behaves.values())

    async def go(gate: SimulatedGate, direction: Direction, code: str, does: Behaviour) -> None:
        try:
            told(gate, direction, does, await gate.visit(code, direction, does=does))
        finally:
            room.release()

    async with asyncio.TaskGroup() as group:
        async for code in codes:
            await asyncio.sleep(dice.expovariate(rate))
            await room.acquire()
            gate, direction = dice.choice(gates), dice.choice(directions)
            (does,) = dice.choices(habits, weights)
            group.create_task(go(gate, direction, code, does), name=f"visitor-{gate.id}")
