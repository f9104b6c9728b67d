"""A spreadsheet as a listing: its numbers and times as the texts that people see in it."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from gateway.central.imports.cells import Unreadable
from gateway.central.imports.files import ImportRefused, Layout, Listing, Row

_MOST_DIGITS: Final = 10**15
"""A spreadsheet keeps fifteen digits of a number, and forgets the others."""


def read_spreadsheet(path: Path, layout: Layout) -> Listing:
    """Look into a spreadsheet; its first filled line is the header; blocks.

    Raises:
        ImportRefused: It is none, or has no such sheet.
    """
    _, header = next(_filled(path, layout), (0, []))
    while header and not header[-1]:
        header.pop()
    width = len(header)

    def rows() -> Iterator[Row]:
        for place, (number, cells) in enumerate(_filled(path, layout)):
            if place:
                yield number, (cells + [""] * width)[:width]

    return Listing([str(name) for name in header], rows, local=True)


def _filled(path: Path, layout: Layout) -> Iterator[Row]:
    """Yield the lines that have something in them."""
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError, ValueError) as error:
        raise ImportRefused("The file is not a spreadsheet (XLSX).") from error
    try:
        name = layout.sheet or book.sheetnames[0]
        if name not in book.sheetnames:
            there = ", ".join(book.sheetnames)
            raise ImportRefused(f"There is no sheet {name!r}; there is: {there}.")
        for number, line in enumerate(book[name].iter_rows(), 1):
            cells = [_text(cell.value, str(cell.number_format)) for cell in line]
            if any(cells):
                yield number, cells
    finally:
        book.close()


def _text(value: Any, shown: str) -> str:
    """Write a cell; ``shown`` is its format, which tells a day from its midnight."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        day = isinstance(value, datetime) and value.time() == time() and "h" not in shown.lower()
        return value.isoformat()[:10] if day else value.isoformat()
    if isinstance(value, int | float) and abs(value) >= _MOST_DIGITS:
        why = "a text: a spreadsheet keeps fifteen digits of a number and has lost the others"
        return Unreadable(f"{value:.0f}", why)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
