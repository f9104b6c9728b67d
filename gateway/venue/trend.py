"""How many were inside, minute by minute: what a dashboard draws beside the figure of now.

One entry a minute in a stream of the store (`{S}inside`), whose id is the minute: of several
gateways the first to write it wins. Three hours are kept.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import orjson
from redis.exceptions import RedisError, ResponseError

from gateway.entitlements.admin import StoreAdmin
from gateway.errors import StoreUnavailable

MINUTE_MS: Final = 60_000
KEPT: Final = 180
LOOK_EVERY_S: Final = 5.0


class Trend:
    """The minutes of a site.

    Args:
        admin: the store.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, admin: StoreAdmin, clock: Callable[[], int]) -> None:
        self._admin = admin
        self._key = admin.key("inside")
        self._clock = clock
        self._written = 0

    async def run(self) -> None:
        """Write each minute once, until cancelled."""
        while True:
            with suppress(StoreUnavailable):
                await self.write()
            await asyncio.sleep(LOOK_EVERY_S)

    async def write(self) -> None:
        """Write how many are inside now, unless this minute is written.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        minute = self._clock() // MINUTE_MS
        if minute == self._written:
            return
        inside = {state.id: state.inside for state in await self._admin.spaces()}
        entry = {"j": orjson.dumps(inside)}
        try:
            await self._admin.client.xadd(
                self._key, entry, id=f"{minute * MINUTE_MS}-0", maxlen=KEPT, approximate=False
            )
        except ResponseError:
            pass  # another gateway has written it
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        self._written = minute

    async def read(self) -> list[tuple[int, dict[str, int]]]:
        """Return the minutes kept, oldest first: when, and how many were in each space.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        oldest = self._clock() - KEPT * MINUTE_MS
        try:
            found = await self._admin.client.xrange(self._key, max(0, oldest), "+")
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        return [
            (int(place.partition(b"-")[0]), orjson.loads(fields[b"j"])) for place, fields in found
        ]
