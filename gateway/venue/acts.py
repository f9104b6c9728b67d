"""The audit: what people did at the gates, who and when, once each and in order.

An act goes into a stream of the store (`{S}acts`) before its answer goes out; the first process of
a gateway moves the stream into the database, whose absence it outlives. Ids are made where the act
is done and rise with the time, so that an act written twice is known as one.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import asyncpg
import orjson
import structlog
from redis.exceptions import RedisError

from gateway.central.connection import Central, told
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.venue.audit import Anchors

WAITING: Final = 10_000
AT_ONCE: Final = 500
MOVED_EVERY_S: Final = 0.5
PAUSE_S: Final = 0.2

log = structlog.get_logger()


class Act(NamedTuple):
    """One thing that somebody did; ``at`` in milliseconds."""

    id: str
    at: int
    who: str
    what: str
    on: str | None
    details: dict[str, Any]


class Acts:
    """What is done in this process.

    Args:
        admin: the store.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, admin: StoreAdmin, clock: Callable[[], int]) -> None:
        self._admin = admin
        self._clock = clock
        self._waiting: deque[Act] = deque(maxlen=WAITING)
        self._some = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._running = False
        self._last = ""

    def note(self, who: str, what: str, on: str | None = None, **details: Any) -> None:
        """Note an act; never waits. What is ``None`` is left out of the details."""
        at = self._clock()
        self._last = max(f"{at:013d}-{secrets.token_hex(4)}", _after(self._last))
        told = {name: value for name, value in details.items() if value is not None}
        self._waiting.append(Act(self._last, at, who, what, on, told))
        self._settled.clear()
        self._some.set()

    async def settled(self, within_s: float = 1.0) -> bool:
        """Wait until the store has what was noted; False: it does not answer, and gets it later."""
        if self._running:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._settled.wait()
        return not self._waiting

    async def run(self) -> None:
        """Write what was noted until cancelled."""
        self._running = True
        try:
            await self._keep_writing()
        finally:
            self._running = False

    async def _keep_writing(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                act = self._waiting[0]
                try:
                    await self._admin.client.xadd(
                        self._admin.key("acts"), {"a": orjson.dumps(act._asdict())}
                    )
                except (RedisError, OSError):
                    await asyncio.sleep(PAUSE_S)
                else:
                    if self._waiting and self._waiting[0] is act:
                        self._waiting.popleft()
            self._settled.set()


async def waiting(admin: StoreAdmin, count: int) -> list[tuple[str, Act]]:
    """Read the oldest acts that are not in the database: (place in the stream, act).

    Raises:
        StoreUnavailable: the store does not answer.
    """
    try:
        found = await admin.client.xrange(admin.key("acts"), count=count)
    except (RedisError, OSError) as error:
        raise StoreUnavailable from error
    return [(place.decode(), Act(**orjson.loads(fields[b"a"]))) for place, fields in found]


async def newest(
    admin: StoreAdmin, central: Central | None, *, after: str | None, limit: int
) -> tuple[list[Act], bool]:
    """Read acts, newest first, from both stores; whether the database answered.

    Raises:
        StoreUnavailable: neither answers.
    """
    found: dict[str, Act] = {}
    whole, heard = central is not None, False
    with suppress(StoreUnavailable):
        found = {act.id: act for _, act in await waiting(admin, WAITING)}
        heard = True
    if central is not None:
        try:
            rows = await central.fetch("audit.newest", admin.site, after, limit)
        except DatabaseUnavailable:
            whole = False
        else:
            found |= {row["id"]: Act(**{**row, "details": _details(row)}) for row in rows}
    if not whole and not heard:
        raise StoreUnavailable
    acts = [act for name, act in found.items() if after is None or name < after]
    return sorted(acts, reverse=True)[:limit], whole


async def keep_moving(admin: StoreAdmin, central: Central, anchors: Anchors | None = None) -> None:
    """Move acts into the database, and write down where their chain ends, until cancelled."""
    while True:
        with suppress(StoreUnavailable, DatabaseUnavailable):
            moved = 0
            while count := await move(admin, central):
                moved += count
            if moved and anchors is not None:
                await anchors.write(central)
        await asyncio.sleep(MOVED_EVERY_S)


async def move(admin: StoreAdmin, central: Central) -> int:
    """Move some acts into the database; return how many.

    Raises:
        StoreUnavailable: the store does not answer.
        DatabaseUnavailable: the database does not.
    """
    found = await waiting(admin, AT_ONCE)
    if not found:
        return 0
    acts = [act for _, act in found]
    try:
        await _insert(admin.site, central, acts)
    except asyncpg.PostgresError:
        for act in acts:
            try:
                await _insert(admin.site, central, [act])
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                log.error("act_refused", act=act.id, error=told(error))  # noqa: TRY400
    try:
        await admin.client.xdel(admin.key("acts"), *(place for place, _ in found))
    except (RedisError, OSError) as error:
        raise StoreUnavailable from error
    return len(found)


async def _insert(site: str, central: Central, acts: list[Act]) -> None:
    await central.execute(
        "audit.add",
        site,
        [act.id for act in acts],
        [datetime.fromtimestamp(act.at / 1000, UTC) for act in acts],
        [act.who for act in acts],
        [act.what for act in acts],
        [act.on for act in acts],
        [orjson.dumps(act.details).decode() for act in acts],
    )


def _details(row: asyncpg.Record) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(row["details"])
    return found


def _after(name: str) -> str:
    """Return an id that comes after another: two acts of one millisecond keep their order.

    >>> _after("0000000000001-0000000f")
    '0000000000001-00000010'
    """
    if not name:
        return name
    at, _, rest = name.partition("-")
    return f"{at}-{(int(rest, 16) + 1) & 0xFFFFFFFF:08x}"
