"""A board with relays and inputs behind a broker, in a dialect of its maker's."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, cast

import structlog

from config.contacts import contacts_of
from config.values import Kind
from drivers.commands import Command, Ping, Pulse, Set
from drivers.link import CommandFailed, Device, Speaks, Surroundings
from drivers.mqtt.broker import Broker
from drivers.mqtt.codec import Rejected
from drivers.mqtt.connection import Away
from drivers.mqtt.dialects.dialect import Answered, Dialect, Level, Present, Said, Step
from drivers.mqtt.packets import Filter
from drivers.mqtt.presence import Presence
from drivers.mqtt.settings import MqttSettings
from drivers.pending import Pending, done, failed
from drivers.signals import InputChanged, LinkChanged, StateRead

NEVER_ASKED: Final = float("inf")

log = structlog.get_logger(__name__)


def inputs_of(devices: Sequence[Device]) -> dict[int, list[tuple[str, str]]]:
    """Tell whose inputs are on a board, by their numbers: equipment and channel."""
    found: dict[int, list[tuple[str, str]]] = {}
    for device in devices:
        for contact in contacts_of(cast("Kind", device.kind)):
            channel = device.channels.get(contact.name)
            if channel is not None and not contact.output:
                found.setdefault(channel.at, []).append((device.id, contact.name))
    return found


def outputs_of(devices: Sequence[Device]) -> set[int]:
    """Tell which outputs of a board are used."""
    inputs = {(device, name) for users in inputs_of(devices).values() for device, name in users}
    return {
        channel.at
        for device in devices
        for name, channel in device.channels.items()
        if (device.id, name) not in inputs
    }


class BoardLink:
    """One board; all its equipment is up or down together."""

    def __init__(
        self,
        settings: MqttSettings,
        surroundings: Surroundings,
        broker: Broker,
        dialect: Dialect,
    ) -> None:
        self.pending = Pending(settings.ack_ms / 1000)
        self._name = settings.prefix or ""
        self._surroundings = surroundings
        self._devices = {device.id: device for device in surroundings.devices}
        self._broker = broker
        self._dialect = dialect
        self._levels: dict[int, bool] = {}
        self._inputs = inputs_of(surroundings.devices)
        self._asked: asyncio.Future[None] | None = None
        self._ends: set[asyncio.TimerHandle] = set()
        asked = settings.keepalive_s if dialect.ask("") else NEVER_ASKED
        self.presence = Presence(asked, self._tell)
        self._clock: Callable[[], float] = lambda: 0.0

    @property
    def speaks(self) -> Speaks:
        """Outputs and inputs."""
        return "contacts"

    @property
    def filters(self) -> Sequence[Filter]:
        """What the board says."""
        return self._dialect.filters

    async def run(self) -> None:
        """Keep the link until cancelled."""
        self._clock = asyncio.get_running_loop().time
        try:
            async with self._broker.listening(self) as connection:
                await asyncio.shield(connection)
        finally:
            self.pending.fail_all("the link has ended")
            for end in self._ends:
                end.cancel()

    # --- to the board

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Switch an output now; the future ends with the board's acknowledgement."""
        known = self._devices.get(device)
        if known is None:
            return failed(f"{device} is not on this link")
        match command:
            case Ping():
                asked = self._dialect.ask(self.pending.name())
                if not asked:
                    return self._presumed()
                under_way = self.pending.of(asked[-1].key)
                return under_way or self._carry_out(asked, not_after)
            case Pulse(channel=name) | Set(channel=name):
                channel = known.channels.get(name)
                if channel is None:
                    return failed(f"{device} has no channel {name}")
                return self._switch(channel.at, command, not_after)
            case _:
                return failed(f"a board cannot follow {type(command).__name__}")

    def _switch(self, output: int, command: Pulse | Set, not_after: int) -> "asyncio.Future[None]":
        name = self.pending.name()
        if isinstance(command, Set):
            return self._carry_out(self._dialect.switch(output, name, on=command.on), not_after)
        steps = self._dialect.pulse(output, command.ms, name, on=command.on)
        if steps is not None:
            return self._carry_out(steps, not_after)
        return self._pulse_by_hand(output, command, name, not_after)

    def _presumed(self) -> "asyncio.Future[None]":
        """Answer for a board that cannot be asked: by its birth and will."""
        return done() if self.presence.up else failed(f"the board {self._name} is not there")

    def _pulse_by_hand(
        self, output: int, pulse: Pulse, name: str, not_after: int
    ) -> "asyncio.Future[None]":
        """Switch back by a second message: worse, for we may be gone by then."""
        sent = self._carry_out(self._dialect.switch(output, name, on=pulse.on), not_after)

        def back() -> None:
            self._ends.discard(end)
            ended = self._dialect.switch(output, self.pending.name(), on=not pulse.on)
            self._carry_out(ended, self._surroundings.wall() + pulse.ms).add_done_callback(told)

        def told(future: "asyncio.Future[None]") -> None:
            if not future.cancelled() and (error := future.exception()) is not None:
                log.error("output_not_switched_back", board=self._name, output=output, why=error)

        end = asyncio.get_running_loop().call_later(pulse.ms / 1000, back)
        self._ends.add(end)
        return sent

    def _carry_out(self, steps: Sequence[Step], not_after: int) -> "asyncio.Future[None]":
        """Take one step after the other, each once the one before was acknowledged."""
        left_ms = not_after - self._surroundings.wall()
        if left_ms <= 0:
            return failed("too late to be sent")
        if not self.presence.up:
            return failed(f"the board {self._name} is not there")
        first, *rest = steps
        if self.pending.has(first.key):
            return failed("the board has not answered the last one yet")
        try:
            self._broker.publish(first.topic, first.payload, within_s=left_ms / 1000)
        except Away as error:
            return failed(str(error))
        answered = self.pending.expect(first.key)
        if not rest:
            return answered
        whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answered.add_done_callback(partial(self._go_on, whole, rest, not_after))
        return whole

    def _go_on(
        self,
        whole: "asyncio.Future[None]",
        steps: Sequence[Step],
        not_after: int,
        before: "asyncio.Future[None]",
    ) -> None:
        if whole.done():
            return
        if before.cancelled() or (error := before.exception()) is not None:
            why = "given up" if before.cancelled() else str(error)
            whole.set_exception(CommandFailed(why))
            whole.exception()
        elif steps:
            first, *rest = steps
            self._carry_out((first,), not_after).add_done_callback(
                partial(self._go_on, whole, rest, not_after)
            )
        else:
            whole.set_result(None)

    def look(self) -> None:
        """Ask a board that has been silent whether it is still there."""
        if self.presence.look(self._clock()):
            self._ask()

    def _ask(self) -> None:
        for step in self._dialect.ask(self.pending.name()):
            if not self.pending.has(step.key):
                with suppress(Away):
                    self._broker.publish(step.topic, step.payload, within_s=self.pending.ack_s)
                    self._asked = self.pending.expect(step.key)

    # --- from the board

    def connected(self) -> None:
        """The broker is there."""
        self.presence.connected(self._clock())

    def lost(self, why: str) -> None:
        """The broker is away."""
        self.presence.lost(why)
        self.pending.fail_all(why)

    def heard(self, topic: str, payload: bytes, *, kept: bool) -> None:
        """Take what the board says."""
        for said in self._dialect.understand(topic, payload):
            self._take(said, kept=kept)

    def _take(self, said: Said, *, kept: bool) -> None:
        now = self._clock()
        match said:
            case Present(online):
                self.presence.status(now, online=online)
                return
            case Answered(key, ok, error):
                if not kept:
                    self.pending.succeed(key) if ok else self.pending.fail(key, error)
            case Level():
                self._level(said, live=said.live and not kept)
            case Rejected(field, why):
                self._broker.drops.count(now, self._name, "rejected", field=field, why=why[:200])
                return
        if not kept:
            self.presence.heard(now)

    def _level(self, level: Level, *, live: bool) -> None:
        """Tell a change; what is heard first, was asked for or kept, is how things stand."""
        number, value, at = level.number, level.value, level.at
        if self._levels.get(number) is value:
            return
        live = live and number in self._levels
        self._levels[number] = value
        for device, name in self._inputs.get(number, ()):
            self._surroundings.take(
                InputChanged(device, name, value, at=at)
                if live
                else StateRead(device, inputs={name: value}, at=at)
            )

    def _tell(self, up: bool, why: str) -> None:  # noqa: FBT001
        if up:
            self._dialect.forget()
            self._levels.clear()  # told anew, as it now stands
            log.info("board_up", board=self._name)
        else:
            self.pending.fail_all(why)
            if self._broker.up:
                log.warning("board_down", board=self._name, why=why)
        for device in self._devices:
            self._surroundings.take(LinkChanged(device, up, why))
        if up:
            self._ask()
