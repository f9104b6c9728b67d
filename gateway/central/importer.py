"""Takes a CSV file of products, sessions or tickets into the central database.

The file becomes one transaction: good rows stand, rejected ones are written down with line, field
and reason, and an interrupted import leaves nothing. Cells are made into values here; whether the
values will do is asked of the database's own constraints, all rows at a time, so that an import
takes what a seller's INSERT would have taken and nothing else.
"""

import asyncio
import csv
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import asyncpg
import orjson

from gateway.central.connection import Central, unavailable
from gateway.central.values import DETAILS, field_of, value_error
from gateway.errors import ComposteurError, DatabaseValueError

if TYPE_CHECKING:
    from gateway.central.pool import Connection

type Table = Literal["product", "session", "ticket"]

_KEY: Final = {"product": "id", "session": "id", "ticket": "code"}
_OURS: Final = ("updated_at", "rev")
_CHUNK: Final = 5_000
_INSTANT: Final = "an instant with its offset, as in 2026-12-24T10:00:00+01:00"
_BIGGEST: Final = 2**31 - 1


class ImportRefused(ComposteurError):
    """The file cannot be imported as a whole."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: where it stands in the file, and what is wrong with it."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a file."""

    accepted: int
    rejected: int
    rejects_file: Path | None


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    needed: bool
    default: str | None


async def import_csv(
    central: Central,
    path: Path,
    table: Table = "ticket",
    *,
    progress: Callable[[int], object] | None = None,
) -> Imported:
    """Import a file; rejected rows are written to ``FILE.rejected.csv``.

    Args:
        central: The central database.
        path: UTF-8 with or without byte order mark, cells separated by comma or semicolon, the
            first line naming the table's columns.
        table: Which table.
        progress: Told from time to time how many rows were read.

    Raises:
        ImportRefused: The file as a whole will not do, for its header or encoding.
        DatabaseUnavailable: The database went away; nothing was imported.
    """
    connection = await central.connect(command_timeout=None)
    try:
        with unavailable():
            importer = _Importer(central, connection, path, table, progress)
            async with connection.transaction():
                await importer.take()
            return await importer.report()
    finally:
        connection.terminate()


