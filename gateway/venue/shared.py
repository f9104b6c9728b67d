"""A hash in the store that every process of the site has in memory, and any may write.

Written here first, so that it holds without the store; then in the store, together with a message
to the other processes. Read again every few seconds and whenever messages may have been missed. A
store that has lost the hash gets it back from those who remember it.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
from redis.exceptions import RedisError

from gateway.errors import StoreUnavailable
from gateway.venue.bus import Bus, Message

READ_EVERY_S: Final = 3.0
PAUSE_S: Final = 0.2
MARK: Final = "."
"""A field that tells an empty hash from a lost one."""

type Told = Callable[[str, Any], None]
"""Told of a field and its new value; ``None``: it has gone."""


class Shared:
    """One such hash; its values are whatever JSON can write.

    Args:
        bus: the messages of this process.
        name: the hash's key at this site, and the kind of its messages.
        plain: the values are texts, written as they are.
        pause_s: at least so long between two writes of this process; changes gather meanwhile.
    """

    def __init__(self, bus: Bus, name: str, *, plain: bool = False, pause_s: float = 0.0) -> None:
        self._bus = bus
        self._name = name
        self._key = bus.admin.key(name)
        self._plain = plain
        self._pause_s = pause_s
        self._entries: dict[str, Any] = {}
        self._unwritten: dict[str, Any] = {}
        self._heard: set[str] = set()
        self._told: list[Told] = []
        self._wake = asyncio.Event()
        self._stale = True
        self.loaded = asyncio.Event()
        """Set once the store's hash has been read."""
        self._settled = asyncio.Event()
        self._running = False
        bus.listen(name, self._hear)
        bus.on_connect(self._read_again)

    @property
    def entries(self) -> Mapping[str, Any]:
        """What holds now, by field."""
        return self._entries

    def on_change(self, told: Told) -> None:
        """Tell somebody of each change, here or elsewhere."""
        self._told.append(told)

    def put(self, field: str, value: Any) -> None:
        """Set a field from now on; ``None`` removes it. Never waits."""
        if value == self._entries.get(field) and field not in self._unwritten:
            return
        self._unwritten[field] = value
        self._settled.clear()
        self._wake.set()
        self._apply(field, value)

    async def settled(self, within_s: float = 1.0) -> bool:
        """Wait until the store has what was put; False: it does not answer, and gets it later."""
        if self._running:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._settled.wait()
        return not self._unwritten

    async def run(self) -> None:
        """Keep the hash and our memory of it equal until cancelled."""
        self._running = True
        try:
            await self._keep_equal()
        finally:
            self._running = False

    async def _keep_equal(self) -> None:
        loop = asyncio.get_running_loop()
        read_at = 0.0
        while True:
            self._wake.clear()
            try:
                if self._unwritten:
                    await self._write()
                    await asyncio.sleep(self._pause_s)
                if self._stale or loop.time() >= read_at:
                    self._stale = False
                    await self._read()
                    read_at = loop.time() + READ_EVERY_S
            except StoreUnavailable:
                self._stale = True
                await asyncio.sleep(PAUSE_S)
                continue
            if not self._unwritten:
                self._settled.set()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(read_at):
                    await self._wake.wait()

    # --- the store's side

    async def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        try:
            async with self._bus.admin.client.pipeline(transaction=True) as pipe:
                for field, value in unwritten.items():
                    if value is None:
                        pipe.hdel(self._key, field)
                    else:
                        pipe.hset(self._key, field, self._written(value))
                    message = {"do": self._name, "field": field, "value": value}
                    pipe.publish(self._bus.channel, orjson.dumps(self._bus.sealed(message)))
                await pipe.execute()
        except (RedisError, OSError) as error:
            self._unwritten = unwritten | self._unwritten
            raise StoreUnavailable from error

    async def _read(self) -> None:
        self._heard.clear()
        try:
            found = await self._bus.admin.client.hgetall(self._key)
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        values = {name.decode(): value for name, value in found.items()}
        if values.pop(MARK, None) is None:
            self._unwritten = {MARK: "1", **self._entries, **self._unwritten}
            self._wake.set()
        else:
            for field in values.keys() | self._entries.keys():
                if field not in self._unwritten and field not in self._heard:
                    text = values.get(field)
                    self._apply(field, None if text is None else self._value(text))
        self.loaded.set()

    def _read_again(self) -> None:
        self._stale = True
        self._wake.set()

    def _written(self, value: Any) -> bytes | str:
        return value if isinstance(value, str) and self._plain else orjson.dumps(value)

    def _value(self, text: bytes) -> Any:
        return text.decode() if self._plain else orjson.loads(text)

    # --- our side

    def _hear(self, message: Message) -> None:
        field = message["field"]
        self._heard.add(field)
        if field not in self._unwritten:
            self._apply(field, message["value"])

    def _apply(self, field: str, value: Any) -> None:
        if field == MARK or self._entries.get(field) == value:
            return
        if value is None:
            del self._entries[field]
        else:
            self._entries[field] = value
        for told in self._told:
            told(field, value)
