"""Who looks at the refusals for all: one process of a site, whichever holds the lease.

What a jump is, `controllers.refusals` says; here it is told what was counted, and what it says
becomes an alarm.
"""

import asyncio
from contextlib import suppress
from typing import Final

from controllers.commands import Alarm
from controllers.refusals import BEFORE_S, RECENT_S, Counted, Jumped, Refusals
from gateway.errors import StoreUnavailable
from gateway.venue.alarms import Alarms
from gateway.venue.occupancy import Lease
from gateway.venue.pace import Pace, whole

LOOK_EVERY_S: Final = 5.0


class Watching:
    """The watch over refusals, in the first process of a gateway.

    Args:
        pace: what was counted.
        alarms: told of jumps.
        lease: held by the one who watches.
    """

    def __init__(self, pace: Pace, alarms: Alarms, lease: Lease) -> None:
        self._pace = pace
        self._alarms = alarms
        self._lease = lease
        self._refusals = Refusals()

    async def run(self) -> None:
        """Watch until cancelled; without the store nothing is known, and nothing over."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(StoreUnavailable):
                if await self._lease.held():
                    await self.look()
                else:
                    self._refusals = Refusals()

    async def look(self) -> None:
        """Look once.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        await self._pace.read(RECENT_S + BEFORE_S)
        recent = whole(self._pace.windows(RECENT_S).values())
        before = whole(self._pace.windows(BEFORE_S, before_s=RECENT_S).values())
        for found in self._refusals.step(
            Counted(recent.refused, recent.scans), Counted(before.refused, before.scans)
        ):
            if isinstance(found, Jumped):
                now, then = f"{found.recent} / {RECENT_S // 60} min", f"{found.before}"
                text = f"{now} ({then} / {BEFORE_S // 60} min)"
                self._alarms.raise_(Alarm.REFUSALS, reason=found.reason, text=text)
            else:
                self._alarms.clear(Alarm.REFUSALS, reason=found.reason)
