"""Write a report as CSV (RFC 4180, UTF-8): the columns' names, then the rows.

There is no line of totals: whoever reads it adds up what is there.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gateway.central.reports.cells import harmless, written
from gateway.central.reports.tables import Column, Row


def head(columns: Sequence[Column]) -> bytes:
    """Write the first line."""
    return _lines([[column.name for column in columns]])


def lines(rows: Sequence[Row], columns: Sequence[Column], zone: ZoneInfo) -> bytes:
    """Write rows."""
    return _lines([[_cell(row[column.name], zone) for column in columns] for row in rows])


def _cell(value: Any, zone: ZoneInfo) -> Any:
    match value:
        case str():
            return harmless(value)
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case _:
            return written(value, zone)


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
