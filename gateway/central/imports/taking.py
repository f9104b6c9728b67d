"""Takes the rows of one table into the central database.

Rows are staged, then tried: whether values will do is asked of the database's own constraints, all
rows at a time, so that an import takes what a seller's INSERT would have taken and nothing else.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from gateway.central.imports.cells import Converter, Unreadable, converter
from gateway.central.imports.files import ImportRefused, Row, Table
from gateway.central.values import DETAILS, field_of, value_error
from gateway.errors import DatabaseValueError

if TYPE_CHECKING:
    from gateway.central.pool import Connection
    from gateway.central.queries import Queries

KEY: Final = {"product": "id", "session": "id", "ticket": "code"}
CHUNK: Final = 5_000
_OURS: Final = ("updated_at", "rev")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: where it stands in the file, and what is wrong with it."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the rows of a table.

    Rows of one key are one: the last of them stands. ``gone``: tickets of the same sources that the
    file does not have any more.
    """

    table: Table
    read: int
    new: int
    changed: int
    same: int
    gone: int = 0


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    needed: bool
    default: str | None


class Taker:
    """Takes rows of one table within a transaction of its caller's.

    Args:
        connection: Where the transaction is.
        queries: The named queries.
        table: Which table.
        header: Names of columns, as the rows have their cells.
        rows: Yields the rows.
        zone: Where times without an offset are meant; none: they are refused.
        only_new: Leave a row that is there already as it is.
        progress: Told from time to time how many rows were read.
    """

    def __init__(
        self,
        connection: "Connection",
        queries: "Queries",
        table: Table,
        header: list[str],
        rows: Callable[[], Iterator[Row]],
        *,
        zone: ZoneInfo | None = None,
        only_new: bool = False,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        self.read = 0
        self.rejected: list[Rejected] = []
        self._connection = connection
        self._queries = queries
        self._table = table
        self._key = KEY[table]
        self._header = header
        self._rows = rows
        self._zone = zone
        self._only_new = only_new
        self._progress = progress
        self._columns: list[_Column] = []
        self._new = self._changed = self._same = 0

    async def take(self) -> None:
        """Take the rows.

        Raises:
            ImportRefused: The columns are not those of the table.
        """
        table_columns = {
            row["name"]: _Column(row["name"], row["type"], row["needed"], row["default"])
            for row in await self._connection.fetch(self._queries["imports.columns"], self._table)
        }
        self._look_at_header(table_columns)
        self._columns = [table_columns[name] for name in self._header]
        await self._stage()
        await self._check()
        await self._write()

    async def gone(self, *, cancel: bool) -> int:
        """Tell, or cancel, the tickets of the file's sources that it does not have; how many."""
        query = "imports.cancel_gone" if cancel else "imports.gone"
        count: int = await self._connection.fetchval(self._queries[query])
        return count

    async def live(self) -> int:
        """Tell how many tickets of the file's sources could be used before it was taken."""
        count: int = await self._connection.fetchval(self._queries["imports.live"])
        return count

    async def clear(self) -> None:
        """Drop what was staged, so that the next table may be."""
        await self._connection.execute("DROP TABLE staged_row, seen_key")

    def taken(self, gone: int = 0) -> Taken:
        """Tell what became of the rows."""
        return Taken(self._table, self.read, self._new, self._changed, self._same, gone)

    # --- cells -----------------------------------------------------------------------------------

    def _look_at_header(self, columns: dict[str, _Column]) -> None:
        known = sorted(set(columns) - set(_OURS))
        if self._key not in self._header:
            raise ImportRefused(f"The first line does not name the column {self._key!r}.")
        for name in self._header:
            if name not in known:
                raise ImportRefused(
                    f"A {self._table} has no column {name!r}; it has: {', '.join(known)}."
                )
            if self._header.count(name) > 1:
                raise ImportRefused(f"The first line names the column {name!r} twice.")
        for column in columns.values():
            if column.needed and column.default is None and column.name not in self._header:
                raise ImportRefused(f"The first line does not name the column {column.name!r}.")

    def _converters(self) -> list[Converter]:
        return [converter(each.name, each.type, self._zone) for each in self._columns]

    def _values(
        self, rows: Iterator[Row], converters: list[Converter]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[str]]]:
        """Make the cells of the next rows into values; note the rows that have none."""
        taken: list[tuple[Any, ...]] = []
        keys: list[tuple[str]] = []
        width, place = len(converters), self._header.index(self._key)
        for line, cells in itertools.islice(rows, CHUNK):
            self.read += 1
            if len(cells) != width:
                self.rejected.append(Rejected(line, "", f"{len(cells)} cells instead of {width}"))
                continue
            if cells[place] and "\x00" not in cells[place]:
                keys.append((str(cells[place]),))
            try:
                values = [
                    convert(cell) if cell != "" else None
                    for convert, cell in zip(converters, cells, strict=True)
                ]
            except (ValueError, OverflowError):
                self.rejected.append(self._wrong_cell(line, cells, converters))
                continue
            taken.append((line, *values))
        return taken, keys

    def _wrong_cell(self, line: int, cells: list[str], converters: list[Converter]) -> Rejected:
        for column, cell, convert in zip(self._columns, cells, converters, strict=True):
            try:
                if cell != "" or isinstance(cell, Unreadable):
                    convert(cell)
            except (ValueError, OverflowError) as error:
                return Rejected(line, column.name, str(error))
        raise AssertionError

    # --- the database ----------------------------------------------------------------------------

    async def _stage(self) -> None:
        names = ["line", *self._header]
        await self._connection.execute(
            "CREATE TEMPORARY TABLE staged_row (line bigint, "
            + ", ".join(f"{_quoted(column.name)} {column.type}" for column in self._columns)
            + ") ON COMMIT DROP"
        )
        await self._connection.execute(self._queries["imports.seen"])
        rows, converters = self._rows(), self._converters()
        copy = self._connection.copy_records_to_table
        while True:
            before = self.read
            values, keys = await asyncio.to_thread(self._values, rows, converters)
            if values:
                await copy("staged_row", schema_name="pg_temp", columns=names, records=values)
            if keys:
                await copy("seen_key", schema_name="pg_temp", columns=["key"], records=keys)
            if self.read == before:
                break
            if self._progress is not None:
                self._progress(self.read)

    async def _check(self) -> None:
        """Find, all rows at a time, those that the table's constraints would refuse."""
        execute = self._connection.execute
        if self._table == "ticket":
            for name in {"code", "replaced_by"} & set(self._header):
                await execute(
                    f"UPDATE staged_row SET {name} = composteur.canonical_code({name})"  # noqa: S608
                    f" WHERE {name} !~ '^[A-Z2-7]{{13,26}}$'"
                )
        for column in self._columns:
            if column.needed and column.default is not None:
                name = _quoted(column.name)
                await execute(
                    f"UPDATE staged_row SET {name} = {column.default} WHERE {name} IS NULL"  # noqa: S608
                )
        if self._table == "ticket":
            await execute(self._queries["imports.canonical_keys"])
        await execute("ANALYZE staged_row")
        needed = [column.name for column in self._columns if column.needed]
        await self._reject_where(
            [(f"{_quoted(name)} IS NULL", name, "a value is needed") for name in needed]
        )
        tests: list[tuple[str, str, str]] = []
        present = set(self._header)
        for row in await self._connection.fetch(self._queries["imports.constraints"], self._table):
            if not set(row["columns"]) <= present:
                continue  # what the file does not say, the table's default or the row there says
            field = field_of(row["name"], self._table)
            detail = DETAILS.get(row["name"], row["name"])
            if row["refers_to"] is None:
                tests.append((f"NOT ({row['expression']})", field, detail))
            else:
                known = f"SELECT FROM composteur.{row['refers_to']} r WHERE r.id = {_quoted(field)}"
                test = f"{_quoted(field)} IS NOT NULL AND NOT EXISTS ({known})"
                tests.append((test, field, detail))
        await self._reject_where(tests)

    async def _reject_where(self, tests: list[tuple[str, str, str]]) -> None:
        """Take out the rows for which one of the conditions holds."""
        if not tests:
            return
        cases = " ".join(f"WHEN {test} THEN {number}" for number, (test, _, _) in enumerate(tests))
        rows = await self._connection.fetch(
            f"DELETE FROM staged_row WHERE CASE {cases} END IS NOT NULL"  # noqa: S608
            f" RETURNING line, CASE {cases} END AS test"
        )
        for row in rows:
            _, field, reason = tests[row["test"]]
            self.rejected.append(Rejected(row["line"], field, reason))

    async def _write(self) -> None:
        """Write the rows; where the file has a key twice, the later row stands."""
        last: int = await self._connection.fetchval("SELECT coalesce(max(line), 0) FROM staged_row")
        try:
            async with self._connection.transaction():
                await self._insert(0, last)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            # A rule of the table that is no constraint of one row: find whom it concerns.
            for start in range(0, last, CHUNK):
                await self._insert_part(start, min(start + CHUNK, last))

    async def _insert_part(self, after: int, until: int) -> None:
        try:
            async with self._connection.transaction():
                await self._insert(after, until)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if until - after == 1:
                wrong: DatabaseValueError = value_error(error)
                self.rejected.append(Rejected(until, wrong.field, wrong.detail))
                return
            middle = (after + until) // 2
            await self._insert_part(after, middle)
            await self._insert_part(middle, until)

    async def _insert(self, after: int, until: int) -> None:
        names = ", ".join(_quoted(name) for name in self._header)
        others = [_quoted(name) for name in self._header if name != self._key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in others)
        then = f"UPDATE SET {changes}" if changes and not self._only_new else "NOTHING"
        # A row that did not really change keeps its `updated_at` (schema/0001).
        row = await self._connection.fetchrow(
            f"WITH rows AS (SELECT DISTINCT ON ({self._key}) * FROM staged_row"  # noqa: S608 - our own tables' names
            f" WHERE line > $1 AND line <= $2 ORDER BY {self._key}, line DESC), written AS ("
            f"INSERT INTO composteur.{self._table} ({names})"
            f" SELECT {names} FROM rows ORDER BY {self._key}"
            f" ON CONFLICT ({self._key}) DO {then}"
            " RETURNING xmax = 0 AS fresh, updated_at = now() AS touched)"
            " SELECT (SELECT count(*) FROM rows) AS keys, count(*) FILTER (WHERE fresh) AS new,"
            " count(*) FILTER (WHERE touched AND NOT fresh) AS changed FROM written",
            after,
            until,
        )
        if row is not None:
            self._new += row["new"]
            self._changed += row["changed"]
            self._same += row["keys"] - row["new"] - row["changed"]


def _quoted(name: str) -> str:
    return f'"{name}"'
