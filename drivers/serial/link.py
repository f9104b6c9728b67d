"""A scan engine on its line: codes to the venue; nothing goes back."""

import asyncio
from typing import Final

from drivers.commands import Command, Ping
from drivers.link import Speaks, Surroundings
from drivers.pending import done, failed
from drivers.serial.codec import Framer, Rejected
from drivers.serial.codes import read_code
from drivers.serial.hearing import Hearing
from drivers.serial.line import Line
from drivers.serial.settings import SerialSettings
from drivers.signals import CodeRead, LinkChanged

STALE_S: Final = 1.0
"""A code that has begun and has not ended by then never will."""


class ScannerLink:
    """One scan engine, which is one reader."""

    def __init__(self, settings: SerialSettings, surroundings: Surroundings) -> None:
        known = settings.scanner
        self._ids = [each.id for each in surroundings.devices]
        self._take = surroundings.take
        self._drops = surroundings.drops
        self._rules = settings.rules
        self._path = settings.port
        framer = Framer(
            known.framing,
            check=known.framing_check,
            longest=self._rules.longest_frame,
            answers=[each.answer for each in known.answer],
        )
        silence_s = known.gap_ms / 1000 if known.framing == "gap" else STALE_S
        self._line = Line(settings.line, Hearing(framer, silence_s, self._read), self._tell)
        self._loop = asyncio.get_running_loop()

    @property
    def speaks(self) -> Speaks:
        """Nothing: it reads."""
        return "reader"

    async def run(self) -> None:
        """Keep the line until cancelled."""
        await self._line.run()

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Answer for the engine: it cannot be told anything."""
        del not_after
        if device not in self._ids:
            return failed(f"{device} is not on this link")
        if not isinstance(command, Ping):
            return failed(f"a scan engine cannot follow {type(command).__name__}")
        return done() if self._line.up else failed(f"{self._path} is not there")

    def _tell(self, up: bool, why: str) -> None:  # noqa: FBT001  # the one fact of the signal
        for name in self._ids:
            self._take(LinkChanged(name, up, why))

    def _read(self, frame: bytes | Rejected) -> None:
        code = frame if isinstance(frame, Rejected) else read_code(frame, self._rules)
        for name in self._ids:
            if isinstance(code, Rejected):
                self._drops.count(self._loop.time(), name, code.why.value)
            else:
                self._take(CodeRead(name, code.text, symbology=code.symbology))
