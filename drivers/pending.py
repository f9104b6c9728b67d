"""Commands that are under way: each ends with its acknowledgement, in time or not at all."""

import asyncio
import secrets
from dataclasses import dataclass, field

from drivers.link import CommandFailed


@dataclass(slots=True)
class Pending:
    """Commands by the id that their acknowledgement will name."""

    ack_s: float
    _prefix: str = field(default_factory=lambda: secrets.token_hex(4), init=False)
    _number: int = field(default=0, init=False)
    _waiting: dict[str, tuple[asyncio.Future[None], asyncio.TimerHandle]] = field(
        default_factory=dict, init=False
    )

    def __len__(self) -> int:
        return len(self._waiting)

    def has(self, name: str) -> bool:
        """Tell whether a command of this name is under way."""
        return name in self._waiting

    def of(self, name: str) -> asyncio.Future[None] | None:
        """Return the future of a command that is under way."""
        return self._waiting[name][0] if name in self._waiting else None

    def name(self) -> str:
        """Return an id that was never used before, nor by an earlier run of this gateway."""
        self._number += 1
        return f"{self._prefix}-{self._number}"

    def expect(self, name: str, *, within_s: float | None = None) -> asyncio.Future[None]:
        """Return the future of a command just sent."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        limit = self.ack_s if within_s is None else min(self.ack_s, within_s)
        timer = loop.call_later(limit, self.fail, name, f"no answer within {limit * 1000:.0f} ms")
        self._waiting[name] = (future, timer)
        future.add_done_callback(lambda _: self._forget(name))
        return future

    def succeed(self, name: str) -> bool:
        """Take an acknowledgement; False for one that nobody waits for (any more)."""
        future = self._forget(name)
        if future is not None and not future.done():
            future.set_result(None)
        return future is not None

    def fail(self, name: str, why: str) -> bool:
        """Take a refusal; False for one that nobody waits for."""
        future = self._forget(name)
        if future is not None and not future.done():
            future.set_exception(CommandFailed(why))
            future.exception()  # whoever does not look need not hear of it from the loop
        return future is not None

    def fail_all(self, why: str) -> None:
        """The line is lost: nothing will be answered any more."""
        for name in tuple(self._waiting):
            self.fail(name, why)

    def _forget(self, name: str) -> asyncio.Future[None] | None:
        future, timer = self._waiting.pop(name, (None, None))
        if timer is not None:
            timer.cancel()
        return future


def failed(why: str) -> asyncio.Future[None]:
    """Return the future of a command that was not sent."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(CommandFailed(why))
    future.exception()
    return future


def done() -> asyncio.Future[None]:
    """Return the future of what nobody acknowledges."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
