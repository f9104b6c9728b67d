"""Where a key of a TOML text stands: `tomllib` forgets lines, a person with an error wants them.

A scanner of headers and `key =` lines, right for whatever `tomllib` has accepted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

type Location = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(
    r"""(?P<quote>\"{3}|'{3})|"(?:\\.|[^"\\])*"|'[^']*'|(?P<comment>\#.*)|(?P<mark>[\[\]{},])"""
    r"""|[^\s"'#\[\]{},]+"""
)


@dataclass(slots=True)
class _Value:
    """A value that may go on over several lines: how deep in it the scanner is."""

    place: Location
    depth: int = 0
    quote: str = ""
    array: bool = False
    """It is an array itself, whose elements are told apart."""
    element: int = 0
    begun: bool = False
    """The element has begun: its line is known."""


def lines_of(text: str) -> dict[Location, int]:
    r"""Map every table, array element and key to its line, the first being 1.

    >>> lines_of('[http]\nport = 1\n[[space]]\nid = "a"')[("space", 0, "id")]
    4
    """
    found: dict[Location, int] = {}
    table: Location = ()
    lengths: dict[Location, int] = {}
    value = _Value(table)
    for number, line in enumerate(text.splitlines(), start=1):
        start = 0
        if not value.depth and not value.quote:
            if header := _HEADER.match(line):
                table = _table(header[2], lengths, appended=header[1] == "[[")
                found.setdefault(table, number)
                found.setdefault(table[:-1], number)
                continue
            if assignment := _ASSIGNMENT.match(line):
                place = table
                for name in _names(assignment[1]):
                    place = (*place, name)
                    found.setdefault(place, number)
                start = assignment.end()
                value = _Value(place, array=line[start:].lstrip().startswith("["))
        for element in _follow(value, line, start):
            found.setdefault((*value.place, element), number)
    return found


def line_of(found: dict[Location, int], location: Location) -> int | None:
    """Return the line of a location, or of the nearest table around it."""
    while location and location not in found:
        location = location[:-1]
    return found.get(location)


def _names(dotted: str) -> list[str]:
    return [name.strip("\"'") for name in re.findall(_KEY, dotted)]


def _table(dotted: str, lengths: dict[Location, int], *, appended: bool) -> Location:
    """Return the location a header opens; inside an array it is that of the last element."""
    place: Location = ()
    names = _names(dotted)
    for position, name in enumerate(names):
        place = (*place, name)
        if appended and position == len(names) - 1:
            lengths[place] = lengths.get(place, 0) + 1
        if place in lengths:
            place = (*place, lengths[place] - 1)
    return place


def _follow(value: _Value, line: str, start: int) -> Iterator[int]:
    """Follow a value over one line; yield the elements of an array that begin there."""
    while True:
        if value.quote:
            end = line.find(value.quote, start)
            if end < 0:
                return
            start, value.quote = end + 3, ""
        token = _TOKEN.search(line, start)
        if token is None or token["comment"]:
            return
        start, value.quote = token.end(), token["quote"] or ""
        mark = token["mark"]
        if value.array and value.depth == 1 and mark not in {",", "]"} and not value.begun:
            value.begun = True
            yield value.element
        if mark == "," and value.depth == 1:
            value.element, value.begun = value.element + 1, False
        elif mark and mark != ",":
            value.depth += 1 if mark in "[{" else -1
