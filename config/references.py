"""What ties the tables of a site file together: single ids, references that lead somewhere.

Works on the raw data, so that these errors are told together with those of the values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.problems import Problem

KINDS = ("space", "period", "planning", "controller", "equipment")
LINKS = (
    ("space", "parent", "space"),
    ("space", "planning", "planning"),
    ("equipment", "space", "space"),
    ("equipment", "controller", "controller"),
)
RESERVED = "gateway"
"""An equipment of this name would share its MQTT topic with the gateways (DESIGN 8)."""


def problems_of(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what does not hold between tables."""
    tables = {kind: _tables(data.get(kind)) for kind in KINDS}
    ids = {kind: [table.get("id") for table in tables[kind]] for kind in KINDS}
    for kind in KINDS:
        for position, name in enumerate(ids[kind]):
            if name is not None and name in ids[kind][:position]:
                yield Problem((kind, position, "id"), f"found {name!r} a second time")
    for kind, key, target in LINKS:
        for position, table in enumerate(tables[kind]):
            name = table.get(key)
            if isinstance(name, str) and name not in ids[target]:
                yield Problem((kind, position, key), _dangling(name, target, ids[target]))
    yield from _circles(tables["space"])
    yield from _periods(tables["planning"], ids["period"])
    yield from _equipment(tables["equipment"])
    http = data.get("http")
    if isinstance(http, Mapping) and ("tls_cert" in http) != ("tls_key" in http):
        present, absent = ("cert", "key") if "tls_cert" in http else ("key", "cert")
        yield Problem(("http", f"tls_{present}"), f"needs tls_{absent} beside it")


def _tables(value: object) -> Sequence[Mapping[str, Any]]:
    """Return an array of tables; whatever is none is an empty table, reported elsewhere."""
    if not isinstance(value, list):
        return []
    return [each if isinstance(each, Mapping) else {} for each in value]


def _dangling(name: str, target: str, known: Sequence[object]) -> str:
    there = ", ".join(str(each) for each in known if each) or f"none, there is no [[{target}]]"
    return f"found {name!r}, no [[{target}]] has this id; allowed: {there}"


def _circles(spaces: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Find spaces that lie within themselves; each circle is told once."""
    parents = {space.get("id"): space.get("parent") for space in spaces}
    told: set[object] = set()
    for position, space in enumerate(spaces):
        way = [space.get("id")]
        while (around := parents.get(way[-1])) is not None and around not in way:
            way.append(around)
        if around is not None and around == way[0] and not told.intersection(way):
            told.update(way)
            circle = " in ".join(str(each) for each in [*way, around])
            yield Problem(("space", position, "parent"), f"a space lies within itself: {circle}")


def _periods(plannings: Sequence[Mapping[str, Any]], known: Sequence[object]) -> Iterator[Problem]:
    for position, planning in enumerate(plannings):
        periods = planning.get("periods")
        for name in periods if isinstance(periods, Mapping) else ():
            if name not in known:
                location = ("planning", position, "periods", name)
                yield Problem(location, _dangling(name, "period", known))


def _equipment(equipment: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    for position, each in enumerate(equipment):
        if each.get("id") == RESERVED:
            yield Problem(
                ("equipment", position, "id"),
                f"found {RESERVED!r}, a name kept for gateways; choose another",
            )
        if each.get("count_on") == "passage" and "controller" not in each:
            yield Problem(
                ("equipment", position, "count_on"),
                "found 'passage', but a handheld reports none: name a controller, or use 'grant'",
            )
