"""Reading codes, in one process: its keys, kept equal to the store's, and the site file's formats.

A scan asks `read`, which never waits. The store's version of the keys is asked every half second,
so that a key made, retired or revoked holds everywhere within one. A code that nothing here
explains has the store asked out of turn, so that the first code of a new key is not refused; one
question serves all codes that wait for it: a flood of forged ones makes a few small questions.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal, Protocol

import msgspec

from config import Site
from gateway.entitlements.place import Direction
from gateway.errors import StoreUnavailable
from gateway.tickets.codes.decoder import Decoder
from gateway.tickets.codes.foreign import formats_of
from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.reading import Fact, Reading
from gateway.tickets.decision import Decision
from gateway.tickets.reasons import Reason

LOOK_EVERY_S: Final = 0.5
LOOK_PAUSE_S: Final = 0.005
"""Between two questions, however many codes ask for one."""
NEW_KEY_PATIENCE_S: Final = 0.05
"""What a scan with a key unknown here may wait for the store: it has promised an answer in time."""


type Accepts = Literal["any", "proven", "rotating"]


class Shelf(Protocol):
    """The store's copy of the keys (`gateway.entitlements.code_keys`)."""

    async def version(self) -> bytes | None:
        """Return what differs after each change; ``None``: there are none."""

    async def read(self) -> tuple[bytes | None, Sequence[CodeKey]]:
        """Return the version, and all keys."""


class Codes:
    """What reads codes in one process.

    Args:
        shelf: the store's copy of the keys.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, shelf: Shelf, clock: Callable[[], int]) -> None:
        self._shelf = shelf
        self._clock = clock
        self._version: bytes | None = None
        self._decoder = Decoder()
        self._formats: Sequence[Callable[[str], Reading | None]] = ()
        self._asked = asyncio.Event()
        self._next_look = asyncio.Event()

    @property
    def keys(self) -> tuple[CodeKey, ...]:
        """All keys known here, whatever their state."""
        return self._decoder.keys

    def lay_out(self, site: Site) -> None:
        """Read the codes of a site from now on."""
        self._formats = formats_of(site.codes)
        self._decoder = Decoder(self.keys, self._formats)

    def read(self, text: str, at: int | None = None) -> Reading:
        """Read a code of at most 512 bytes, now or as at an instant (ms); never waits or raises."""
        return self._decoder.read(text, self._clock() if at is None else at)

    async def settled(self, text: str, reading: Reading, at: int | None = None) -> Reading:
        """Read a code again that a key unknown here may have made, if there are new keys.

        Waits at most 50 ms for `run` to ask the store, then reads with the keys there are.
        """
        fact = reading.fact
        if not reading.objection or (fact is not None and fact.what != "unknown_key"):
            return reading
        answered = self._next_look  # one under way may have been answered before the key was made
        self._asked.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(NEW_KEY_PATIENCE_S):
                await answered.wait()
        return self.read(text, at)

    async def look(self) -> None:
        """Take up the store's keys where they have changed.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        version = await self._shelf.version()
        if version is None or version == self._version:
            return  # a store that lost them gets them back from the database; ours hold meanwhile
        version, keys = await self._shelf.read()
        if version is None:
            return
        self._version = version
        self._decoder = Decoder(keys, self._formats)

    async def run(self) -> None:
        """Follow the store's keys until cancelled."""
        while True:
            self._asked.clear()
            answered, self._next_look = self._next_look, asyncio.Event()
            with suppress(StoreUnavailable):
                await self.look()
            answered.set()
            await asyncio.sleep(LOOK_PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()


def demanded(reading: Reading, accepts: Accepts, direction: Direction) -> Reading:
    """Object to a code that an entry does not take: a copy of what can be read in a proven one.

    Whoever goes out shows what they like.
    """
    if accepts == "any" or direction == "exit" or reading.objection or reading.step is not None:
        return reading
    if accepts == "proven":
        return reading if reading.signed else msgspec.structs.replace(reading, objection="b")
    return msgspec.structs.replace(reading, objection="t", signed=False)


def noted(decision: Decision, reading: Reading) -> Decision:
    """Add to a refusal what is known of its code."""
    if decision.reason not in {Reason.BAD_SIGNATURE, Reason.STALE_CODE}:
        return decision
    fact, ticket = reading.fact, decision.ticket
    if reading.step is not None and ticket is not None and ticket.last_at is not None:
        fact = Fact("used", ticket.last_at)
    return decision if fact is None else decision.with_fact(fact)
