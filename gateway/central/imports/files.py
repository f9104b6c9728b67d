"""CSV and JSON as one thing, which a spreadsheet is too: a header, and rows of cells, all texts.

Read anew each time the rows are asked for, so that a file need not fit into memory; but for JSON
that is one value. Everything here blocks: it is called in a thread.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from gateway.errors import ComposteurError

type Table = Literal["product", "session", "ticket"]
type Row = tuple[int, list[str]]
"""The line it begins in, or its number where there are no lines; its cells."""


class ImportRefused(ComposteurError):
    """The file cannot be imported as a whole."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A file that can be read."""

    header: list[str]
    rows: Callable[[], Iterator[Row]]
    delimiter: str = ","
    local: bool = False
    """Its times have no offset and are the venue's: a spreadsheet's."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file does not say about itself."""

    encoding: str = "utf-8"
    delimiter: str | None = None
    """Of CSV; none: whichever of comma, semicolon and tab the first line has most of."""
    sheet: str | None = None
    """Of a spreadsheet; none: its first."""
    rows: str = ""
    """Of JSON: the way to the rows, such as `event.orders.positions`; empty: the whole."""


# --- CSV -----------------------------------------------------------------------------------------


def read_csv(path: Path, layout: Layout) -> Listing:
    """Look into a CSV file (`ImportRefused`: it is none)."""
    name = "UTF-8" if layout.encoding == "utf-8" else layout.encoding
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    try:
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline()
    except UnicodeDecodeError as error:
        raise ImportRefused(f"The file is not in {name}.") from error
    except LookupError as error:
        raise ImportRefused(f"There is no encoding {name!r}.") from error
    delimiter = layout.delimiter or max(",;\t", key=first.count)

    def rows() -> Iterator[Row]:
        try:
            with path.open(encoding=encoding, newline="") as file:
                reader = csv.reader(file, delimiter=delimiter)
                next(reader, None)
                line = reader.line_num + 1
                for cells in reader:
                    if cells:
                        yield line, cells
                    line = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise ImportRefused(f"The file is not in {name}.") from error
        except csv.Error as error:
            raise ImportRefused(f"The file is not CSV: {error}.") from error

    return Listing(next(csv.reader([first], delimiter=delimiter), []), rows, delimiter)


# --- JSON ----------------------------------------------------------------------------------------


def read_json(path: Path, layout: Layout) -> Listing:
    """Look into a JSON file, or one with a JSON value a line (`ImportRefused`: it is none)."""
    way = [part for part in layout.rows.split(".") if part]
    whole = None if path.suffix.lower() != ".json" else _loaded(path.read_bytes(), "The file")

    def records() -> Iterator[dict[str, str]]:
        if whole is not None:
            yield from _walked(whole, way, {})
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield from _walked(_loaded(line, f"Line {number}"), way, {})

    header: dict[str, None] = {}
    for record in records():
        header |= dict.fromkeys(record)
    names = list(header)

    def rows() -> Iterator[Row]:
        for number, record in enumerate(records(), 1):
            yield number, [record.get(name, "") for name in names]

    return Listing(names, rows)


def _loaded(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise ImportRefused(f"{what} is not JSON: {error}.") from error


def _walked(value: Any, way: Sequence[str], around: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the rows at the end of a way, each with the plain fields of what it lies in."""
    if isinstance(value, list):
        for each in value:
            yield from _walked(each, way, around)
    elif not isinstance(value, dict):
        raise ImportRefused("Each row must be an object with names and values.")
    elif not way:
        yield around | _flat(value)
    elif way[0] not in value:
        raise ImportRefused(f"There is no {way[0]!r} in it; there is: {', '.join(value) or '–'}.")
    else:
        for each in value[way[0]] if isinstance(value[way[0]], list) else [value[way[0]]]:
            plain = {} if len(way) == 1 or not isinstance(each, dict) else _flat(each)
            below = {f"{way[0]}.{name}": text for name, text in plain.items()}
            yield from _walked(each, way[1:], around | below)


def _flat(value: dict[str, Any], before: str = "") -> dict[str, str]:
    """Write the fields of an object as texts; those of an object in it have its name before."""
    found: dict[str, str] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            found |= _flat(each, f"{before}{name}.")
        else:
            found[before + name] = _written(each)
    return found


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return orjson.dumps(value).decode()
