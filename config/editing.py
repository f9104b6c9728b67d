"""Changes of a site file that leave alone what its author wrote beside them.

A set-up page says what is to change, not how the file is written: comments, order and layout of
everything else stay. Nothing is checked here but that a change can be made; `config.loading` tells
whether the text that comes of it is a site.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Item, Table

from config.locate import lines_of

SECTIONS: Final = ("site", "stores", "http")
"""Tables that are there once."""
ARRAYS: Final = ("space", "period", "planning", "controller", "equipment")
"""Tables that each have an `id`."""

type Values = Mapping[str, Any]
type _Keys = Container | Table | InlineTable


class CannotChange(ValueError):
    """A change that cannot be made.

    ``position`` is its place among the changes, ``key`` which of its keys is wrong.
    """

    def __init__(self, text: str, key: str, position: int = 0) -> None:
        self.position = position
        self.key = key
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Put:
    """Give keys of a table other values; ``None`` takes a key away. A new `id` makes a new table.

    Attributes:
        table: ``site``, ``stores``, ``http``; or ``space``, ``period``, ``planning``,
            ``controller``, ``equipment``.
        id: which of an array; ``None`` in a section.
        values: the keys that change.
    """

    table: str
    id: str | None
    values: Values


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a table out of its array."""

    table: str
    id: str


type Change = Put | Remove


def changed(text: str, changes: Sequence[Change]) -> str:
    r"""Return the text with the changes made, in their order.

    >>> text = '[[space]]\nid = "hall" # the great one'
    >>> print(changed(text, [Put("space", "hall", {"capacity": 9})]).strip())
    [[space]]
    id = "hall" # the great one
    capacity = 9

    Raises:
        CannotChange: there is no such table, or the text is no TOML.
    """
    for position, change in enumerate(changes):
        try:
            text = _made(text, change)
        except CannotChange as problem:
            raise CannotChange(str(problem), problem.key, position) from None
    return text


def difference(old: str, new: str) -> str:
    r"""Return what changes from one text to the other, as a unified diff without its heading.

    >>> print(difference("a = 1\n", "a = 2\n"))
    @@ -1 +1 @@
    -a = 1
    +a = 2
    """
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    return "\n".join(list(lines)[2:])


def _made(text: str, change: Change) -> str:
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise CannotChange(f"The site file is no TOML: {error}", "table") from None
    if change.table in SECTIONS:
        _change_section(document, change)
    elif change.table not in ARRAYS:
        allowed = ", ".join((*SECTIONS, *ARRAYS))
        raise CannotChange(f"There is no table {change.table!r}; allowed: {allowed}.", "table")
    elif change.id is None:
        raise CannotChange(f"Which {change.table}? Name its id.", "id")
    elif not _change_table(document, change):
        return _with_table(text, change)
    return tomlkit.dumps(document)


def _change_section(document: Container, change: Change) -> None:
    if isinstance(change, Remove) or change.id is not None:
        raise CannotChange(f"[{change.table}] is there once, and stays.", "id")
    if change.table not in document:
        document[change.table] = tomlkit.table()
    _put(document[change.table], change.values)


def _change_table(document: Container, change: Change) -> bool:
    """Change or remove a table of an array; False where it is to be made first."""
    tables = document.get(change.table, [])
    place = next((n for n, each in enumerate(tables) if each.get("id") == change.id), None)
    match change:
        case Put(values=values):
            if place is None:
                return False
            _put(tables[place], values)
        case Remove():
            if place is None:
                raise CannotChange(f"There is no {change.table} {change.id!r}.", "id")
            del tables[place]
            if not tables:
                del document[change.table]
        case _:
            assert_never(change)
    return True


def _with_table(text: str, change: Change) -> str:
    """Return the text with a new table behind the others of its kind, else at the end.

    Done with lines: what stands between two tables (a heading, most often) belongs to the second.
    """
    assert isinstance(change, Put)  # noqa: S101  # the only change that makes one
    table = tomlkit.table()
    _put(table, {"id": change.id} | dict(change.values))
    written = [f"[[{change.table}]]", *tomlkit.dumps(table).splitlines()]
    lines = text.splitlines()
    end = _end_of_last(change.table, lines)
    behind = lines[end:]
    if behind and behind[0].strip():
        behind = ["", *behind]
    before = [*lines[:end], ""] if end else []
    return "\n".join([*before, *written, *behind]) + "\n"


def _end_of_last(kind: str, lines: Sequence[str]) -> int:
    """Return the number of lines up to the end of the last table of a kind, else of the file."""
    places = [
        (place, line)
        for place, line in lines_of("\n".join(lines)).items()
        if len(place) == 2  # noqa: PLR2004
    ]
    last = max((line for place, line in places if place[0] == kind), default=None)
    if last is None:
        end = len(lines)
    else:
        heads = (n for n, line in enumerate(lines) if n >= last and line.startswith("["))
        end = next((n for n in heads if _is_other(kind, lines[n])), len(lines))
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _is_other(kind: str, header: str) -> bool:
    """Tell whether a header begins a table that does not lie within one of this kind."""
    return not header.strip("[ ").startswith(f"{kind}.")


def _put(table: _Keys, values: Values) -> None:
    """Write values into a table; what is as before is not touched."""
    for key, value in values.items():
        if value is None:
            if key in table:
                del table[key]
        elif key not in table:
            table[key] = _item(value)
        elif table[key] != value:
            _replace(table, key, value)


def _replace(table: _Keys, key: str, value: Any) -> None:
    """Bring a key to another value; within lists and tables, what is the same stays."""
    item = table[key]
    if isinstance(item, Table) and isinstance(value, Mapping):
        _put(item, dict.fromkeys(item) | dict(value))
    elif isinstance(item, AoT) and isinstance(value, list) and value:
        _put_each(item, value)
    elif isinstance(item, Array) and isinstance(value, list) and len(item) and value:
        _put_list(item, value)
    else:
        table[key] = _item(value)


def _put_list(array: Array, values: Sequence[Any]) -> None:
    """Change the middle of an array: what it begins and ends with keeps its comments."""
    old, new = list(array), list(values)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    old_middle, new_middle = old[first : len(old) - last], new[first : len(new) - last]
    if len(old_middle) == len(new_middle):
        for place, value in enumerate(new_middle, first):
            array[place] = _item(value)
        return
    for place, value in enumerate(new_middle, first):
        array.insert(place, _item(value))
    for _ in old_middle:
        del array[first + len(new_middle)]


def _put_each(tables: AoT, values: Sequence[Values]) -> None:
    for table, value in zip(tables, values, strict=False):
        _put(table, dict.fromkeys(table) | dict(value))
    while len(tables) > len(values):
        del tables[-1]
    for value in values[len(tables) :]:
        table = tomlkit.table()
        _put(table, value)
        tables.append(table)


def _item(value: Any) -> Item:
    """Write a value as a person would: a table in one line, a list of tables in a line each."""
    return tomlkit.value(_written(value))


def _written(value: Any) -> str:
    match value:
        case Mapping() if not value:
            return "{}"
        case Mapping():
            pairs = (
                f"{tomlkit.key(key).as_string()} = {_written(each)}"
                for key, each in value.items()
                if each is not None
            )
            return f"{{ {', '.join(pairs)} }}"
        case [Mapping(), *_]:
            return "".join(("[\n", *(f"    {_written(each)},\n" for each in value), "]"))
        case None:
            raise CannotChange("TOML has no null: leave the key out.", "values")
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case _:
            return str(tomlkit.item(value).as_string())
