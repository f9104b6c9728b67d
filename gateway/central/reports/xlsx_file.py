"""Write a report as a spreadsheet: real numbers, dates and times, in the site's local time.

Rows go to the disk as they come (openpyxl's write-only mode), so that memory does not grow with
them. A sheet holds 1,048,576 lines; what is more goes on the next. All of it blocks: a server
writes in a thread.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from gateway.central.reports.questions import Question
from gateway.central.reports.tables import Column, Row, Totals

MOST_LINES: Final = 1_048_576
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FORMATS: Final = {
    "instant": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
    "rate": "0.0%",
    "whole": "#,##0",
    "text": "@",
}
_TOTAL: Final = {"en": "Total", "fr": "Total"}


class XlsxFile:
    """A spreadsheet that is written row by row.

    Args:
        title: Of the sheet.
        columns: What the rows have.
        language: Of the headings, ``en`` or ``fr``.
        zone: The site's; a spreadsheet's times have none.
        most_lines: Of one sheet, with its heading and its line of totals.
    """

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        language: str,
        zone: ZoneInfo,
        *,
        most_lines: int = MOST_LINES,
    ) -> None:
        self._book = Workbook(write_only=True)
        self._title = re.sub(r"[\[\]:*?/\\]", " ", title)[:25]
        self._columns = columns
        self._language = language
        self._zone = zone
        self._most = most_lines
        self._sheets = 0
        self._totals = Totals(columns)
        self._begin()

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows."""
        for row in rows:
            if self._lines >= self._most - 1:  # the last one is for the totals
                self._begin()
            self._sheet.append([self._cell(row[column.name], column) for column in self._columns])
            self._totals.add(row)
            self._lines += 1

    def save(self, path: Path, totals: Mapping[str, Any] | None = None) -> None:
        """Write the line of totals, of all sheets, and close the file."""
        found = self._totals.answer() if totals is None else totals
        line: list[Any] = []
        for place, column in enumerate(self._columns):
            value = found.get(column.name) if column.total is not None else None
            if place == 0 and value is None:
                value = _TOTAL[self._language]
            cell = self._cell(value, column)
            if value is not None:
                cell.font = Font(bold=True)
            line.append(cell)
        if any(column.total is not None for column in self._columns):
            self._sheet.append(line)
        self._book.save(path)

    def _begin(self) -> None:
        self._sheets += 1
        name = self._title if self._sheets == 1 else f"{self._title} {self._sheets}"
        self._sheet = self._book.create_sheet(name)
        self._sheet.freeze_panes = "A2"
        for place, column in enumerate(self._columns):
            letter = chr(ord("A") + place)
            wide = {"instant": 20, "text": 22}.get(column.kind, 13)
            self._sheet.column_dimensions[letter].width = wide
        heads = []
        for column in self._columns:
            head = WriteOnlyCell(self._sheet, value=column.label[self._language])
            head.font = Font(bold=True)
            heads.append(head)
        self._sheet.append(heads)
        self._lines = 1

    def _cell(self, value: Any, column: Column) -> Any:
        match value:
            case str():
                text = _ILLEGAL.sub(lambda found: chr(0x2400 + ord(found[0])), value)
                cell = WriteOnlyCell(self._sheet, value=text)
                cell.data_type = "s"  # a text that begins with "=" is a text
                return cell
            case datetime():
                value = value.astimezone(self._zone).replace(tzinfo=None)
            case _:
                pass
        cell = WriteOnlyCell(self._sheet, value=value)
        if column.kind in _FORMATS and value is not None:
            cell.number_format = _FORMATS[column.kind]
        return cell


async def write_xlsx(
    path: Path,
    chunks: AsyncIterator[Sequence[Row]],
    question: Question,
    language: str,
    told: Callable[[int], object] = lambda _rows: None,
) -> None:
    """Write all rows of a question into a file, in threads; ``told`` hears of each chunk's rows."""
    file = await asyncio.to_thread(
        XlsxFile, question.report.title[language], question.columns, language, question.zone
    )
    async for rows in chunks:
        await asyncio.to_thread(file.add, rows)
        told(len(rows))
    await asyncio.to_thread(file.save, path)
