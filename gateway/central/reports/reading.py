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
from gateway.central.reports.lists import Place, Span, Walk
from gateway.central.reports.periods import Marks, cut, whole_days
from gateway.central.reports.questions import Question
from gateway.central.reports.tables import Row, Statement, Totals
from gateway.errors import DatabaseValueError

if TYPE_CHECKING:
    from gateway.central.pool import AnyConnection

CHUNK: Final = 500
"""Rows read at once of an export, where nobody else is kept waiting."""

LONGEST_REST_S: Final = 0.05

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
    async with _snapshot(central) as connection:
        arguments = await _arguments(connection, central, question)
        if question.report.paged:
            return await _page(connection, question, arguments)
        rows = await _fetch(connection, question.report.query, arguments)
    adding = Totals(question.report.columns)
    await asyncio.to_thread(_add, adding, rows)
    return Answer(question, rows, adding.answer())


@asynccontextmanager
async def streamed(
    central: Central, question: Question, *, gentle: int | None = None
) -> AsyncIterator[AsyncIterator[list[asyncpg.Record]]]:
    """Open the rows of a question, some at a time, by a cursor of the database.

    Args:
        central: The database.
        question: What is asked.
        gentle: In a process that answers scans, too, rows for two or three milliseconds of
            work: after them it rests as long, and scans come first.
    """
    loop, size = asyncio.get_running_loop(), gentle or CHUNK
    async with _snapshot(central) as connection:
        arguments = await _arguments(connection, central, question)
        query = question.report.query

        async def chunks() -> AsyncIterator[list[asyncpg.Record]]:
            walk = Walk(question.starts, question.ends, None)
            for span in walk if question.report.paged else [None]:
                given = arguments if span is None else arguments | _of(span, None)
                cursor = await connection.cursor(
                    query.sql, *[given[name] for name in query.arguments], timeout=PATIENCE_S
                )
                count = 0
                while rows := await cursor.fetch(size, timeout=PATIENCE_S):
                    count += len(rows)
                    begun = loop.time()
                    yield rows
                    if gentle:
                        await asyncio.sleep(min(loop.time() - begun, LONGEST_REST_S))
                walk.found(count)

        yield chunks()


async def expected_rows(central: Central, question: Question) -> int | None:
    """Tell how many rows a list has; None where nobody knows before they are read."""
    if not question.report.paged:
        return None
    async with _snapshot(central) as connection:
        arguments = await _arguments(connection, central, question)
        return int((await _totals(connection, question, arguments))["tickets"])


async def _page(
    connection: "AnyConnection", question: Question, arguments: Mapping[str, Any]
) -> Answer:
    """Read a page of a list, and what all of the list adds up to."""
    limit = question.limit or 0
    rows: list[asyncpg.Record] = []
    walk = Walk(question.starts, question.ends, question.after)
    for span in walk:
        here = _of(span, limit - len(rows))
        found = await _fetch(connection, question.report.query, {**arguments, **here})
        walk.found(len(found))
        rows += found
        if len(rows) == limit:
            break
    totals = await _totals(connection, question, arguments)
    after = None
    if rows and len(rows) == limit:
        after = str((question.after or Place(None, 0)).behind(rows))
    return Answer(question, rows, totals, after)


def _of(span: Span, limit: int | None) -> dict[str, Any]:
    """Return the arguments of a span."""
    return {
        "span_from": span.starts,
        "span_to": span.ends,
        "undated": span.undated,
        "skip": span.skip,
        "limit": limit,
    }


async def _totals(
    connection: "AnyConnection", question: Question, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    statement = question.report.adds_up(arguments)
    if statement is None:
        return {}
    whole = Span(question.starts, question.ends, undated=True, skip=0)
    (found,) = await _fetch(connection, statement, {**arguments, **_of(whole, None)})
    return dict(found)


async def _fetch(
    connection: "AnyConnection", statement: Statement, arguments: Mapping[str, Any]
) -> list[asyncpg.Record]:
    given = [arguments[name] for name in statement.arguments]
    return await connection.fetch(statement.sql, *given, timeout=PATIENCE_S)


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
    whole = whole_days(question.starts, question.ends, question.zone)
    return {
        "first_day": whole.days[0],
        "last_day": whole.days[1],
        "before_days": whole.before[1],
        "after_days": whole.after[0],
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
        **question.arguments,
    }


def _add(totals: Totals, rows: Sequence[Row]) -> None:
    for row in rows:
        totals.add(row)
