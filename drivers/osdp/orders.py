"""Commands for one reader, in their turn: one at a time, none sent late, none sent twice."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from drivers.link import CommandFailed
from drivers.osdp.face import Kind, Told

WAIT_S: Final = 0.6
"""A command that has not gone out by then is not sent any more: nobody stands there any more."""
LONGEST_S: Final = 0.9
"""One whose reader says that it is busy is waited for so long."""


@dataclass(slots=True)
class Order:
    """One command.

    Attributes:
        until: it is not sent after this (seconds of the loop).
        answered: ends with the reader's acknowledgement.
    """

    told: Told
    until: float
    answered: "asyncio.Future[None]"

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return Kind(int(self.told["command"]))

    @property
    def place(self) -> tuple[Kind, object]:
        """What it changes: of two that wait for the same place, the earlier means nothing."""
        return self.kind, self.told.get("offset_row")

    def fail(self, why: str) -> None:
        """It was not obeyed."""
        if not self.answered.done():
            self.answered.set_exception(CommandFailed(why))
            self.answered.exception()  # whoever does not look need not hear of it from the loop


@dataclass(slots=True)
class Orders:
    """Those that wait, and the one that is under way."""

    current: Order | None = None
    _waiting: list[Order] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, told: Told, now: float, within_s: float) -> "asyncio.Future[None]":
        """Have a command sent in its turn: outputs first, and of what is shown only the last."""
        future = asyncio.get_running_loop().create_future()
        order = Order(told, now + min(within_s, WAIT_S), future)
        if order.kind is Kind.OUTPUT:
            at = sum(each.kind is Kind.OUTPUT for each in self._waiting)
            self._waiting.insert(at, order)
        else:
            for other in [each for each in self._waiting if each.place == order.place]:
                self._waiting.remove(other)
                other.fail("something else is shown")
            self._waiting.append(order)
        return future

    def tell(self, told: Told, now: float) -> None:
        """Have a command sent in its turn that nobody waits for."""
        _ = self.put(told, now, WAIT_S)

    def next(self, now: float) -> Order | None:
        """Begin the next one, if none is under way."""
        for order in self._overdue(now):
            self._waiting.remove(order)
            order.fail("too late to be sent")
        if self.current is None and self._waiting:
            self.current = self._waiting.pop(0)
            self.current.until = now + LONGEST_S
            return self.current
        return None

    def late(self, now: float) -> bool:
        """Tell whether the one under way has taken too long."""
        return self.current is not None and now >= self.current.until

    def end(self, why: str | None) -> Order | None:
        """The one under way is obeyed, or not, and why."""
        order, self.current = self.current, None
        if order is not None and why is not None:
            order.fail(why)
        elif order is not None and not order.answered.done():
            order.answered.set_result(None)
        return order

    def fail_all(self, why: str) -> None:
        """The reader is gone: nothing will be answered, and nothing sent any more."""
        self.end(why)
        waiting, self._waiting = self._waiting, []
        for order in waiting:
            order.fail(why)

    def _overdue(self, now: float) -> Iterator[Order]:
        return (each for each in tuple(self._waiting) if now >= each.until)
