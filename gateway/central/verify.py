"""The database's half of ``composteur verify``: events, what sums them up, and stamps agree."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.central.connection import Central
from gateway.central.queries import Queries

if TYPE_CHECKING:
    from asyncpg import Record

    from gateway.central.pool import AnyConnection


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that should be one."""

    what: str
    """``attendance``, what reports sum up (``hours``, ``days``, ``refusals``), ``stamps``;
    ``month`` and ``purged stamps`` of what the purge has removed."""
    key: str
    """Which attendance or sum, which ticket's code, which month."""
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
        since = datetime.max.replace(tzinfo=UTC)
        if oldest is not None:
            since = oldest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        found = await _purged(connection, queries, site)
        for query in "history.attendance_differs", "history.rolled_differs":
            rows = await connection.fetch(queries[query], site, since, limit, timeout=600)
            found += map(_attendance, rows)
        rows = await connection.fetch(queries["history.made_differs"], site, limit, timeout=600)
    found += [
        Difference("stamps", row["code"], (row["made"], 0), (row["counted"], row["reserved"]))
        for row in rows
    ]
    return found


def _attendance(row: "Record") -> Difference:
    moment: Any = row["moment"]
    key = [moment.isoformat() if isinstance(moment, datetime) else moment]
    key += [row[name] or "-" for name in ("space", "product", "audience", "reader", "direction")]
    found = int(row["persons"]), int(row["stamps"])
    expected = int(row["event_persons"]), int(row["event_stamps"])
    return Difference(row["what"], " ".join(key), found, expected)


async def _purged(connection: "AnyConnection", queries: Queries, site: str) -> list[Difference]:
    """Compare what the purge has left with what it says that it removed."""
    rows = await connection.fetch(queries["history.closings_differ"], site, timeout=600)
    found = [
        Difference(
            "month",
            f"{row['month']:%Y-%m}",
            (row["persons_in"] + row["persons_out"], row["stamps"]),
            (row["closed_in"] + row["closed_out"], row["closed_stamps"]),
        )
        for row in rows
    ]
    row = await connection.fetchrow(queries["history.purged_stamps"], site, timeout=600)
    if row is not None and row["taken"] != row["left_over"]:
        found.append(Difference("purged stamps", "", (0, row["taken"]), (0, row["left_over"])))
    return found
