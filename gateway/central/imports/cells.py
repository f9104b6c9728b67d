"""Cells of a file into values of the database, by the type of the column."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import orjson

INSTANT: Final = "timestamp with time zone"
_INSTANT_SAID: Final = "an instant with its offset, as in 2026-12-24T10:00:00+01:00"
_LOCAL_SAID: Final = "a time, as in 2026-12-24 10:00 or 2026-12-24T10:00:00+01:00"
_BIGGEST: Final = 2**31 - 1
_UNTIL: Final = "_until"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

type Converter = Callable[[str], Any]
"""Makes a cell that is not empty into a value; `ValueError` says what would have been right."""


class Unreadable(str):
    """A cell that is known to be wrong before its column is: what it says, and why."""

    __slots__ = ("why",)
    why: str

    def __new__(cls, text: str, why: str) -> Self:
        """Mark a text."""
        made = super().__new__(cls, text)
        made.why = why
        return made


def converter(column: str, type_: str, zone: ZoneInfo | None) -> Converter:
    """Return what makes cells of a column into values.

    Args:
        column: Its name.
        type_: Its type, as PostgreSQL writes it.
        zone: Where times without an offset are meant; none: they are refused. A day without a time
            begins at midnight; in a column that ends in ``_until`` it ends just before midnight.
    """
    convert = _CONVERTERS[type_]
    if type_ == INSTANT and zone is not None:
        at = time(23, 59, 59) if column.endswith(_UNTIL) else time()
        return lambda cell: _checked(cell, lambda text: _local_instant(text, zone, at))
    return lambda cell: _checked(cell, convert)


def _checked(cell: str, convert: Converter) -> Any:
    if isinstance(cell, Unreadable):
        raise ValueError(cell.why)  # noqa: TRY004 - the text is wrong, not its type
    return convert(cell)


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
        raise ValueError(_INSTANT_SAID) from None
    if value.utcoffset() is None:
        raise ValueError(_INSTANT_SAID)
    return value


def _local_instant(cell: str, zone: ZoneInfo, at: time) -> datetime:
    text = cell.strip()
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), at, zone)
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_LOCAL_SAID) from None
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


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
    return str(cell)


_CONVERTERS: Final[dict[str, Converter]] = {
    "text": _plain,
    "text[]": _texts,
    "integer": _integer,
    "bigint": _integer,
    "boolean": _boolean,
    "jsonb": _json,
    INSTANT: _instant,
}
