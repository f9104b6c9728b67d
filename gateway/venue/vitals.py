"""What each gateway of a site says of itself: that it is there, how its clock and its books stand.

The first process of each writes it every two seconds (`{S}gateways`, hash of JSON); every process
shows all of them.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from gateway.venue.bus import Bus
from gateway.venue.shared import Shared

TOLD_EVERY_S: Final = 2.0
GONE_MS: Final = 8_000
"""A gateway that has not been heard for so long is not there."""
FORGOTTEN_MS: Final = 24 * 3600 * 1000

type Document = dict[str, Any]


class Vitals:
    """The gateways of a site, in one process.

    Args:
        bus: the messages of this process.
        gateway: the id of this gateway.
        clock: milliseconds since the epoch, by the store's clock.
        show: writes an instant for people.
    """

    def __init__(
        self, bus: Bus, *, gateway: str, clock: Callable[[], int], show: Callable[[int], str]
    ) -> None:
        self._shared = Shared(bus, "gateways", pause_s=1.0)
        self._gateway = gateway
        self._clock = clock
        self._show = show
        self.run = self._shared.run
        self.read: Callable[[], Document] = dict
        """Tells how this gateway does: whole figures by name. Set by the composition root."""

    async def keep_telling(self) -> None:
        """Tell how this gateway does until cancelled; forget those not heard for a day."""
        await self._shared.loaded.wait()
        while True:
            now = self._clock()
            self._shared.put(self._gateway, {"at": now, **self.read()})
            for name, facts in list(self._shared.entries.items()):
                if facts["at"] < now - FORGOTTEN_MS:
                    self._shared.put(name, None)
            await asyncio.sleep(TOLD_EVERY_S)

    def documents(self) -> list[Document]:
        """Write the gateways of the site, by name."""
        now = self._clock()
        return [
            {
                "id": name,
                **facts,
                "at": self._show(facts["at"]),
                "there": facts["at"] >= now - GONE_MS,
            }
            for name, facts in sorted(self._shared.entries.items())
        ]
