"""The broker as all controllers of a gateway share it: one connection, kept and made again.

Two hundred gates on two hundred connections would be two hundred keep-alives and sessions at the
broker, and as many sockets to lose at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal, Protocol

import structlog

from drivers.drops import Drops
from drivers.mqtt import codec
from drivers.mqtt.connection import Away, Connection, Target, VersionRefused, connected
from drivers.mqtt.packets import Filter, Message, Will

AGAIN_S: Final = 0.25
LOOK_S: Final = 0.25
ANNOUNCE_S: Final = 10.0

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """A controller behind the broker; what it is told, it takes at once."""

    @property
    def filters(self) -> Sequence[Filter]:
        """What it wants to hear."""

    def connected(self) -> None:
        """The broker is there; what it kept comes next."""

    def lost(self, why: str) -> None:
        """The broker is away, and with it all that was sent and not answered."""

    def heard(self, topic: str, payload: bytes, *, kept: bool) -> None:
        """A message of one of the filters; `kept`: not sent now, but kept by the broker."""

    def look(self) -> None:
        """Look after the devices; called a few times a second while the broker is there."""


class Broker:
    """A broker; it is connected while anybody listens."""

    def __init__(
        self,
        target: Target,
        identifier: str,
        status_topic: str,
        wall: Callable[[], int],
        drops: Drops | None = None,
    ) -> None:
        self.target = target
        self.drops = Drops() if drops is None else drops
        self.connections = 0
        """How often it was connected to."""
        self._topic = status_topic
        self._identifier = identifier
        self._wall = wall
        self._listeners: list[Listener] = []
        self._routes: dict[str, list[Listener]] = {}
        self._connection: Connection | None = None
        self._asked = asyncio.Event()
        self._wanted: list[Filter] = []
        self._unwanted: set[str] = set()
        self._ever: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether the broker is there."""
        return self._connection is not None

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: Literal[0, 1] = 1,
        retain: bool = False,
        within_s: float | None = None,
    ) -> None:
        """Send a message now or never.

        Raises:
            Away: The broker is away.
        """
        if self._connection is None:
            raise Away(f"the broker {self.target.name} is away")
        self._connection.publish(topic, payload, qos=qos, retain=retain, within_s=within_s)

    @asynccontextmanager
    async def listening(self, listener: Listener) -> AsyncIterator[asyncio.Task[None]]:
        """Listen until the end of the block; the first starts the connection, the last ends it."""
        while self._ending is not None:  # two connections of one name would throw each other out
            await asyncio.wait((self._ending,))
        self._listeners.append(listener)
        for one in listener.filters:
            self._routes.setdefault(one.topic, []).append(listener)
            self._ever.add(one.topic)
        if self._connection is not None:
            listener.connected()
        self._wanted += listener.filters
        self._asked.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"mqtt-{self.target.name}")
        try:
            yield self._task
        finally:
            self._forget(listener)
            if not self._listeners:
                await self._stop()

    def _forget(self, listener: Listener) -> None:
        self._listeners.remove(listener)
        for one in listener.filters:
            rest = self._routes[one.topic]
            rest.remove(listener)
            if not rest:  # the subscription stays: what is said while we are away is kept for us
                del self._routes[one.topic]

    async def _stop(self) -> None:
        self._ending, self._task = self._task, None
        if self._ending is not None:
            self._ending.cancel()
            try:
                await asyncio.wait((self._ending,))
            finally:
                self._ending = None

    async def _run(self) -> None:
        """Connect, and again a quarter of a second after each end."""
        modern = self.target.protocol != "3.1.1"
        spoken = False
        while True:
            why = ""
            try:
                await self._connect(modern=modern)
            except VersionRefused as error:
                if modern and self.target.protocol == "auto":
                    log.info("mqtt_older_broker", broker=self.target.name)
                    modern = False
                    continue
                why = str(error)
            except Away as error:
                why = str(error)
            if self._connection is not None:
                spoken = False
                self._connection = None
            if not spoken:
                log.warning("mqtt_down", broker=self.target.name, why=why)
                spoken = True
            for listener in tuple(self._listeners):
                listener.lost(f"the broker is away: {why}")
            await asyncio.sleep(AGAIN_S)

    async def _connect(self, *, modern: bool) -> None:
        """Be connected until the connection is lost, which raises `Away`."""
        will = Will(self._topic, codec.write_gateway_status(online=False, at=self._wall()))
        async with connected(
            self.target, self._identifier, will, self._heard, modern=modern
        ) as connection:
            self._connection = connection
            self.connections += 1
            log.info("mqtt_up", broker=self.target.name, version="5" if modern else "3.1.1")
            for listener in tuple(self._listeners):
                listener.connected()
            self._wanted = [one for listener in self._listeners for one in listener.filters]
            self._unwanted.clear()
            self._asked.set()
            try:
                await self._serve(connection)
            except asyncio.CancelledError:
                self._say_goodbye()
                raise

    async def _serve(self, connection: Connection) -> None:
        """Hear, speak and look after the devices until the connection is lost."""
        hearing = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._subscribe(connection, hearing), name="mqtt-subscribe")
                group.create_task(self._announce(hearing), name="mqtt-announce")
                group.create_task(self._look(), name="mqtt-look")
                group.create_task(self._until_lost(connection), name="mqtt-lost")
        except* Away as ends:
            raise Away(str(ends.exceptions[0])) from None

    async def _until_lost(self, connection: Connection) -> None:
        raise Away(await connection.lost())

    async def _subscribe(self, connection: Connection, hearing: asyncio.Event) -> None:
        """Ask the broker for what is wanted, now and whenever that changes."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            wanted, self._wanted = self._wanted, []
            unwanted, self._unwanted = self._unwanted, set()
            if unwanted:
                await connection.unsubscribe(list(unwanted))
            if wanted:
                await connection.subscribe(list({one.topic: one for one in wanted}.values()))
            hearing.set()

    async def _announce(self, hearing: asyncio.Event) -> None:
        """Say every ten seconds that this gateway is there, once it hears: gates rely on it."""
        await hearing.wait()
        while True:
            alive = codec.write_gateway_status(online=True, at=self._wall())
            self.publish(self._topic, alive, retain=True)
            await asyncio.sleep(ANNOUNCE_S)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for listener in tuple(self._listeners):
                listener.look()

    def _say_goodbye(self) -> None:
        gone = codec.write_gateway_status(online=False, at=self._wall())
        try:
            self.publish(self._topic, gone, retain=True)
        except Away:
            log.debug("mqtt_left_unsaid", broker=self.target.name)
        self._connection = None

    def _heard(self, message: Message) -> None:
        topic = message.topic
        listeners = self._routes.get(topic)
        if listeners is None:
            self.drops.count(asyncio.get_running_loop().time(), "?", "topic", topic=topic[:100])
            if topic not in self._ever:  # of a session begun with an earlier site file
                self._unwanted.add(topic)
                self._asked.set()
            return
        for listener in tuple(listeners):
            listener.heard(topic, message.payload, kept=message.kept)
