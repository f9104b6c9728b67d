"""A venue's side of the wire: a link that runs, and the signals it has given."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

import orjson

from drivers.commands import Command, Release
from drivers.link import CommandFailed, Device, Link, Surroundings
from drivers.mqtt import MqttSettings, MqttWire
from drivers.mqtt.broker import Broker
from drivers.mqtt.codec import gate_topic, to_text
from drivers.mqtt.connection import Connection, Target, connected
from drivers.mqtt.packets import Filter, Message
from drivers.mqtt.simulator import Habits, SimulatedGate
from drivers.signals import LinkChanged, Signal

SITE = "museum"
GATE = "north-1"
QUICK = Habits(hold_s=0.3, walk_s=0.05, patience_s=1.0)


def wall() -> int:
    return time.time_ns() // 1_000_000


class Venue:
    """Links, what they told, and the commands sent over them."""

    def __init__(self, url: str, wire: MqttWire | None = None, gateway: str = "main") -> None:
        self.wire = wire or MqttWire()
        self.url = url
        self.gateway = gateway
        self.signals: list[Signal] = []
        self.links: dict[str, Link] = {}
        self._news = asyncio.Event()

    def take(self, signal: Signal) -> None:
        self.signals.append(signal)
        self._news.set()

    @asynccontextmanager
    async def running(
        self, settings: MqttSettings | None = None, devices: Sequence[Device | str] = (GATE,)
    ) -> AsyncIterator["Venue"]:
        """Keep one link with these devices until the end of the block."""
        made = [Device(one, "turnstile") if isinstance(one, str) else one for one in devices]
        surroundings = Surroundings(SITE, self.gateway, self.url, made, self.take, wall)
        link = self.wire.link(settings or MqttSettings(), surroundings)
        self.links |= dict.fromkeys((device.id for device in made), link)
        task = asyncio.create_task(link.run(), name="link")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled():
                task.result()

    @property
    def broker(self) -> Broker:
        (broker,) = self.wire.brokers.values()
        return broker

    async def until(self, what: Callable[[], bool], within_s: float = 5.0) -> float:
        """Wait until something holds; return how long that took."""
        begun = time.monotonic()
        async with asyncio.timeout(within_s):
            while not what():
                self._news.clear()
                try:
                    async with asyncio.timeout(0.02):
                        await self._news.wait()
                except TimeoutError:
                    continue
        return time.monotonic() - begun

    def up(self, device: str = GATE) -> bool | None:
        told = [s.up for s in self.signals if isinstance(s, LinkChanged) and s.device == device]
        return told[-1] if told else None

    async def until_up(self, device: str = GATE, within_s: float = 5.0) -> float:
        return await self.until(lambda: self.up(device) is True, within_s)

    async def until_down(self, device: str = GATE, within_s: float = 5.0) -> float:
        return await self.until(lambda: self.up(device) is False, within_s)

    def told[Told](self, kind: type[Told]) -> list[Told]:
        return [signal for signal in self.signals if isinstance(signal, kind)]

    async def send(self, command: Command, device: str = GATE, within_ms: int = 2000) -> None:
        await self.links[device].send(device, command, wall() + within_ms)

    async def failure(self, command: Command, device: str = GATE) -> str:
        """Send a command that must fail; return why it did."""
        try:
            await self.send(command, device)
        except CommandFailed as failure:
            return str(failure)
        raise AssertionError("it was acknowledged")


def a_release(tx: str = "e1") -> Release:
    return Release("entry", 500, 1, tx)


def a_gate(url: str, gate: str = GATE, habits: Habits = QUICK, seed: int = 1) -> SimulatedGate:
    return SimulatedGate(url, SITE, gate, wall=wall, dice=Random(seed), habits=habits)


def now_text(ahead_ms: int = 0) -> str:
    return to_text(wall() + ahead_ms)


def topic(leaf: str, gate: str = GATE) -> str:
    return gate_topic(SITE, gate, leaf)


class Client:
    """Somebody at the broker: a gate by hand, a spy, a rogue."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.connection: Connection

    async def subscribe(self, *topics: str) -> None:
        await self.connection.subscribe([Filter(topic, kept=True) for topic in topics])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.connection.publish(topic, payload, retain=retain)

    async def next(self) -> Message:
        async with asyncio.timeout(5):
            return await self.heard.get()

    async def settled(self) -> None:
        """Wait until the broker has taken all that was published."""
        await self.subscribe("nothing/at/all")


@asynccontextmanager
async def a_client(url: str, name: str = "", session_s: int = 0) -> AsyncIterator[Client]:
    """Connect a client that is nobody in particular."""
    client = Client()
    name = name or f"client-{uuid.uuid4()}"
    async with connected(
        Target(url), name, None, client.heard.put_nowait, session_s=session_s
    ) as connection:
        client.connection = connection
        yield client
        await client.settled()


def say(client: Client, leaf: str, *, retain: bool = False, **fields: object) -> None:
    """Publish as a gate."""
    client.publish(topic(leaf), orjson.dumps(fields), retain=retain)
