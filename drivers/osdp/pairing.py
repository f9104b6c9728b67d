"""Give a reader a key, or another one; find the readers of a line. For commands, not for gateways.

A reader is paired in a moment that somebody opens, and only then: it takes the key that everybody
knows (SCBK-D) while it is in its installation mode, and over that channel is given its own. Whoever
listens to the cable in that moment has the key, too; pair at a desk.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, override

from drivers.link import CommandFailed, Surroundings
from drivers.osdp.framing import CAPABILITIES, Frame
from drivers.osdp.line import Line, Speaker
from drivers.osdp.panel import Identity, Panel
from drivers.osdp.reader import PATIENCE_S, Reader
from drivers.osdp.settings import OsdpSettings

AGAIN_S: Final = 1.0
"""A reader that does not take the default key is tried again: it may be put into its mode."""
PROVES_S: Final = 5.0
"""With its new key it is there within so long."""
LOOK_S: Final = 0.05


class PairingFailed(Exception):
    """The reader has not got the key, as far as can be told."""


async def pair(settings: OsdpSettings, *, old: bytes | None, within_s: float) -> Identity:
    """Give a reader the key of its settings, and prove that it has it.

    Args:
        settings: the reader's; its line must be nobody else's.
        old: the key it has; none: it is in its installation mode, or soon will be.
        within_s: how long that is waited for.

    Raises:
        PairingFailed: With what is to be done.
    """
    key = settings.key
    if key is None:
        raise PairingFailed('secure = "off": it is spoken to without a key')
    line = Line(settings.line)
    if old is None:
        await _introduce(
            line, _reader(settings, line, Panel(settings.address, key, pairing=True)), within_s
        )
    else:
        await _change(line, _reader(settings, line, Panel(settings.address, old)), key, within_s)
    reader = _reader(settings, line, Panel(settings.address, key))
    async with line.spoken_on(reader):
        if not await _until_online(reader, PROVES_S):
            raise PairingFailed(f"it was given the key, and does not take it now: {reader.why}")
    return reader.panel.identity


def _reader(settings: OsdpSettings, line: Line, panel: Panel) -> Reader:
    around = Surroundings("", "", None, [], lambda _: None, lambda: 0)
    return Reader(settings, around, panel, line.wake)


async def _introduce(line: Line, reader: Reader, within_s: float) -> None:
    """Have libosdp try our key, then the default one, and set ours, until that has worked."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    why = "no answer"
    async with line.spoken_on(reader):
        while loop.time() < until:
            if not await _until_online(reader, min(AGAIN_S, until - loop.time())):
                why = reader.why or why
                continue
            if reader.panel.secure:
                return
            if not reader.panel.identity.secure:
                raise PairingFailed("it knows no secure channel")
            why = (
                "it does not take the default key: put it into its installation mode (its manual "
                "says how), or name the key it has (--old-key-file)"
            )
            await asyncio.sleep(min(AGAIN_S, max(0.0, until - loop.time())))
            reader.ask_anew(loop.time())
    raise PairingFailed(why)


async def _change(line: Line, reader: Reader, key: bytes, within_s: float) -> None:
    async with line.spoken_on(reader):
        if not await _until_online(reader, within_s):
            raise PairingFailed(reader.why)
        try:
            await reader.obeying.change_key(key)
        except CommandFailed as why:
            raise PairingFailed(f"it does not take another key: {why}") from why


async def _until_online(reader: Reader, within_s: float) -> bool:
    """Wait until a reader is there; tell whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not reader.online:  # nobody tells: there is no venue
                if "another program" in reader.why:
                    raise PairingFailed(f"{reader.why}: stop the gateway first")
                await asyncio.sleep(LOOK_S)
    return reader.online


class _Asked(Speaker):
    """Whoever is at an address: asked who they are and what they can, and nothing else."""

    def __init__(self, address: int) -> None:
        self.found: asyncio.Future[Identity | None] = asyncio.get_running_loop().create_future()
        self._address = address
        self._panel = Panel(address, None)
        self._id = 0

    @property
    @override
    def address(self) -> int:
        return self._address

    @property
    @override
    def urgent(self) -> bool:
        return False

    @property
    @override
    def patience_s(self) -> float:
        return PATIENCE_S

    @override
    def turn(self, now: float) -> bytes | None:
        data = None if self.found.done() else self._panel.turn()
        self._id = self._id if data is None else Frame.of(data).id
        return data

    @override
    def told(self, frame: Frame, now: float) -> None:
        self._panel.hear(frame.raw)
        if self._id == CAPABILITIES:
            self._end(self._panel.identity)

    @override
    def silent(self, now: float) -> None:
        self._end(None)

    @override
    def dropped(self, what: str, now: float) -> None:
        pass

    @override
    def opened(self, now: float) -> None:
        pass

    @override
    def lost(self, why: str) -> None:
        if not self.found.done():
            self.found.set_exception(PairingFailed(why))

    @override
    def ended(self) -> None:
        self._end(None)

    def _end(self, found: Identity | None) -> None:
        if not self.found.done():
            self.found.set_result(found)


async def look(settings: OsdpSettings, addresses: Iterable[int]) -> dict[int, Identity]:
    """Ask who is at these addresses of a line; nothing is changed.

    Raises:
        PairingFailed: The line cannot be opened, or is somebody else's.
    """
    line = Line(settings.line)
    found: dict[int, Identity] = {}
    for address in addresses:
        asked = _Asked(address)
        async with line.spoken_on(asked):
            identity = await asked.found
        if identity is not None:
            found[address] = identity
    return found
