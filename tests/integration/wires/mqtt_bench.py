"""A gate of ours on MQTT, with a broker of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import override

from drivers.commands import Command, Release
from drivers.link import Device
from drivers.mqtt import MqttSettings, MqttWire
from drivers.mqtt.connection import Away
from drivers.mqtt.simulator import Habits
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.mqtt.venue import a_gate, topic
from tests.integration.wires.bench import Bench


class MqttBench(Bench):
    """Its cable is the broker's: unplugged, the broker is gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.broker = Mosquitto(folder)
        self.address = self.broker.url
        self.gate = a_gate(self.broker.url, habits=Habits(hold_s=60.0))

    @property
    @override
    def device(self) -> Device:
        return Device(self.gate.id, "turnstile")

    @override
    def wire(self) -> MqttWire:
        return MqttWire()

    @override
    def settings(self) -> MqttSettings:
        return MqttSettings(keepalive_s=1)

    @override
    def command(self, number: int) -> Command:
        return Release("entry", 500, 1, f"e{number}")

    @override
    @asynccontextmanager
    async def running(self) -> AsyncIterator[object]:
        self.broker.start()
        try:
            async with self.gate.running():
                yield self
        finally:
            self.broker.kill()

    @override
    async def unplug(self) -> None:
        self.broker.kill()

    @override
    async def plug(self) -> None:
        self.broker.start()

    @override
    def mute(self, *, on: bool) -> None:
        self.gate.faults.mute = on

    @override
    def lose_answers(self, *, on: bool) -> None:
        self.gate.faults.late_ack_s = 60.0 if on else 0.0

    @override
    def obeyed(self) -> int:
        return sum(each["do"] == "release" for each in self.gate.obeyed)

    @override
    def happen(self, number: int) -> None:
        self.gate.scan(f"TICKET{number}")

    @override
    def rave(self) -> None:
        try:
            assert self.gate._connection is not None
            self.gate._connection.publish(topic("scan"), b"\xff{junk")
        except Away as error:
            raise AssertionError("not connected") from error
