"""The device of a lane on its wire: it is told things, and its acknowledgements become events."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from config.models import Equipment
from controllers import commands as asked
from controllers import events as told
from drivers.commands import Command
from drivers.link import CommandFailed, Link
from drivers.signals import Signal
from gateway.venue.wiring import Order, Outlet, Read, outlet_of

GOOD_FOR_MS: Final = 2_000
"""A command that has not gone out by then is not sent any more (DESIGN 8)."""

type Sent = asyncio.Future[None]
"""Ends with the acknowledgement of what was sent, or fails with `CommandFailed`."""


class Device:
    """One equipment at the end of a link, as soon as it has one.

    Args:
        equipment: what it is.
        wall: milliseconds since the epoch.
        acknowledged: told `Released` and `ReleaseFailed`.
    """

    def __init__(
        self,
        equipment: Equipment,
        wall: Callable[[], int],
        acknowledged: Callable[[told.Event], object],
    ) -> None:
        self.up = False
        """Whether it can be reached."""
        self._equipment = equipment
        self._wall = wall
        self._acknowledged = acknowledged
        self._link: Link | None = None
        self._outlet: Outlet | None = None

    def connect(self, link: Link) -> None:
        """Speak over a link from now on; whether the device is there, it tells by itself."""
        self._link, self._outlet = link, outlet_of(self._equipment, link.speaks)

    def disconnect(self) -> None:
        """Speak over nothing."""
        self._link = self._outlet = None
        self.up = False

    # --- what it tells

    def read(self, signal: Signal, now: int) -> Read:
        """Tell what a signal is to the machine and to the device."""
        return Read() if self._outlet is None else self._outlet.read(signal, now)

    def tick(self, now: int) -> Read:
        """Let time pass."""
        return Read() if self._outlet is None else self._outlet.tick(now)

    @property
    def next_at(self) -> int | None:
        """When `tick` is wanted."""
        return None if self._outlet is None else self._outlet.next_at

    @property
    def inputs(self) -> dict[str, bool]:
        """How its inputs stand, as far as it is known."""
        return {} if self._outlet is None else self._outlet.inputs

    # --- what it is told

    def carry(self, command: asked.Command, now: int) -> list[Sent]:
        """Tell the device what carries a machine's command out."""
        if self._outlet is None:
            return self._fail(command)
        return self.send_all(self._outlet.carry(command, now))

    def send_all(self, orders: Iterable[Order]) -> list[Sent]:
        """Tell the device things, in order."""
        if self._link is None:
            return []
        return [self._send(order) for order in orders]

    def ask(self, command: Command) -> Sent:
        """Tell the device something that somebody may wait for."""
        return self._send(Order(command))

    def say(self, command: Command) -> None:
        """Tell the device something that nobody waits for."""
        if self._link is not None:
            self._send(Order(command)).add_done_callback(_forget)

    def _send(self, order: Order) -> Sent:
        if self._link is None:
            raise CommandFailed("not connected")
        sent = self._link.send(self._equipment.id, order.command, self._wall() + GOOD_FOR_MS)
        sent.add_done_callback(partial(self._answered, order.tx))
        return sent

    def _answered(self, tx: str | None, sent: Sent) -> None:
        why = "cancelled" if sent.cancelled() else sent.exception()
        if tx is not None:
            self._acknowledged(told.Released(tx) if why is None else _failed(tx, str(why)))

    def _fail(self, command: asked.Command) -> list[Sent]:
        """Tell that there is nothing to release; not at once, for a step has to end first."""
        if isinstance(command, asked.Release):
            failed = _failed(command.tx, "not connected")
            asyncio.get_running_loop().call_soon(self._acknowledged, failed)
        return []


def _failed(tx: str, why: str) -> told.ReleaseFailed:
    return told.ReleaseFailed(tx, why)


def _forget(sent: Sent) -> None:
    """Nobody asks how it went."""
    del sent
