"""The museum's gates: simulated devices on the true wire, clients of the gateway like any other.

Over MQTT they are the wire's own simulator (`drivers.mqtt`); without a broker they speak HTTP
(`gateway.demo.http_gates`); one is on serial lines and Modbus (`gateway.demo.wired`). The crowd
knows only what all can do: `visit`, `modes`, `counters`.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, override

from drivers.mqtt.simulator import Behaviour, Habits, SimulatedGate, Visit
from drivers.signals import Direction, GateEventType, Mode
from gateway.demo import museum

CONTACT = "contact"
DOOR_WALK_S = 0.15
"""Of a group through an open door, one after the other."""


class Gate(Protocol):
    """One gate, and what the crowd can do with it."""

    id: str
    counters: dict[Direction, int]
    """Who has passed: the figures that the gateway's books must agree with."""
    up: asyncio.Event
    """It is connected."""

    @property
    def modes(self) -> dict[Direction, Mode]:
        """What it is set to."""

    async def visit(
        self, code: str, direction: Direction = "entry", *, does: Behaviour = Behaviour.PASS
    ) -> Visit:
        """Send a person to it; ends when they are through, or gone."""

    async def walk_through(self, direction: Direction) -> None:
        """Send a person through while it stands free: nobody presents anything."""


class Turnstile(SimulatedGate):
    """A turnstile on MQTT."""

    async def walk_through(self, direction: Direction) -> None:
        """Send a person through while it stands free."""
        await asyncio.sleep(self.habits.walk_s)
        self.passed(direction, None)
        self.tell_state()

    @override
    async def visit(
        self,
        code: str,
        direction: Direction = "entry",
        *,
        does: Behaviour = Behaviour.PASS,
        presents: bool = True,
    ) -> Visit:
        if does is Behaviour.FORCE:
            await asyncio.sleep(self.habits.walk_s)  # nobody is through at once
        visit = await super().visit(code, direction, does=does, presents=presents)
        self.tell_state()  # with its counters
        return visit


class Door(Turnstile):
    """A door on MQTT: its contact tells that it was opened, and by that whose turn it was."""

    @override
    def event(
        self,
        kind: str,
        direction: Direction | None = None,
        tx: str | None = None,
        **more: object,
    ) -> str:
        if kind == GateEventType.PASSAGE_STARTED and not self.inputs.get(CONTACT):
            self.set_input(CONTACT, value=True)
        return super().event(kind, direction, tx, **more)

    @override
    def passed(self, direction: Direction, tx: str | None) -> None:
        self.counters[direction] += 1  # a contact counts no heads

    @override
    async def visit(
        self,
        code: str,
        direction: Direction = "entry",
        *,
        does: Behaviour = Behaviour.PASS,
        presents: bool = True,
    ) -> Visit:
        try:
            return await super().visit(code, direction, does=does, presents=presents)
        finally:
            if self.inputs.get(CONTACT):
                self.set_input(CONTACT, value=False)


def _over_mqtt(gate: museum.Gate, broker: str) -> Turnstile:
    door = gate.kind == "door"
    made = (Door if door else Turnstile)(
        broker,
        museum.SITE,
        gate.id,
        wall=lambda: time.time_ns() // 1_000_000,
        dice=random.Random(),
        habits=Habits(hold_s=museum.HOLD_S, walk_s=DOOR_WALK_S if door else museum.WALK_S),
    )
    if door:
        made.inputs[CONTACT] = False
    return made


@asynccontextmanager
async def over_mqtt(gates: Iterable[museum.Gate], broker: str) -> AsyncIterator[Mapping[str, Gate]]:
    """Connect gates to a broker until the end of the block."""
    async with AsyncExitStack() as stack:
        made = {gate.id: _over_mqtt(gate, broker) for gate in gates}
        for one in made.values():
            await stack.enter_async_context(one.running())
        yield made
