"""The database's half of ``composteur verify``: events, attendance and stamps say the same."""

from dataclasses import dataclass

from gateway.central.connection import Central


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that should be one."""

    what: str
    """``attendance`` or ``stamps``."""
    key: str
    """Which attendance, or which ticket's code."""
    found: tuple[int, int]
    """What attendance or the ticket's state says: persons and stamps; of a ticket stamps, 0."""
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
        rows = await connection.fetch(
            queries["history.attendance_differs"],
            site,
            oldest.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
            limit,
            timeout=600,
        )
        found = [
            Difference(
                "attendance",
                " ".join(
                    (
                        row["minute"].isoformat(),
                        *(
                            row[name] or "-"
                            for name in ("space", "product", "audience", "reader", "direction")
                        ),
                    )
                ),
                (row["persons"], row["stamps"]),
                (row["event_persons"], row["event_stamps"]),
            )
            for row in rows
        ]
        rows = await connection.fetch(queries["history.made_differs"], site, limit, timeout=600)
    return found + [
        Difference("stamps", row["code"], (row["made"], 0), (row["counted"], row["reserved"]))
        for row in rows
    ]
