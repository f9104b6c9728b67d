"""Where a key of a TOML text stands: `tomllib` forgets lines, a person with an error wants them.

A scanner of headers and `key =` lines, right for whatever `tomllib` has accepted.
"""

import re

type Location = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(
    r"""(?P<quote>\"{3}|'{3})|"(?:\\.|[^"\\])*"|'[^']*'|(?P<comment>\#.*)|(?P<bracket>[\[\]{}])"""
)


def lines_of(text: str) -> dict[Location, int]:
    r"""Map every table, array element and key to its line, the first being 1.

    >>> lines_of('[http]\nport = 1\n[[space]]\nid = "a"')[("space", 0, "id")]
    4
    """
    found: dict[Location, int] = {}
    table: Location = ()
    lengths: dict[Location, int] = {}
    depth, quote = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        start = 0
        if not depth and not quote:
            if header := _HEADER.match(line):
                table = _table(header[2], lengths, appended=header[1] == "[[")
                found.setdefault(table, number)
                continue
            if assignment := _ASSIGNMENT.match(line):
                place = table
                for name in _names(assignment[1]):
                    place = (*place, name)
                    found.setdefault(place, number)
                start = assignment.end()
        depth, quote = _value(line, start, depth, quote)
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


def _value(line: str, start: int, depth: int, quote: str) -> tuple[int, str]:
    """Follow brackets and multi-line strings over one line."""
    while True:
        if quote:
            end = line.find(quote, start)
            if end < 0:
                return depth, quote
            start, quote = end + 3, ""
        token = _TOKEN.search(line, start)
        if token is None or token["comment"]:
            return depth, ""
        start, quote = token.end(), token["quote"] or ""
        if bracket := token["bracket"]:
            depth += 1 if bracket in "[{" else -1
