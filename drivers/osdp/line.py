"""A line and the readers on it: one is asked at a time, and whoever has been told something first.

It runs in the event loop. A turn of libosdp's takes microseconds (docs/decisions/0013) and waits
for nothing; it is given when something was heard, when there is something to tell, and every
`TICK_S`, for libosdp asks each reader every 50 ms.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from drivers.osdp.framing import CRC, POLL, Frame, Framer, write
from drivers.serial.codec import Rejected
from drivers.serial.hearing import Hearing
from drivers.serial.line import Away, Port
from drivers.serial.line import Line as SerialLine

TICK_S: Final = 0.01
LONGEST_S: Final = 0.6
"""An answer that has begun is waited for; 300 bytes take half of this at 9600 baud."""
LATE_S: Final = 0.05
"""A turn that comes so late says that the machine is busy, not that a reader is gone."""
SILENCE_S: Final = 0.04
"""A frame that has begun and stands still for so long has ended; an adapter holds bytes 16 ms."""
GAP_CHARACTERS: Final = 2
"""The silence before we speak (IEC 60839-11-5, 5.7)."""
CHARACTER_BITS: Final = 10


class Speaker(Protocol):
    """A reader as its line sees it (`drivers.osdp.reader`)."""

    @property
    def address(self) -> int:
        """Its address."""

    @property
    def urgent(self) -> bool:
        """Whether there is something to tell it."""

    @property
    def patience_s(self) -> float:
        """How long its answer may take."""

    def turn(self, now: float) -> bytes | None:
        """Go on; return what is to be sent to it."""

    def told(self, frame: Frame, now: float) -> None:
        """Take its answer."""

    def silent(self, now: float) -> None:
        """No answer has come."""

    def dropped(self, what: str, now: float) -> None:
        """Something was heard that is no answer."""

    def opened(self, now: float) -> None:
        """The line is there."""

    def lost(self, why: str) -> None:
        """The line is not there (any more)."""

    def ended(self) -> None:
        """Nobody speaks to it any more."""


class Line:
    """One line."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self._readers: list[Speaker] = []
        self._serial: SerialLine | None = None
        self._task: asyncio.Task[None] | None = None
        self._asking: Speaker | None = None
        self._framer = Framer()
        self._until = self._latest = self._quiet_until = self._ticked_at = 0.0
        self._asked = Frame(write(0, CRC, POLL))
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def in_use(self) -> bool:
        """Whether anybody speaks on it."""
        return bool(self._readers)

    @asynccontextmanager
    async def spoken_on(self, reader: Speaker) -> AsyncIterator[asyncio.Task[None]]:
        """Let a reader be spoken to until the end of the block; the first opens the line."""
        self._readers.append(reader)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"osdp-{self.port.path}")
        elif self._up:
            reader.opened(self._loop.time())
        task = self._task
        try:
            yield task
        finally:
            self._readers.remove(reader)
            if self._asking is reader:
                self._asking = None
            reader.ended()
            if not self._readers:
                self._task = None
                task.cancel()
                await asyncio.wait((task,))

    def wake(self) -> None:
        """Somebody has something to be told: at once, if nobody is being asked."""
        if self._asking is None and self._up:
            self._loop.call_soon(self._go_on)

    @property
    def _up(self) -> bool:
        return self._serial is not None and bool(self._serial.up)

    # --- the line

    async def _run(self) -> None:
        self._framer = Framer()
        hearing = Hearing(self._framer, SILENCE_S, self._heard)
        self._serial = SerialLine(self.port, hearing, self._tell)
        try:
            await self._serial.run()
        finally:
            self._stop()
            self._serial = None

    def _tell(self, up: bool, why: str) -> None:  # noqa: FBT001  # the one fact of the signal
        now = self._loop.time()
        self._stop()
        for reader in tuple(self._readers):
            if up:
                reader.opened(now)
            else:
                reader.lost(why)
        if up:
            self._ticked_at = now
            self._tick()

    def _stop(self) -> None:
        self._asking = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        now = self._loop.time()
        if now - self._ticked_at > LATE_S:
            self._until += now - self._ticked_at  # we were away, and so may others have been
        self._ticked_at = now
        self._timer = self._loop.call_later(TICK_S, self._tick)
        self._go_on()

    # --- one at a time

    def _go_on(self) -> None:
        """Ask the next one, as soon as the one before has answered or will not."""
        serial, now = self._serial, self._loop.time()
        if serial is None or not serial.up:
            return
        if self._asking is not None and now >= self._until:
            serial.read_now()  # we may be late, not the reader
            if self._framer.unfinished and now < self._latest:
                self._until = now + SILENCE_S  # it speaks
            if (silent := self._silent(now)) is not None:
                self._asking = None
                silent.silent(now)
        if self._asking is not None or now < self._quiet_until:
            return
        for reader in sorted(self._readers, key=_not_urgent):
            data = reader.turn(now)
            if data is not None:
                self._readers.remove(reader)
                self._readers.append(reader)
                self._ask(serial, reader, data, now)
                return

    def _silent(self, now: float) -> Speaker | None:
        """Return who has not answered in time."""
        return self._asking if now >= self._until else None

    def _ask(self, serial: SerialLine, reader: Speaker, data: bytes, now: float) -> None:
        self._asking, self._asked = reader, Frame.of(data)
        self._until, self._latest = now + reader.patience_s, now + LONGEST_S
        try:
            serial.write(data)
        except Away:
            self._asking = None  # its going is told by itself

    def _heard(self, cut: bytes | Rejected) -> None:
        now = self._loop.time()
        if isinstance(cut, Rejected):
            self._drop(cut.why.value, now)
            return
        frame, asking = Frame(cut), self._asking
        if not frame.reply:
            if frame != self._asked:
                self._drop("echo", now)
            return
        if asking is None or not frame.answers(self._asked):
            self._drop("unsealed" if self._asked.sealed and not frame.sealed else "late", now)
            return
        self._asking = None
        gap_s = GAP_CHARACTERS * CHARACTER_BITS / self.port.baud
        self._quiet_until = now + gap_s
        asking.told(frame, now)
        self._loop.call_later(gap_s, self._go_on)

    def _drop(self, what: str, now: float) -> None:
        """Have it counted for the reader that was asked last."""
        concerned = self._asking or (self._readers[-1] if self._readers else None)
        if concerned is not None:
            concerned.dropped(what, now)


def _not_urgent(reader: Speaker) -> bool:
    return not reader.urgent
