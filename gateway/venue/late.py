"""Scans granted while the entitlement store was silent: recorded when it answers again.

Only exits are (DESIGN 4): a door to the outside opens whatever happens, and the count is put right
later. They wait in memory: if the gateway dies meanwhile, the count misses them, nothing else.
"""

import asyncio
from collections import deque
from typing import Protocol

import structlog

from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim
from gateway.errors import StoreUnavailable

KEPT = 100_000
PAUSE_S = 0.25

log = structlog.get_logger()


class LateScan(Protocol):
    """A scan that somebody has granted already."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def place(self) -> Place: ...  # noqa: D102
    @property
    def nonce(self) -> str | None: ...  # noqa: D102
    @property
    def persons(self) -> int | None: ...  # noqa: D102
    @property
    def operator(self) -> str: ...  # noqa: D102
    @property
    def at(self) -> int: ...  # noqa: D102


class Recorder(Protocol):
    """What records it."""

    async def record(
        self,
        code: str,
        place: Place,
        claim: Claim,
        *,
        nonce: str | None = None,
        persons: int | None = None,
        operator: str = "",
    ) -> object:
        """Record a decision taken elsewhere."""


class LateScans:
    """The queue of one process."""

    def __init__(self, store: Recorder) -> None:
        self._store = store
        self._waiting: deque[LateScan] = deque(maxlen=KEPT)
        self._some = asyncio.Event()

    def __len__(self) -> int:
        """Count those that wait."""
        return len(self._waiting)

    def put(self, scan: LateScan) -> None:
        """Keep a scan; never waits."""
        self._waiting.append(scan)
        self._some.set()

    async def keep_recording(self) -> None:
        """Record until cancelled, each in its turn and with its own nonce."""
        while True:
            await self._some.wait()
            while self._waiting:
                scan = self._waiting[0]
                try:
                    await self._store.record(
                        scan.code,
                        scan.place,
                        Claim(at=scan.at, granted=True, degraded=True),
                        nonce=scan.nonce,
                        persons=scan.persons,
                        operator=scan.operator,
                    )
                except StoreUnavailable:
                    await asyncio.sleep(PAUSE_S)
                else:
                    if self._waiting and self._waiting[0] is scan:
                        self._waiting.popleft()
            self._some.clear()
