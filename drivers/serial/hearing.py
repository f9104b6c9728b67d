"""What comes over a line, cut into its pieces: also those that only a silence ends."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from drivers.serial.codec import Rejected


class Cutter(Protocol):
    """Cuts bytes into frames (`codec.Framer`, `telegrams.Telegrams`)."""

    @property
    def unfinished(self) -> bool:
        """Whether something has begun and not ended."""

    def feed(self, data: bytes) -> list[bytes | Rejected]:
        """Take what was read."""

    def silence(self) -> list[bytes | Rejected]:
        """Take note that nothing has come for long enough."""

    def forget(self) -> None:
        """The line was lost."""


class Hearing:
    """One line.

    Args:
        cutter: cuts.
        silence_s: how long a silence is that ends what has begun.
        take: takes what was cut.

    Attributes:
        read_now: reads what has been waiting, set by the line: our own loop may be late, and a code
            must not be cut in two by that.
    """

    def __init__(
        self, cutter: Cutter, silence_s: float, take: Callable[[bytes | Rejected], None]
    ) -> None:
        self.read_now: Callable[[], None] | None = None
        self._cutter = cutter
        self._silence_s = silence_s
        self._take = take
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def heard(self, data: bytes) -> None:
        """Take what was read."""
        found = self._cutter.feed(data)
        if self._cutter.unfinished:
            self._heard_at = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_later(self._silence_s, self._silent)
        for each in found:
            self._take(each)

    def forget(self) -> None:
        """The line was lost, or has come: what had begun will never end."""
        self._cutter.forget()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _silent(self) -> None:
        self._timer = None
        if self.read_now is not None:
            self.read_now()
        if not self._cutter.unfinished or self._timer is not None:
            return
        left_s = self._heard_at + self._silence_s - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._silent)
        else:
            for each in self._cutter.silence():
                self._take(each)
