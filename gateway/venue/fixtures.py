"""What hangs on a board and lets nobody in: displays, lamps, relays."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from config.models import Equipment
from controllers.commands import Alarm
from drivers.commands import Command, Ping
from drivers.link import CommandFailed, Link
from drivers.signals import InputChanged, LinkChanged, Signal
from gateway.entitlements.place import Place
from gateway.venue.equipment import CannotFollow, NoAnswer, Order
from gateway.venue.needs import Needs
from gateway.venue.screens import Screen

GOOD_FOR_MS = 2_000


class Fixture:
    """One of them."""

    def __init__(self, equipment: Equipment, places: Iterable[Place], needs: Needs) -> None:
        self.equipment = equipment
        self.id = equipment.id
        self._needs = needs
        self._link: Link | None = None
        self._up = False
        self._inputs: dict[str, bool] = {}
        shows = equipment.kind in {"display", "lamp"}
        self.screen = Screen(equipment, places, needs, self.send) if shows else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be shown to people until the end of the block."""
        self._needs.panel.attach(self.id, self.obey)
        try:
            yield
        finally:
            if self.screen is not None:
                self.screen.end()
            self._needs.panel.detach(self.id)

    def connect(self, link: Link) -> None:
        """Speak over a link from now on."""
        self._link = link
        if self.screen is not None:
            self.screen.speaks = link.speaks

    def disconnect(self) -> None:
        """Speak over nothing."""
        self._link = None

    def take(self, signal: Signal) -> None:
        """Take what the wire tells."""
        panel, alarms = self._needs.panel, self._needs.alarms
        match signal:
            case LinkChanged(up=True):
                self._up = True
                panel.tell(self.id, link="up", state="idle")
                alarms.clear(Alarm.LINK_DOWN, equipment=self.id)
                if self.screen is not None:
                    self.screen.again()
            case LinkChanged(why=why):
                if self._up:
                    alarms.raise_(Alarm.LINK_DOWN, equipment=self.id, text=why)
                self._up = False
                panel.tell(self.id, link="down", state="unknown")
            case InputChanged(_, name, value):
                self._inputs = {**self._inputs, name: value}
                panel.tell(self.id, inputs=self._inputs)
            case _:
                pass

    def send(self, command: Command) -> None:
        """Have it do something, if it is there; nobody waits for its acknowledgement."""
        if self._link is not None and self._up:
            future = self._link.send(self.id, command, self._needs.wall() + GOOD_FOR_MS)
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def obey(self, order: Order) -> None:
        """Carry an operator's order out: it can only be asked whether it is there.

        Raises:
            CannotFollow: it was told something else.
            NoAnswer: it is not there.
        """
        if order.act != "test":
            raise CannotFollow(f"{self.id} follows test.")
        if self._link is None or not self._up:
            raise NoAnswer(f"{self.id} cannot be reached.")
        try:
            await self._link.send(self.id, Ping(), self._needs.wall() + GOOD_FOR_MS)
        except CommandFailed as why:
            raise NoAnswer(str(why)) from why
