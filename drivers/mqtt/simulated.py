"""What is not there and speaks the true wire: connected, and again, until its end.

The life that simulated gates and boards share.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Self

from drivers.mqtt.connection import Away, Connection

AGAIN_S: Final = 0.25


class Simulated(ABC):
    """A device on its own connection.

    Args:
        name: its task's.
    """

    def __init__(self, name: str) -> None:
        self.up = asyncio.Event()
        self._name = name
        self._connection: Connection | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Be there until the end of the block."""
        task = asyncio.create_task(self.run(), name=self._name)
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        try:
            while True:
                with suppress(Away):
                    await self._connect()
                self._connection = None
                self.up.clear()
                await asyncio.sleep(AGAIN_S)
        finally:
            self._close()

    @abstractmethod
    async def _connect(self) -> None:
        """Be connected until the connection is lost."""

    @abstractmethod
    def _close(self) -> None:
        """Leave nothing that would still happen."""
