"""The database's half of ``composteur verify``: events, what sums them up, and stamps agree."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.central.connection import Central

if TYPE_CHECKING:
    from asyncpg import Record


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that should be one."""

    what: str
    """``attendance``, what reports sum up (``hours``, ``days``, ``refusals``), or ``stamps``."""
    key: str
    """Which attendance or sum, or which ticket's code."""
    found: tuple[int, int]
    """What is kept: persons and stamps; of refusals their number, 0; of a ticket stamps, 0."""
    expected: tuple[int, int]
    """What the events say; of a ticket stamps counted, stamps reserved."""


async def differences(central: Central, site: str, *, limit: int = 100) -> list[Difference]:
    """Compare what is kept with what the events add up to; nothing is expected to come back.

    All in one snapshot, so that it holds under load too. Of a ticket used at several sites the
    database keeps one state, the last one's: its stamps cannot be compared and are left out.
    """
    async with (
        central.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        queries = central.queries
        oldest = await connection.fetchval(queries["history.oldest_kept"])
        if oldest is None:
            return []
        since = oldest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        found: list[Difference] = []
        for query in "history.attendance_differs", "history.rolled_differs":
            rows = await connection.fetch(queries[query], site, since, limit, timeout=600)
            found += map(_attendance, rows)
        rows = await connection.fetch(queries["history.made_differs"], site, limit, timeout=600)
    return found + [
        Difference("stamps", row["code"], (row["made"], 0), (row["counted"], row["reserved"]))
        for row in rows
    ]


def _attendance(row: "Record") -> Difference:
    moment: Any = row["moment"]
    key = [moment.isoformat() if isinstance(moment, datetime) else moment]
    key += [row[name] or "-" for name in ("space", "product", "audience", "reader", "direction")]
    found = int(row["persons"]), int(row["stamps"])
    expected = int(row["event_persons"]), int(row["event_stamps"])
    return Difference(row["what"], " ".join(key), found, expected)
