"""Takes a whole file: one transaction, good rows stand, the others are written down.

An interrupted import leaves nothing. A second one of the same file changes nothing, and reaches no
gate. Rows that were there and are gone are told, or cancelled where the mapping says so; a row that
was rejected is not gone.
"""

import asyncio
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from gateway.central.connection import Central, unavailable
from gateway.central.imports.files import (
    ImportRefused,
    Layout,
    Listing,
    Row,
    Table,
    read_csv,
    read_json,
)
from gateway.central.imports.mapping import Mapped, MappingFile, applied
from gateway.central.imports.spreadsheet import read_spreadsheet
from gateway.central.imports.taking import Rejected, Taken, Taker

if TYPE_CHECKING:
    from gateway.central.pool import Connection

FEW = 10
"""So many tickets may be gone without a question, whatever part of all they are."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with a file.

    Args:
        table: Of a file without mapping: which table its columns are named after.
        mapping: What its columns mean.
        zone: The venue's, for times that have no offset.
        gone: What becomes of tickets of the same source that are not in the file any more; none:
            what the mapping says.
        many_gone: Cancel them even if they are more than half.
        trial: Do everything, and take it back.
    """

    table: Table = "ticket"
    mapping: MappingFile | None = None
    zone: ZoneInfo | None = None
    gone: Literal["keep", "cancel"] | None = None
    many_gone: bool = False
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; ``rejected`` counts rows, ``tables`` what was done in each."""

    tables: tuple[Taken, ...]
    rejected: int
    rejects_file: Path | None

    @property
    def accepted(self) -> int:
        """Rows of the file that were taken."""
        return max((each.read for each in self.tables), default=0) - self.rejected


async def import_file(
    central: Central,
    path: Path,
    order: Order | None = None,
    *,
    progress: Callable[[int], object] | None = None,
) -> Imported:
    """Import a file; rejected rows are written to ``FILE.rejected.csv``.

    Args:
        central: The central database.
        path: CSV (UTF-8 with or without byte order mark, comma, semicolon or tab), JSON (an array
            of objects, or one a line in ``.ndjson``), or a spreadsheet (``.xlsx``).
        order: What is to be done with it.
        progress: Told from time to time how many rows were read.

    Raises:
        ImportRefused: The file as a whole will not do, for its header or encoding.
        DatabaseUnavailable: The database went away; nothing was imported.
    """
    order = order or Order()
    layout = Layout() if order.mapping is None else order.mapping.layout
    listing = await asyncio.to_thread(_read, path, layout)
    connection = await central.connect(command_timeout=None)
    work = _Import(central, connection, listing, order, progress)
    try:
        with unavailable():
            # Whatever ends it before its commit, the transaction ends with the connection.
            transaction = connection.transaction()
            await transaction.start()
            await work.take()
            await (transaction.rollback() if order.trial else transaction.commit())
    finally:
        connection.terminate()
    rejects = await asyncio.to_thread(_write_rejects, path, listing, work.rejected)
    lines = {each.line for each in work.rejected}
    return Imported(tuple(work.taken), len(lines), rejects)


def mapped_tables(listing: Listing, order: Order) -> list[tuple[Table, Mapped]]:
    """Return the tables that a file fills, and what makes its rows into theirs.

    Raises:
        ImportRefused: The mapping does not fit the file.
    """
    if order.mapping is None:
        header = [name.strip().lower() for name in listing.header]
        return [(order.table, Mapped(header, lambda cells: cells))]
    found: list[tuple[Table, Mapped]] = []
    for table in order.mapping.tables:
        mapped = applied(getattr(order.mapping, table), table, listing.header)
        if mapped is not None:
            found.append((table, mapped))
    return found


def preview(path: Path, order: Order, count: int) -> list[tuple[Table, list[dict[str, str]]]]:
    """Return the first rows of a file as they would be taken, by table; blocks.

    Raises:
        ImportRefused: The file, or the mapping for it, will not do.
    """
    listing = _read(path, Layout() if order.mapping is None else order.mapping.layout)
    return [
        (
            table,
            [
                dict(zip(mapped.header, cells, strict=False))
                for _, (_, cells) in zip(range(count), _rows(table, listing, mapped), strict=False)
            ],
        )
        for table, mapped in mapped_tables(listing, order)
    ]


def _read(path: Path, layout: Layout) -> Listing:
    """Look into a file as what its name says."""
    try:
        match path.suffix.lower():
            case ".json" | ".ndjson" | ".jsonl":
                return read_json(path, layout)
            case ".xlsx" | ".xlsm":
                return read_spreadsheet(path, layout)
            case _:
                return read_csv(path, layout)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise ImportRefused(f"The file cannot be read: {said}.") from error


class _Import:
    def __init__(
        self,
        central: Central,
        connection: "Connection",
        listing: Listing,
        order: Order,
        progress: Callable[[int], object] | None,
    ) -> None:
        self.taken: list[Taken] = []
        self.rejected: list[Rejected] = []
        self._queries = central.queries
        self._connection = connection
        self._listing = listing
        self._order = order
        self._progress = progress

    async def take(self) -> None:
        """Take all tables, those first that others refer to."""
        order = self._order
        local = order.mapping is not None or self._listing.local
        for table, mapped in mapped_tables(self._listing, order):
            taker = Taker(
                self._connection,
                self._queries,
                table,
                mapped.header,
                lambda table=table, mapped=mapped: _rows(table, self._listing, mapped),  # type: ignore[misc]
                zone=order.zone if local else None,
                # A product's margins and spaces are the venue's: another's list only names it.
                only_new=table == "product" and order.mapping is not None,
                progress=self._progress,
            )
            await taker.take()
            gone = 0
            if table == "ticket" and order.mapping is not None and "source" in mapped.header:
                gone = await self._look_for_gone(taker)
            await taker.clear()
            self.taken.append(taker.taken(gone))
            self.rejected += [
                each if table == "ticket" or order.mapping is None else _named(each, table)
                for each in taker.rejected
            ]

    async def _look_for_gone(self, taker: Taker) -> int:
        order, mapping = self._order, self._order.mapping
        wanted = order.gone or (mapping.gone if mapping is not None else "keep")
        gone = await taker.gone(cancel=False)
        if wanted == "keep" or not gone:
            return gone
        live = await taker.live()
        if gone > FEW and 2 * gone > live and not order.many_gone:
            raise ImportRefused(
                f"{gone} of {live} tickets are not in the file any more, which would cancel them. "
                "If the file is whole, say --many-gone."
            )
        return await taker.gone(cancel=True)


def _named(rejected: Rejected, table: Table) -> Rejected:
    return Rejected(rejected.line, f"{table}.{rejected.field}", rejected.reason)


def _rows(table: Table, listing: Listing, mapped: Mapped) -> Iterator[Row]:
    """Yield a table's rows; of a product or session named in many rows, each row that differs."""
    seen: set[tuple[str, ...]] = set()
    # A row that is cut off is told as it is, where its columns are ours.
    width = len(listing.header)
    for line, cells in listing.rows():
        if len(cells) != width:
            yield line, cells
            continue
        ours = mapped.row(cells)
        if table != "ticket" and ours is not cells:
            if not ours[mapped.header.index("id")] or tuple(ours) in seen:
                continue
            seen.add(tuple(ours))
        yield line, ours


def _write_rejects(path: Path, listing: Listing, rejected: Sequence[Rejected]) -> Path | None:
    """Write the rejected rows as they are in the file, with line, field and reason behind."""
    rejects = path.with_name(path.name + ".rejected.csv")
    if not rejected:
        rejects.unlink(missing_ok=True)
        return None
    of_line: dict[int, Rejected] = {}
    for each in rejected:
        of_line.setdefault(each.line, each)
    with rejects.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=listing.delimiter)
        writer.writerow([*listing.header, "line", "field", "reason"])
        for line, cells in listing.rows():
            if (wrong := of_line.get(line)) is not None:
                missing = [""] * (len(listing.header) - len(cells))
                writer.writerow([*cells, *missing, wrong.line, wrong.field, wrong.reason])
    return rejects
