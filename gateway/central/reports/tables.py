"""What a report is: its query, its columns with their words, how figures add up and open.

Read from ``catalogue/`` once; a name in a query with a colon (``:product``) is an argument, and
those that callers may give are the report's filters.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

FOLDER: Final = Path(__file__).parent

type Kind = Literal["text", "whole", "rate", "instant", "day", "flag"]
type Words = Mapping[str, str]
"""By language, ``en`` and ``fr``."""


class Row(Protocol):
    """A row as the database's driver hands it over."""

    def __getitem__(self, name: str, /) -> Any:
        """Return a column's value."""


SEVERAL: Final = (
    "space",
    "product",
    "audience",
    "reader",
    "operator",
    "reason",
    "session",
    "source",
    "status",
)
"""Filters of which several values may be given."""

ONE: Final = ("order", "consumer")
"""Filters of one text."""

PERSONAL: Final = frozenset(ONE)
"""Filters that would find a person."""

_ARGUMENT = re.compile(r"(?<![:\w]):([a-z_]+)")
_PARTS = re.compile(r"^-- with: ([\w, ]+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a report."""

    name: str
    kind: Kind
    label: Words
    total: Literal["sum"] | tuple[str, str] | None = None
    """Adds up, or is the quotient of two columns that do."""
    personal: bool = False
    """Tells who somebody is: from the role operator up."""
    only_by: tuple[str, ...] = ()
    """There only if the report is asked for by one of these."""
    opens: Mapping[str, str] | None = None
    """What to add to a row's own filters to see what this figure counts; None: it opens nothing."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with the names of its arguments, in the order of ``$1``, ``$2`` …."""

    sql: str
    arguments: tuple[str, ...]

    @classmethod
    def read(cls, text: str, parts: Mapping[str, str]) -> "Statement":
        """Read a query; its common tables are put before it.

        >>> Statement.read("SELECT :a::int + :b, :a", {})
        Statement(sql='SELECT $1::int + $2, $1', arguments=('a', 'b'))
        """
        if found := _PARTS.match(text):
            common = ", ".join(parts[name] for name in found[1].split(", "))
            text = f"WITH {common}{text[found.end() :]}"
        arguments = tuple(dict.fromkeys(_ARGUMENT.findall(text)))
        places = {name: f"${place}" for place, name in enumerate(arguments, 1)}
        return cls(_ARGUMENT.sub(lambda match: places[match[1]], text), arguments)


@dataclass(frozen=True, slots=True)
class Report:
    """One report."""

    name: str
    title: Words
    about: Words
    query: Statement
    totals: Statement | None
    """Of a list that is answered in pages."""
    sums: Sequence[tuple[Statement, Mapping[str, Any]]]
    """The same from figures kept, each with the arguments for which they tell: a value, or None
    for a filter that must not be given."""
    columns: tuple[Column, ...]
    dates: Literal["events", "sessions", "activity"]
    """What the period is of."""
    personal: bool
    choices: Mapping[str, tuple[str, ...]]
    """Filters with a closed set of values."""
    defaults: Mapping[str, str]
    by: tuple[str, ...]
    by_default: tuple[str, ...]
    opens: Mapping[str, Any]
    """Where a row's figures open: ``path``, ``by`` (columns that are filters there), filters.

    ``ever``: whenever it happened, whatever the report's period.
    """

    @property
    def paged(self) -> bool:
        """Whether it is a list, answered in pages as JSON."""
        return self.totals is not None

    def adds_up(self, arguments: Mapping[str, Any]) -> Statement | None:
        """Choose what tells the totals of a list."""
        for sums, needs in self.sums:
            if all(arguments[name] == value for name, value in needs.items()):
                return sums
        return self.totals

    @property
    def filters(self) -> tuple[str, ...]:
        """Name the filters that it takes, besides ``from``, ``to`` and ``site``."""
        given = (*SEVERAL, *ONE, *self.choices)
        return tuple(name for name in given if name in self.query.arguments)

    def filters_for(self, *, personal: bool) -> tuple[str, ...]:
        """Name the filters of those who may, or may not, see who somebody is."""
        return tuple(name for name in self.filters if personal or name not in PERSONAL)

    def shown(self, by: Sequence[str], *, personal: bool) -> tuple[Column, ...]:
        """Return the columns that there are."""
        return tuple(
            column
            for column in self.columns
            if (not column.only_by or set(column.only_by) & set(by))
            and (personal or not column.personal)
        )


@cache
def reports() -> Mapping[str, Report]:
    """Read all reports, by name; from disk, so that a server asks in a thread."""
    parts = {
        path.stem: path.read_text(encoding="utf-8") for path in (FOLDER / "parts").glob("*.sql")
    }
    found = {path.stem: path for path in (FOLDER / "catalogue").glob("*.toml")}
    return {name: _read(found[name], parts) for name in sorted(found)}


def _read(path: Path, parts: Mapping[str, str]) -> Report:
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    by = facts.get("by", {})
    totals = path.with_suffix(".totals.sql")
    return Report(
        name=path.stem,
        title=facts["title"],
        about=facts["about"],
        query=_statement(path.with_suffix(".sql"), parts),
        totals=_statement(totals, parts) if totals.exists() else None,
        sums=tuple(_sums(path, each, parts) for each in facts.get("sums", ())),
        columns=tuple(_column(each) for each in facts["column"]),
        dates=facts.get("dates", "events"),
        personal=facts.get("personal", False),
        choices={name: tuple(values) for name, values in facts.get("choice", {}).items()},
        defaults=facts.get("default", {}),
        by=tuple(by.get("choices", ())),
        by_default=tuple(by.get("default", ())),
        opens=facts["opens"],
    )


def _sums(
    path: Path, facts: Mapping[str, Any], parts: Mapping[str, str]
) -> tuple[Statement, Mapping[str, Any]]:
    needs = dict(facts)
    statement = _statement(path.with_suffix(f".{needs.pop('query')}.sql"), parts)
    return statement, dict.fromkeys(needs.pop("without", ())) | needs


def _statement(path: Path, parts: Mapping[str, str]) -> Statement:
    return Statement.read(path.read_text(encoding="utf-8"), parts)


def _column(facts: Mapping[str, Any]) -> Column:
    total = facts.get("total")
    return Column(
        name=facts["name"],
        kind=facts["kind"],
        label=facts["label"],
        total=tuple(total) if isinstance(total, list) else total,
        personal=facts.get("personal", False),
        only_by=tuple(facts.get("only_by", ())),
        opens=facts.get("opens"),
    )


class Totals:
    """Adds up rows as they pass by."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = tuple(columns)
        self._summed = tuple(column.name for column in self._columns if column.total == "sum")
        self.sums: dict[str, int] = dict.fromkeys(self._summed, 0)

    def add(self, row: Row) -> None:
        """Add a row."""
        for name in self._summed:
            self.sums[name] += row[name] or 0

    def answer(self) -> dict[str, int | float | None]:
        """Return the totals by column; of a rate that of the sums."""
        totals: dict[str, int | float | None] = dict(self.sums)
        for column in self._columns:
            if isinstance(column.total, tuple):
                part, whole = (self.sums[name] for name in column.total)
                totals[column.name] = round(part / whole, 4) if whole else None
        return totals
