"""Rolls events up by hour and by local day, and counts sessions that are over, for the reports.

An hour is rolled up once it is over; until then reports read its events. The streamer adds what is
told late to the sums in the transaction that records it, so that at any instant sums and the rest
of the events are all the events. All of this is done on the streamer's connection, between two of
its transactions, and costs a scan nothing.
"""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.central.queries import Queries

if TYPE_CHECKING:
    from gateway.central.pool import Connection

MINUTE = timedelta(minutes=1)

GRACE_S = 60
"""After an hour its last events are still on their way: so long it is read from them."""

STEP = timedelta(hours=24)
"""What is rolled up at once where much is to be done."""

MOST = 20_000
"""Events rolled up at once, a quarter of a second's work: meanwhile the streamer takes none.

A busy hour is rolled up in parts. Its sums are then several rows, and reports, which cut a period
at the mark, read the rest of the hour from its events.
"""

SESSIONS = 20
"""Sessions counted at once."""

MANY_SESSIONS = 200
"""So many counted in a row change what reports read from: PostgreSQL looks at it again at once."""


class Roller:
    """Keeps one site's sums.

    Args:
        queries: The named queries.
        site: The site's id.
        timezone: The site's, by name: its hours and days are rolled up.
        most: Events rolled up at once.
    """

    def __init__(self, queries: Queries, site: str, timezone: str, *, most: int = MOST) -> None:
        self._most = most
        self._queries = queries
        self._site = site
        self._timezone = timezone
        self._counted_in_a_row = 0

    async def step(self, connection: "Connection", now_ms: int) -> bool:
        """Roll up the next hours that are over; tell whether there is more to be done at once."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        async with connection.transaction():
            marks = await connection.fetchrow(self._queries["rolling.marks"], self._site)
            if marks is None:
                return False
            hours_until, days_until = marks["hours_until"], marks["days_until"]
            if marks["rolled_zone"] != self._timezone:
                begun = await self._begin(connection)
                if begun is None:
                    return False
                hours_until = begun
                days_until = await self._local(connection, hours_until)
            until = await self._whole_hour(connection, now - timedelta(seconds=GRACE_S))
            over = until
            if until - hours_until > STEP:
                until = await self._whole_hour(connection, hours_until + STEP)
            until = await self._in_parts(connection, hours_until, until)
            more = until < over
            if until > hours_until:
                await connection.execute(
                    self._queries["rolling.hours"], self._site, hours_until, until, self._timezone
                )
                day = await self._local(connection, until)
                if day > days_until:
                    await connection.execute(
                        self._queries["rolling.days"], self._site, days_until, day, self._timezone
                    )
        return more or await self._count_sessions(connection, until)

    async def late(self, connection: "Connection", hours_until: datetime) -> None:
        """Add what is staged and lies in hours rolled up already; part of a transaction."""
        await connection.execute(
            self._queries["rolling.late"], self._site, hours_until, self._timezone
        )

    async def _begin(self, connection: "Connection") -> datetime | None:
        """Begin with the oldest event; in another time zone than before, anew; None: there is none.

        What is older than every event that is still there stays as it was counted.
        """
        first: datetime | None = await connection.fetchval(
            self._queries["rolling.first_hour"], self._site, self._timezone
        )
        if first is None:
            return None
        day = await self._local(connection, first)
        await connection.execute(self._queries["rolling.forget_hours"], self._site, first)
        await connection.execute(self._queries["rolling.forget_refusals"], self._site, first)
        await connection.execute(self._queries["rolling.forget_days"], self._site, day)
        await connection.execute(self._queries["rolling.begin"], self._site, first, self._timezone)
        return first

    async def _count_sessions(self, connection: "Connection", until: datetime) -> bool:
        async with connection.transaction():
            await connection.execute(self._queries["rolling.lock_sites"])
            await connection.execute(self._queries["rolling.touched"])
            rows = await connection.fetch(self._queries["rolling.uncounted"], until, SESSIONS)
            if rows:
                sessions = [row["id"] for row in rows]
                await connection.execute(
                    self._queries["rolling.count_sessions"], sessions, self._timezone
                )
        more = len(rows) == SESSIONS
        self._counted_in_a_row += len(rows)
        if not more:
            many, self._counted_in_a_row = self._counted_in_a_row >= MANY_SESSIONS, 0
            if many:
                # It would look by itself, within a minute; until then, after the first counting or
                # after a change of the schema, it takes the figures for few and reports for long.
                await connection.execute(self._queries["rolling.look_again"])
        return more

    async def _in_parts(
        self, connection: "Connection", starts: datetime, ends: datetime
    ) -> datetime:
        """Return how far to roll up at once: to a whole minute, if the span has many events."""
        if ends <= starts:
            return ends
        count: int = await connection.fetchval(
            self._queries["rolling.count"], self._site, starts, ends
        )
        if count <= self._most:
            return ends
        part = (ends - starts) * (self._most / count)
        return min(ends, starts + max(MINUTE, part // MINUTE * MINUTE))

    async def _whole_hour(self, connection: "Connection", moment: datetime) -> datetime:
        hour: datetime = await connection.fetchval(
            "SELECT date_trunc('hour', $1::timestamptz, $2)", moment, self._timezone
        )
        return hour

    async def _local(self, connection: "Connection", moment: datetime) -> date:
        day: date = await connection.fetchval(
            "SELECT ($1::timestamptz AT TIME ZONE $2::text)::date", moment, self._timezone
        )
        return day
