"""Gates of ours behind a broker (DESIGN 8): signals to the venue, commands to the gates."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog

from drivers.commands import Command, Ping, ShowDecision
from drivers.link import Device, Speaks, Surroundings
from drivers.mqtt import codec
from drivers.mqtt.broker import Broker
from drivers.mqtt.codec import Rejected
from drivers.mqtt.connection import Away
from drivers.mqtt.memory import Age, Seen
from drivers.mqtt.packets import Filter
from drivers.mqtt.presence import Presence
from drivers.mqtt.settings import MqttSettings
from drivers.pending import Pending, done, failed
from drivers.signals import LinkChanged, StateRead

OLDEST_SCAN_MS: Final = 2000
"""Whoever presented an older code stands no longer there."""

log = structlog.get_logger(__name__)


class Gate:
    """One gate: what it says, and whether it is there."""

    def __init__(
        self, device: Device, surroundings: Surroundings, broker: Broker, settings: MqttSettings
    ) -> None:
        self.id = device.id
        self.pending = Pending(settings.ack_ms / 1000)
        self.presence = Presence(settings.keepalive_s, self._tell)
        self._take = surroundings.take
        self._wall = surroundings.wall
        self._broker = broker
        self._topic = partial(codec.gate_topic, surroundings.site, device.id)
        self._boot = ""
        self._missed = False
        self._scans = Seen()
        self._events = Seen()
        self._age = Age()
        self._asked: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self.hear = {
            self._topic("status"): self._status,
            self._topic("state"): self._state,
            self._topic("scan"): self._scan,
            self._topic("event"): self._event,
            self._topic("ack"): self._ack,
        }

    @property
    def filters(self) -> list[Filter]:
        """What it says; scans that waited at the broker are of people long gone."""
        return [
            Filter(self._topic("status"), kept=True),
            Filter(self._topic("state"), kept=True),
            Filter(self._topic("scan"), queued=False),
            Filter(self._topic("event")),
            Filter(self._topic("ack"), queued=False),
        ]

    # --- to the gate

    def send(self, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Send a command, unless it is too late or the gate is not there."""
        left_ms = not_after - self._wall()
        if left_ms <= 0:
            return failed("too late to be sent")
        if not self.presence.up:
            return failed(f"{self.id} is not there")
        try:
            if isinstance(command, ShowDecision):
                shown = codec.write_decision(command)
                self._broker.publish(self._topic("decision"), shown, within_s=left_ms / 1000)
                return done()
            name = self.pending.name()
            payload = codec.write_command(command, name, not_after)
            if payload is None:
                return failed(f"a gate cannot follow {type(command).__name__}")
            self._broker.publish(self._topic("cmd"), payload, within_s=left_ms / 1000)
        except Away as error:
            return failed(str(error))
        return self.pending.expect(name)

    def look(self) -> None:
        """Ask a gate that has been silent whether it is still there."""
        if self.presence.look(self._loop.time()):
            name = self.pending.name()
            payload = codec.write_command(Ping(), name, self._wall() + self._patience_ms)
            if payload is not None:
                within_s = self.presence.keepalive_s
                self._broker.publish(self._topic("cmd"), payload, within_s=within_s)
                self._asked = self.pending.expect(name)

    @property
    def _patience_ms(self) -> int:
        return round(self.presence.keepalive_s * 1000)

    # --- from the gate

    def _status(self, payload: bytes, *, kept: bool) -> None:
        read = codec.read_status(payload)
        if isinstance(read, Rejected):
            self._reject("status", read)
            return
        if read.boot and read.boot != self._boot:
            self._boot = read.boot
            self._age.forget()
            if self.presence.up:  # it was away for a moment that nobody noticed
                self.pending.fail_all("the gate has started anew")
        self.presence.status(self._loop.time(), online=read.online)
        del kept  # kept or not: so it stands

    def _state(self, payload: bytes, *, kept: bool) -> None:
        read = codec.read_state(self.id, payload)
        if isinstance(read, Rejected):
            self._reject("state", read)
            return
        if not kept:
            self._heard(read.at)
        self._take(read)

    def _scan(self, payload: bytes, *, kept: bool) -> None:
        if kept:
            self._drop("retained", topic="scan")
            return
        read = codec.read_scan(self.id, payload)
        if isinstance(read, Rejected):
            self._reject("scan", read)
            return
        age_ms = self._heard(read.at)
        if age_ms > OLDEST_SCAN_MS:
            self._drop("stale", age_ms=round(age_ms))
        elif self._scans.before(read.id):
            self._drop("repeated", topic="scan")
        else:
            self._take(read)

    def _event(self, payload: bytes, *, kept: bool) -> None:
        if kept:
            self._drop("retained", topic="event")
            return
        read = codec.read_event(self.id, payload)
        if isinstance(read, Rejected):
            self._reject("event", read)
            return
        self.presence.heard(self._loop.time())  # it may have waited: its age says nothing
        name = None if isinstance(read, StateRead) else read.id
        if name is not None and self._events.before(name):
            self._drop("repeated", topic="event")
        else:
            self._take(read)

    def _ack(self, payload: bytes, *, kept: bool) -> None:
        if kept:
            self._drop("retained", topic="ack")
            return
        read = codec.read_ack(payload)
        if isinstance(read, Rejected):
            self._reject("ack", read)
            return
        self.presence.heard(self._loop.time())
        known = (
            self.pending.succeed(read.id)
            if read.ok
            else self.pending.fail(read.id, read.error or "refused")
        )
        if not known:
            self._broker.drops.counts["late_ack"] += 1

    def _heard(self, said_at: int | None) -> float:
        now = self._loop.time()
        self.presence.heard(now)
        return 0.0 if said_at is None else self._age.of(said_at, self._wall(), now)

    def _reject(self, topic: str, rejected: Rejected) -> None:
        self._drop("rejected", topic=topic, field=rejected.field, why=rejected.why[:200])

    def _drop(self, what: str, **facts: object) -> None:
        self._broker.drops.count(self._loop.time(), self.id, what, **facts)

    def _tell(self, up: bool, why: str) -> None:  # noqa: FBT001
        if not up:
            self.pending.fail_all(why)
        if self._broker.up:  # else that was said, once for all of them
            if not up:
                log.warning("gate_down", device=self.id, why=why)
            elif self._missed:
                log.info("gate_up", device=self.id)
            self._missed = not up
        self._take(LinkChanged(self.id, up, why, self._boot))


