"""What another's columns mean: a TOML file that says where each of ours comes from.

A file of tickets also names the products and sessions they are for: one mapping can fill all three
tables. docs/importing.md explains the file; `mappings/` has those that are shipped.
"""

import hashlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from gateway.central.imports.cells import Unreadable
from gateway.central.imports.files import ImportRefused, Layout, Table

SUFFIX: Final = ".toml"
TABLES: Final[tuple[Table, ...]] = ("product", "session", "ticket")
"""In the order in which they refer to one another."""
_IDS: Final = frozenset({"id", "product", "session", "source"})
_LONGEST_ID: Final = 60
_SHIPPED: Final = files("gateway.central.imports") / "mappings"


class Rule(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from", "with_": "with"}):
    """Where a value comes from.

    One of `from` (a column), `join` (several, put together `with` a text between) and `value`
    (always the same); `before` is put before it. `values` says what each cell means, whatever its
    case, `otherwise` what all others do; without it another cell is an error. `read` are formats of
    times, as `strptime` knows them. `needs`: columns without which, in a row, there is no value.
    `optional`: the file may have no such columns.
    """

    from_: str | None = None
    join: list[str] | None = None
    with_: str = " "
    before: str = ""
    value: str | int | bool | None = None
    values: dict[str, str] | None = None
    otherwise: str | None = None
    read: list[str] | None = None
    needs: list[str] = []
    optional: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns it needs."""
        return ([self.from_] if self.from_ is not None else self.join or []) + self.needs


type Spec = str | Rule | list[str | Rule]
"""A column, a rule, or several of which the first counts that gives something."""


class MappingFile(msgspec.Struct, forbid_unknown_fields=True):
    """A whole mapping."""

    about: str = ""
    encoding: str = "utf-8"
    delimiter: str | None = None
    sheet: str | None = None
    rows: str = ""
    gone: Literal["keep", "cancel"] = "keep"
    product: dict[str, Spec] | None = None
    session: dict[str, Spec] | None = None
    ticket: dict[str, Spec] | None = None

    @property
    def layout(self) -> Layout:
        """What it says of the file as a whole."""
        return Layout(self.encoding, self.delimiter, self.sheet, self.rows)

    @property
    def tables(self) -> list[Table]:
        """The tables it fills, in their order."""
        return [table for table in TABLES if getattr(self, table) is not None]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping of one table, made for the columns of one file."""

    header: list[str]
    """Ours."""
    row: Callable[[list[str]], list[str]]
    """Makes a row of theirs into one of ours."""


def shipped() -> dict[str, str]:
    """Return the mappings that come with us: their names, and what they are for."""
    names = sorted(entry.name.removesuffix(SUFFIX) for entry in _SHIPPED.iterdir())
    return {name: load(name).about for name in names}


def text_of(name: str) -> str:
    """Return the text of a shipped mapping, to be changed.

    Raises:
        ImportRefused: There is none of this name.
    """
    entry = _SHIPPED / f"{name}{SUFFIX}"
    if "/" in name or not entry.is_file():
        raise ImportRefused(f"There is no mapping {name!r}; there is: {', '.join(shipped())}.")
    return entry.read_text(encoding="utf-8")


def load(name: str) -> MappingFile:
    """Read a mapping: a file, or one that is shipped, by its name.

    Raises:
        ImportRefused: It is not there, or not right.
    """
    path = Path(name)
    if path.suffix == SUFFIX or path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or "not UTF-8 text"
            raise ImportRefused(f"The mapping {name} cannot be read: {said.lower()}.") from error
    else:
        text = text_of(name)
    try:
        found = msgspec.convert(tomllib.loads(text), MappingFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ImportRefused(f"The mapping {name} is not right: {error}.") from error
    if not found.tables:
        raise ImportRefused(f"The mapping {name} has none of [product], [session], [ticket].")
    return found


def applied(spec: Mapping[str, Spec], table: Table, header: Sequence[str]) -> Mapped | None:
    """Make a mapping for the columns of a file; ``None``: the file has no rows for this table.

    Raises:
        ImportRefused: A column is missing that is not optional.
    """
    places = {name.strip().casefold(): place for place, name in reversed([*enumerate(header)])}
    ours: list[str] = []
    getters: list[Callable[[list[str]], str]] = []
    for column, given in spec.items():
        rules = _rules(given)
        usable = [rule for rule in rules if all(name.casefold() in places for name in rule.columns)]
        if usable:
            ours.append(column)
            getters.append(_getter(column, usable, places))
        elif not all(rule.optional for rule in rules):
            wanted = " nor ".join(repr(name) for rule in rules for name in rule.columns)
            there = ", ".join(header) or "none"
            raise ImportRefused(
                f"The file has no column {wanted}, from which {table}.{column} comes; "
                f"it has: {there}."
            )
        elif column == ("code" if table == "ticket" else "id"):
            return None
    return Mapped(ours, lambda cells: [get(cells) for get in getters])


def _rules(spec: Spec) -> list[Rule]:
    several = spec if isinstance(spec, list) else [spec]
    return [Rule(from_=each) if isinstance(each, str) else each for each in several]


def _getter(
    column: str, rules: Sequence[Rule], places: Mapping[str, int]
) -> Callable[[list[str]], str]:
    made = [
        (
            rule,
            [places[name.casefold()] for name in rule.columns[: -len(rule.needs) or None]],
            [places[name.casefold()] for name in rule.needs],
            _meanings(rule),
        )
        for rule in rules
    ]

    def get(cells: list[str]) -> str:
        for rule, columns, needed, meanings in made:
            if not all(cells[place].strip() for place in needed):
                continue
            text = _value(rule, [cells[place] for place in columns], meanings)
            if text:
                return shortened(text) if column in _IDS else text
        return ""

    return get


def _meanings(rule: Rule) -> dict[str, str] | None:
    if rule.values is None:
        return None
    return {said.casefold(): means for said, means in rule.values.items()}


def _value(rule: Rule, cells: Sequence[str], meanings: Mapping[str, str] | None) -> str:
    for cell in cells:
        if isinstance(cell, Unreadable):
            return cell
    if rule.value is not None:
        text = str(rule.value).lower() if isinstance(rule.value, bool) else str(rule.value)
    else:
        text = rule.with_.join(each for each in (cell.strip() for cell in cells) if each)
    if meanings is not None:
        means = meanings.get(text.casefold(), rule.otherwise)
        if means is None:
            known = ", ".join(rule.values or ())
            return Unreadable(text, f"found {text!r}, the mapping knows: {known}") if text else ""
        text = means
    elif not text:
        text = rule.otherwise or ""
    if text and rule.before:
        text = rule.before + text
    return _time(text, rule.read) if rule.read and text else text


def _time(text: str, formats: Sequence[str]) -> str:
    for each in formats:
        try:
            value = datetime.strptime(text, each)  # noqa: DTZ007 - the site's zone comes later
        except ValueError:
            continue
        return value.isoformat() if "%H" in each or "%I" in each else value.date().isoformat()
    return Unreadable(text, f"found {text!r}, the mapping reads: {', '.join(formats)}")


def shortened(text: str) -> str:
    """Return an id that fits: a longer one keeps its beginning, and a hash of the whole.

    >>> shortened("Adult"), len(shortened("a" * 100))
    ('Adult', 60)
    """
    if isinstance(text, Unreadable) or len(text.encode()) <= _LONGEST_ID:
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return text.encode()[: _LONGEST_ID - 9].decode(errors="ignore") + "~" + mark
