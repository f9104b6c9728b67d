"""Gates that say only yes or no, by a relay or a light; and how visitors pass one."""

import asyncio
from abc import ABC, abstractmethod
from typing import Final

from drivers.mqtt.simulator import Behaviour, Visit
from drivers.signals import Direction, Mode
from gateway.demo import museum

PATIENCE_S: Final = 3.0
BEHIND_S: Final = 0.7
"""So soon comes whoever follows somebody through."""
LEAVES_S: Final = 0.2
"""Who gives up is gone so long after the gateway has taken the grant back."""
DIRECTIONS: Final[tuple[Direction, ...]] = ("entry", "exit")


class SignGate(ABC):
    """Such a gate, one person at a time.

    Args:
        gate: which it is.
    """

    def __init__(self, gate: museum.Gate) -> None:
        self.id = gate.id
        self.readers = tuple(gate.readers.values())
        self.counters: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.up = asyncio.Event()
        self.up.set()  # a cable that is plugged in stays so
        self._one_by_one = asyncio.Lock()
        self._sign: asyncio.Future[bool] | None = None
        """Whoever has shown a ticket waits for a sign."""

    @property
    @abstractmethod
    def modes(self) -> dict[Direction, Mode]:
        """How it stands, by direction."""

    @abstractmethod
    def present(self, code: str, direction: Direction) -> None:
        """Hold a ticket before the reader of a direction."""

    @abstractmethod
    async def go(self, direction: Direction) -> None:
        """Let its contacts say that one person passes."""

    def answer(self, *, yes: bool) -> None:
        """Have whoever waits see it open, or see that it does not."""
        if self._sign is not None and not self._sign.done():
            self._sign.set_result(yes)

    async def walk_through(self, direction: Direction) -> None:
        """Send a person through while it stands free."""
        await asyncio.sleep(museum.WALK_S)
        await self._pass(direction)

    async def visit(
        self, code: str, direction: Direction = "entry", *, does: Behaviour = Behaviour.PASS
    ) -> Visit:
        """Send a person to it; ends when they are through, or gone."""
        async with self._one_by_one:
            if does is Behaviour.FORCE:
                await self.walk_through(direction)
                return Visit(code, "forced")
            loop = asyncio.get_running_loop()
            begun = loop.time()
            opens = await self._show(code, direction)
            waited_ms = (loop.time() - begun) * 1000
            if opens is None:
                return Visit(code, "unanswered", waited_ms=waited_ms)
            if not opens:
                await asyncio.sleep(museum.DENY_S)  # they look at the sign
                return Visit(code, "refused", waited_ms=waited_ms)
            return Visit(code, await self._walk(direction, does), waited_ms=waited_ms)

    async def _show(self, code: str, direction: Direction) -> bool | None:
        """Show a ticket; tell whether it opens, None: it gives no sign."""
        self._sign = asyncio.get_running_loop().create_future()
        self.present(code, direction)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._sign
        except TimeoutError:
            return None
        finally:
            self._sign = None

    async def _walk(self, direction: Direction, does: Behaviour) -> str:
        if does is Behaviour.GIVE_UP:
            await asyncio.sleep(museum.WIRED_OPEN_S + LEAVES_S)
            return "gave_up"
        await self.walk_through(direction)
        if does is Behaviour.TAILGATE:
            await asyncio.sleep(BEHIND_S)
            await self._pass(direction)
        return "passed"

    async def _pass(self, direction: Direction) -> None:
        self.counters[direction] += 1
        await self.go(direction)
