"""Answer questions: whole, with totals; or row by row, however many there are.

Both read one snapshot, so that sums, hours not summed up yet and totals are of one instant.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from gateway.central.connection import Central
from gateway.central.reports.periods import Marks, cut
from gateway.central.reports.questions import Question
from gateway.central.reports.tables import Row, Totals
from gateway.errors import DatabaseValueError

if TYPE_CHECKING:
    from gateway.central.pool import AnyConnection

CHUNK: Final = 500
"""Rows read at once of an export: little enough that scans go on in between."""

PATIENCE_S: Final = 60.0
"""How long one step of a report may take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A report, whole; or one page of a list, with the totals of all."""

    question: Question
    rows: Sequence[Row]
    totals: Mapping[str, Any]
    next: str | None = None


async def answer(central: Central, question: Question) -> Answer:
    """Answer a question.

    Raises:
        DatabaseUnavailable: The database does not answer.
        DatabaseValueError: There is no such site.
    """
    report = question.report
    async with _snapshot(central) as connection:
        arguments = await _arguments(connection, central, question)
        query = report.query
        rows = await connection.fetch(
            query.sql, *[arguments[name] for name in query.arguments], timeout=PATIENCE_S
        )
        if report.totals is not None:
            found = await connection.fetchrow(
                report.totals.sql,
                *[arguments[name] for name in report.totals.arguments],
                timeout=PATIENCE_S,
            )
            totals: Mapping[str, Any] = dict(found or {})
        else:
            adding = Totals(report.columns)
            await asyncio.to_thread(_add, adding, rows)
            totals = adding.answer()
    full = question.limit is not None and len(rows) == question.limit
    after = str(question.offset + len(rows)) if full else None
    return Answer(question, rows, totals, after)


@asynccontextmanager
async def streamed(
    central: Central, question: Question
) -> AsyncIterator[AsyncIterator[list[asyncpg.Record]]]:
    """Open the rows of a question, a few hundred at a time, by a cursor of the database."""
    async with _snapshot(central) as connection:
        arguments = await _arguments(connection, central, question)
        arguments |= {"limit": None, "offset": 0}
        query = question.report.query
        cursor = await connection.cursor(
            query.sql, *[arguments[name] for name in query.arguments], timeout=PATIENCE_S
        )

        async def chunks() -> AsyncIterator[list[asyncpg.Record]]:
            while rows := await cursor.fetch(CHUNK, timeout=PATIENCE_S):
                yield rows

        yield chunks()


async def expected_rows(central: Central, question: Question) -> int | None:
    """Tell how many rows a list has; None where nobody knows before they are read."""
    totals = question.report.totals
    if totals is None:
        return None
    async with _snapshot(central) as connection:
        arguments = await _arguments(connection, central, question)
        found = await connection.fetchrow(
            totals.sql, *[arguments[name] for name in totals.arguments], timeout=PATIENCE_S
        )
    return None if found is None else int(found["tickets"])


@asynccontextmanager
async def _snapshot(central: Central) -> AsyncIterator["AnyConnection"]:
    async with (
        central.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def _arguments(
    connection: "AnyConnection", central: Central, question: Question
) -> dict[str, Any]:
    """Give a query everything it may ask for."""
    until = central.queries["rolling.until"]
    row = await connection.fetchrow(until, question.site, question.zone.key)
    if row is None:
        raise DatabaseValueError("site", "there is no such site")
    marks = Marks(row["hours_until"], row["days_until"])
    # Of what is summed up by hour only, days tell nothing.
    by_hour = "hour" in question.by or "days_from" not in question.report.query.arguments
    pieces = cut(question.starts, question.ends, marks, question.zone, by_hour=by_hour)
    return {
        "from": question.starts,
        "to": question.ends,
        "now": question.now,
        "site": question.site,
        "zone": question.zone.key,
        "by": list(question.by),
        "days_from": pieces.days[0],
        "days_to": pieces.days[1],
        "hours_from": [span[0] for span in pieces.hours],
        "hours_to": [span[1] for span in pieces.hours],
        "moments_from": [span[0] for span in pieces.moments],
        "moments_to": [span[1] for span in pieces.moments],
        "limit": question.limit,
        "offset": question.offset,
        **question.arguments,
    }


def _add(totals: Totals, rows: Sequence[Row]) -> None:
    for row in rows:
        totals.add(row)