class _Importer:
    def __init__(
        self,
        central: Central,
        connection: "Connection",
        path: Path,
        table: Table,
        progress: Callable[[int], object] | None,
    ) -> None:
        self._queries = central.queries
        self._connection = connection
        self._path = path
        self._table = table
        self._key = _KEY[table]
        self._progress = progress
        self._read = 0
        self._rejected: list[Rejected] = []
        self._columns: list[_Column] = []
        self._header: list[str] = []
        self._delimiter = ","

    async def take(self) -> None:
        table_columns = {
            row["name"]: _Column(row["name"], row["type"], row["needed"], row["default"])
            for row in await self._connection.fetch(self._queries["importer.columns"], self._table)
        }
        await asyncio.to_thread(self._read_header, set(table_columns) - set(_OURS))
        self._miss_nothing(table_columns)
        self._columns = [table_columns[name] for name in self._header]
        await self._stage()
        await self._check()
        await self._write()

    async def report(self) -> Imported:
        rejects = self._path.with_name(self._path.name + ".rejected.csv")
        if not self._rejected:
            await asyncio.to_thread(rejects.unlink, missing_ok=True)
            return Imported(self._read, 0, None)
        self._rejected.sort(key=lambda each: each.line)
        await asyncio.to_thread(self._write_rejects, rejects)
        return Imported(self._read - len(self._rejected), len(self._rejected), rejects)

    # --- the file --------------------------------------------------------------------------------

    def _read_header(self, known: set[str]) -> None:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                first = file.readline()
        except UnicodeDecodeError as error:
            raise ImportRefused("The file is not in UTF-8.") from error
        self._delimiter = ";" if first.count(";") > first.count(",") else ","
        header = [
            name.strip().lower()
            for name in next(csv.reader([first], delimiter=self._delimiter), [])
        ]
        if self._key not in header:
            raise ImportRefused(f"The first line does not name the column {self._key!r}.")
        for name in header:
            if name not in known:
                raise ImportRefused(
                    f"A {self._table} has no column {name!r}; it has: {', '.join(sorted(known))}."
                )
            if header.count(name) > 1:
                raise ImportRefused(f"The first line names the column {name!r} twice.")
        self._header = header

    def _miss_nothing(self, columns: dict[str, _Column]) -> None:
        for column in columns.values():
            if column.needed and column.default is None and column.name not in self._header:
                raise ImportRefused(f"The first line does not name the column {column.name!r}.")

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows with the line they begin in."""
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter)
            next(reader, None)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1

    def _values(self, rows: Iterator[tuple[int, list[str]]]) -> list[tuple[Any, ...]]:
        """Make the cells of the next rows into values; note the rows that have none."""
        taken: list[tuple[Any, ...]] = []
        converters = [_CONVERTERS[column.type] for column in self._columns]
        width = len(converters)
        for line, cells in itertools.islice(rows, _CHUNK):
            self._read += 1
            if len(cells) != width:
                self._rejected.append(Rejected(line, "", f"{len(cells)} cells instead of {width}"))
                continue
            try:
                values = [
                    convert(cell) if cell != "" else None
                    for convert, cell in zip(converters, cells, strict=True)
                ]
            except (ValueError, OverflowError):
                self._rejected.append(self._wrong_cell(line, cells))
                continue
            taken.append((line, *values))
        return taken

    def _wrong_cell(self, line: int, cells: list[str]) -> Rejected:
        for column, cell in zip(self._columns, cells, strict=True):
            try:
                if cell != "":
                    _CONVERTERS[column.type](cell)
            except (ValueError, OverflowError) as error:
                return Rejected(line, column.name, str(error))
        raise AssertionError

    def _write_rejects(self, path: Path) -> None:
        of_line = {each.line: each for each in self._rejected}
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self._delimiter)
            writer.writerow([*self._header, "line", "field", "reason"])
            for line, cells in self._lines():
                if (each := of_line.get(line)) is not None:
                    missing = [""] * (len(self._header) - len(cells))
                    writer.writerow([*cells, *missing, each.line, each.field, each.reason])

    # --- the database ----------------------------------------------------------------------------

    async def _stage(self) -> None:
        names = ["line", *self._header]
        await self._connection.execute(
            "CREATE TEMPORARY TABLE staged_row (line bigint, "
            + ", ".join(f"{_quoted(column.name)} {column.type}" for column in self._columns)
            + ") ON COMMIT DROP"
        )
        rows = self._lines()
        try:
            while True:
                before = self._read
                values = await asyncio.to_thread(self._values, rows)
                if values:
                    await self._connection.copy_records_to_table(
                        "staged_row", schema_name="pg_temp", columns=names, records=values
                    )
                if self._read == before:
                    break
                if self._progress is not None:
                    self._progress(self._read)
        except UnicodeDecodeError as error:
            raise ImportRefused("The file is not in UTF-8.") from error
        except csv.Error as error:
            raise ImportRefused(f"The file is not CSV: {error}.") from error

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
        await execute("ANALYZE staged_row")
        needed = [column.name for column in self._columns if column.needed]
        await self._reject_where(
            [(f"{_quoted(name)} IS NULL", name, "a value is needed") for name in needed]
        )
        tests: list[tuple[str, str, str]] = []
        present = set(self._header)
        for row in await self._connection.fetch(self._queries["importer.constraints"], self._table):
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
            self._rejected.append(Rejected(row["line"], field, reason))

    async def _write(self) -> None:
        """Write the rows; where the file has a key twice, the later row stands."""
        last: int = await self._connection.fetchval("SELECT coalesce(max(line), 0) FROM staged_row")
        try:
            async with self._connection.transaction():
                await self._insert(0, last)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            # A rule of the table that is no constraint of one row: find whom it concerns.
            for start in range(0, last, _CHUNK):
                await self._insert_part(start, min(start + _CHUNK, last))

    async def _insert_part(self, after: int, until: int) -> None:
        try:
            async with self._connection.transaction():
                await self._insert(after, until)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if until - after == 1:
                wrong: DatabaseValueError = value_error(error)
                self._rejected.append(Rejected(until, wrong.field, wrong.detail))
                return
            middle = (after + until) // 2
            await self._insert_part(after, middle)
            await self._insert_part(middle, until)

    async def _insert(self, after: int, until: int) -> None:
        names = ", ".join(_quoted(name) for name in self._header)
        others = [_quoted(name) for name in self._header if name != self._key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in others)
        await self._connection.execute(
            f"INSERT INTO composteur.{self._table} ({names})"  # noqa: S608 - our own tables' names
            f" SELECT {names} FROM (SELECT DISTINCT ON ({self._key}) * FROM staged_row"
            f" WHERE line > $1 AND line <= $2 ORDER BY {self._key}, line DESC) AS rows"
            f" ORDER BY {self._key}"
            f" ON CONFLICT ({self._key}) DO " + (f"UPDATE SET {changes}" if changes else "NOTHING"),
            after,
            until,
        )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _integer(cell: str) -> int:
    try:
        value = int(cell)
    except ValueError:
        raise ValueError("a whole number") from None
    if abs(value) > _BIGGEST:
        raise ValueError("a whole number of at most ten digits")
    return value


def _boolean(cell: str) -> bool:
    match cell.strip().lower():
        case "true" | "t" | "yes" | "y" | "1" | "on" | "oui" | "vrai" | "ja":
            return True
        case "false" | "f" | "no" | "n" | "0" | "off" | "non" | "faux" | "nein":
            return False
        case _:
            raise ValueError("true or false")


def _instant(cell: str) -> datetime:
    try:
        value = datetime.fromisoformat(cell.strip())
    except ValueError:
        raise ValueError(_INSTANT) from None
    if value.utcoffset() is None:
        raise ValueError(_INSTANT)
    return value


def _texts(cell: str) -> list[str]:
    """Read a list as PostgreSQL or JSON writes it, or plainly separated."""
    text = cell.strip()
    if text.startswith("["):
        try:
            listed = orjson.loads(text)
        except ValueError:
            listed = None
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise ValueError('a list, as in hall,tower or {hall,tower} or ["hall","tower"]')
        return listed
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    return [each.strip().strip('"') for each in re.split(r"[,;|\s]+", text) if each.strip()]


def _json(cell: str) -> str:
    try:
        orjson.loads(cell)
    except ValueError:
        raise ValueError("JSON") from None
    return cell


def _plain(cell: str) -> str:
    if "\x00" in cell:
        raise ValueError("a text without NUL")
    return cell


_CONVERTERS: Final[dict[str, Callable[[str], Any]]] = {
    "text": _plain,
    "text[]": _texts,
    "integer": _integer,
    "bigint": _integer,
    "boolean": _boolean,
    "jsonb": _json,
    "timestamp with time zone": _instant,
}
