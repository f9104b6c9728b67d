"""Values as they stand in answers and files.

A text that a spreadsheet would take for a formula is no formula of ours: tickets, names and orders
are written by strangers. In CSV such a text gets an apostrophe before it; in XLSX it is text.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.central.reports.tables import Column, Row

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula, or a command, begins with; also in the wide letters that some programs take."""


def written(value: Any, zone: ZoneInfo) -> Any:
    """Write a value for JSON or CSV: instants with milliseconds and the site's offset.

    >>> written(datetime(2026, 11, 21, 10, tzinfo=UTC), ZoneInfo("Europe/Paris"))
    '2026-11-21T11:00:00.000+01:00'
    """
    match value:
        case datetime():
            return value.astimezone(zone).isoformat(timespec="milliseconds")
        case date():
            return value.isoformat()
        case _:
            return value


def rows_of(rows: Sequence[Row], columns: Sequence[Column], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Write rows for JSON."""
    names = [column.name for column in columns]
    plain = [name for column, name in zip(columns, names, strict=True) if _as_it_is(column)]
    if len(plain) == len(names):
        return [{name: row[name] for name in names} for row in rows]
    return [{name: written(row[name], zone) for name in names} for row in rows]


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("Anna"), harmless("  @SUM(A1)")
    ("'=1+1", 'Anna', "'  @SUM(A1)")
    """
    begins = text.lstrip(" \u00a0\ufeff")
    return f"'{text}" if text.startswith(FORMULA) or begins.startswith(FORMULA) else text


def _as_it_is(column: Column) -> bool:
    return column.kind not in {"instant", "day"}