class GateLink:
    """The gates of one controller."""

    def __init__(self, settings: MqttSettings, surroundings: Surroundings, broker: Broker) -> None:
        self._broker = broker
        self._make = partial(Gate, surroundings=surroundings, broker=broker, settings=settings)
        self._devices = surroundings.devices
        self._gates: dict[str, Gate] = {}
        self._filters: list[Filter] = []

    @property
    def speaks(self) -> Speaks:
        """Releases and passages."""
        return "gate"

    @property
    def filters(self) -> Sequence[Filter]:
        """What the gates say."""
        return self._filters

    async def run(self) -> None:
        """Keep the link until cancelled."""
        self._gates = {device.id: self._make(device) for device in self._devices}
        self._filters = [one for gate in self._gates.values() for one in gate.filters]
        self._hear = {
            topic: hear for gate in self._gates.values() for topic, hear in gate.hear.items()
        }
        try:
            async with self._broker.listening(self) as connection:
                await asyncio.shield(connection)
        finally:
            for gate in self._gates.values():
                gate.pending.fail_all("the link has ended")

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Send a command now; the future ends with the gate's acknowledgement."""
        gate = self._gates.get(device)
        return (
            failed(f"{device} is not on this link")
            if gate is None
            else gate.send(command, not_after)
        )

    def connected(self) -> None:
        """The broker is there."""
        now = asyncio.get_running_loop().time()
        for gate in self._gates.values():
            gate.presence.connected(now)

    def lost(self, why: str) -> None:
        """The broker is away: no gate can be reached, and nothing will be answered."""
        for gate in self._gates.values():
            gate.presence.lost(why)
            gate.pending.fail_all(why)

    def heard(self, topic: str, payload: bytes, *, kept: bool) -> None:
        """Hand a message to its gate."""
        self._hear[topic](payload, kept=kept)

    def look(self) -> None:
        """Look after the gates."""
        for gate in self._gates.values():
            gate.look()
