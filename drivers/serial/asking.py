"""Commands to a device whose answers name none of them: one at a time, each with its own answer.

An answer that comes late, or twice, must not pass for that of the next command. So after each
answer the line rests for a moment, and after an answer that did not come it waits for that one
before anything else is sent. Nothing is ever sent twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.link import CommandFailed
from drivers.serial.line import Away

WAIT_S: Final = 0.6
"""A command that has not gone out by then is not sent any more: somebody waits for its end."""


@dataclass(slots=True)
class Asked:
    """A command, in as many telegrams as it takes.

    Attributes:
        telegrams: what is still to be sent.
        tx: the release it is, or belongs to.
        side: the direction it lets somebody pass by; ``None``: it is no release.
        until: it is not begun after this (seconds of the loop).
        answered: ends when the last telegram has been acknowledged.
    """

    telegrams: deque[bytes]
    until: float
    answered: "asyncio.Future[None]"
    tx: str | None = None
    side: int | None = None
    sent: bool = False


class Asking:
    """The commands of one line.

    Args:
        write: sends bytes, or raises `Away`.
        ack_s: how long an answer may take.
        rest_s: how long nothing is sent after an answer.
        late_s: how long an overdue answer is waited for.
        surplus: told of an answer that nobody waits for.
        unsure: told of a command that was sent and not answered.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        ack_s: float,
        rest_s: float,
        late_s: float,
        surplus: Callable[[], None],
        unsure: Callable[[Asked], None],
    ) -> None:
        self._write = write
        self._ack_s = ack_s
        self._rest_s = rest_s
        self._late_s = late_s
        self._surplus = surplus
        self._unsure = unsure
        self._waiting: deque[Asked] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._owed = False
        self.current: Asked | None = None
        """The command that an answer is awaited for."""
        self._loop = asyncio.get_running_loop()

    def put(
        self,
        telegrams: Sequence[bytes],
        *,
        within_s: float,
        tx: str | None = None,
        side: int | None = None,
    ) -> "asyncio.Future[None]":
        """Send a command in its turn; return its answer."""
        until = self._loop.time() + min(within_s, WAIT_S)
        asked = Asked(deque(telegrams), until, self._loop.create_future(), tx, side)
        self._waiting.append(asked)
        self._go_on()
        return asked.answered

    def withdraw(self, tx: str) -> bool:
        """Take a command back that has not been sent yet; tell whether there was one."""
        found = next((each for each in self._waiting if each.tx == tx and not each.sent), None)
        if found is None:
            return False
        self._waiting.remove(found)
        _fail(found, "revoked before it was sent")
        return True

    def answer(self, *, ok: bool) -> Asked | None:
        """Take an answer; return the command it ends, if it ends one."""
        asked = self.current
        if asked is None:
            self._surplus()
            if self._owed:  # the one that was late: the line is clean again
                self._owed = False
                self._rest(self._rest_s)
            return None
        self.current = None
        self._rest(self._rest_s)
        if not ok:
            _fail(asked, "refused")
            return asked
        if asked.telegrams:
            self._waiting.appendleft(asked)
            return None
        if not asked.answered.done():
            asked.answered.set_result(None)
        return asked

    def lost(self, why: str) -> None:
        """The line is lost: nothing will be answered, and nothing sent any more."""
        self._owed = self.current is not None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, deque()
        for asked in (self.current, *waiting):
            if asked is not None:
                _fail(asked, why)
        self.current = None

    def opened(self) -> None:
        """The line is there; an answer of before may still be on its way."""
        if self._owed:
            self._rest(self._late_s)

    # --- one at a time

    def _go_on(self) -> None:
        while self._waiting and self.current is None and self._timer is None:
            asked = self._waiting.popleft()
            if not asked.sent and self._loop.time() >= asked.until:
                _fail(asked, "too late to be sent")
                continue
            try:
                self._write(asked.telegrams.popleft())
            except Away as why:
                _fail(asked, str(why))
                continue
            asked.sent = True
            self.current = asked
            self._timer = self._loop.call_later(self._ack_s, self._overdue)

    def _overdue(self) -> None:
        asked, self.current = self.current, None
        self._owed = True
        self._rest(self._late_s)
        if asked is not None:
            _fail(asked, f"no answer within {self._ack_s * 1000:.0f} ms")
            self._unsure(asked)

    def _rest(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._timer = None
        self._owed = False
        self._go_on()


def _fail(asked: Asked, why: str) -> None:
    if not asked.answered.done():
        asked.answered.set_exception(CommandFailed(why))
        asked.answered.exception()  # whoever does not look need not hear of it from the loop
