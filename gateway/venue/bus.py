"""Messages between the processes of a site, over the store's pub/sub: commands, answers, news.

A message is a JSON object whose ``do`` names its kind. It is heard by its own process at once and
without the store, by the others through it; so what concerns our own wires works while the store
is away. Nothing is replayed: one that comes late (``not_after``, milliseconds by the store's clock)
or twice (``id``) is dropped.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, Final

import orjson
import structlog
from redis.exceptions import RedisError

from gateway.entitlements.admin import StoreAdmin

type Message = dict[str, Any]
type Handler = Callable[[Message], None]
"""Takes a message in the event loop; it never waits."""

LASTS_MS: Final = 2_000
"""How long a message is good for where it does not say so itself."""
REMEMBERED: Final = 4_096
WAITING: Final = 10_000
HEARD_EVERY_S: Final = 1.0
SILENT_S: Final = 3.0
PAUSE_S: Final = 0.2

log = structlog.get_logger()


class Bus:
    """The messages of one process.

    Args:
        admin: the store.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, admin: StoreAdmin, clock: Callable[[], int]) -> None:
        self.admin = admin
        self.channel = admin.key("bus")
        self._clock = clock
        self._name = secrets.token_hex(6)
        self._numbers = count(1)
        self._handlers: dict[str, list[Handler]] = {}
        self._connected: list[Callable[[], None]] = []
        self._seen: dict[str, None] = {}
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self._outbox: deque[Message] = deque(maxlen=WAITING)
        self._some = asyncio.Event()
        self.up = False
        """Whether other processes are heard."""
        self.listen("answer", self._answered)

    def listen(self, kind: str, handler: Handler) -> None:
        """Hand messages of a kind to a handler."""
        self._handlers.setdefault(kind, []).append(handler)

    def on_connect(self, handler: Callable[[], None]) -> None:
        """Call a handler whenever messages are heard again: some may have been missed."""
        self._connected.append(handler)

    def publish(self, message: Message) -> str:
        """Tell every process, this one at once; return the message's id. Never waits."""
        message = self.sealed(message)
        self._outbox.append(message)
        self._some.set()
        self._hand_out(message)
        return str(message["id"])

    async def ask(self, message: Message, timeout_s: float = 1.0) -> Message | None:
        """Tell every process and wait for the first answer; ``None``: nobody answered in time."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        message = {"not_after": self._clock() + round(timeout_s * 1000), **message}
        message["id"] = name = self._new_id()
        self._asked[name] = future
        try:
            self.publish(message)
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            return None
        finally:
            del self._asked[name]

    def answer(self, message: Message, **facts: Any) -> None:
        """Answer a message that was asked."""
        self.publish({"do": "answer", "of": message["id"], **facts})

    def sealed(self, message: Message) -> Message:
        """Give a message its id and its end, and remember it as our own."""
        message = {"id": self._new_id(), "not_after": self._clock() + LASTS_MS, **message}
        self._remember(message["id"])
        return message

    async def run(self) -> None:
        """Hear and tell until cancelled; an absence of the store is overcome."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._keep_hearing(), name="bus-hear")
            both.create_task(self._keep_telling(), name="bus-tell")

    # --- out

    async def _keep_telling(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while self._outbox:
                message = self._outbox.popleft()
                if message["not_after"] < self._clock():
                    continue
                try:
                    await self.admin.client.publish(self.channel, orjson.dumps(message))
                except (RedisError, OSError):
                    self._outbox.appendleft(message)
                    await asyncio.sleep(PAUSE_S)

    # --- in

    async def _keep_hearing(self) -> None:
        while True:
            with suppress(RedisError, OSError, TimeoutError):
                await self._hear()
            self.up = False
            await asyncio.sleep(PAUSE_S)

    async def _hear(self) -> None:
        """Hear over one connection until it is lost."""
        pubsub = self.admin.client.pubsub()
        loop = asyncio.get_running_loop()
        try:
            await pubsub.subscribe(self.channel)
            heard_at = loop.time()
            while True:
                found = await pubsub.get_message(timeout=HEARD_EVERY_S)
                if found is None:
                    if loop.time() - heard_at > SILENT_S:
                        return
                    await pubsub.ping()  # a store that has gone without a word does not answer
                    continue
                heard_at = loop.time()
                if found["type"] == "subscribe":
                    self.up = True
                    for handler in self._connected:
                        handler()
                elif found["type"] == "message":
                    self._take(found["data"])
        finally:
            await pubsub.aclose()

    def _take(self, text: bytes) -> None:
        try:
            message = orjson.loads(text)
            name, not_after = str(message["id"]), int(message["not_after"])
        except (ValueError, KeyError, TypeError):
            log.warning("bus_message_unreadable")
            return
        if name in self._seen:
            return
        self._remember(name)
        if not_after >= self._clock():
            self._hand_out(message)

    def _hand_out(self, message: Message) -> None:
        for handler in self._handlers.get(message.get("do", ""), ()):
            try:
                handler(message)
            except Exception as error:  # noqa: BLE001  # one listener's fault stops no other
                log.error("bus_handler_failed", kind=message["do"], error=repr(error))  # noqa: TRY400

    def _answered(self, message: Message) -> None:
        future = self._asked.get(message["of"])
        if future is not None and not future.done():
            future.set_result(message)

    def _remember(self, name: str) -> None:
        self._seen[name] = None
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _new_id(self) -> str:
        return f"{self._name}-{next(self._numbers)}"
