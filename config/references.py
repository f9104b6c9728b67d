"""Single ids, and references between tables that lead somewhere.

Works on a draft, so that these errors are told together with those of the values.
"""

from collections.abc import Iterator, Sequence

from config.draft import Draft, Table
from config.models import Space
from config.problems import Problem, suggested
from config.values import Section


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Find ids given twice, and references that lead nowhere or in a circle."""
    spaces, equipment = draft.spaces, draft.equipment
    listed = (draft.periods, draft.plannings, draft.controllers)
    for tables in (spaces, *listed, equipment, draft.webhooks, draft.sources):
        yield from _single(tables)
    yield from _links(spaces, "parent", spaces, "space")
    yield from _links(spaces, "planning", draft.plannings, "planning")
    yield from _links(equipment, "space", spaces, "space")
    yield from _links(equipment, "controller", draft.controllers, "controller")
    yield from _links(equipment, "opens", equipment, "equipment")
    yield from _circles(spaces)
    yield from _periods(draft)
    yield from _broker(draft)
    yield from _certificate(draft)


def _single(tables: Sequence[Table[Section]]) -> Iterator[Problem]:
    """Find ids given twice."""
    seen: set[str] = set()
    for table in tables:
        if table.id in seen:
            yield table.problem("id", text=f"found {table.id!r} a second time")
        elif table.id is not None:
            seen.add(table.id)


def _links(
    tables: Sequence[Table[Section]], key: str, targets: Sequence[Table[Section]], target: str
) -> Iterator[Problem]:
    """Find references that lead nowhere."""
    known = [each.id for each in targets]
    for table in tables:
        name = table.text(key)
        if name is not None and name not in known:
            yield table.problem(key, text=_dangling(name, target, known))


def _dangling(name: str, target: str, known: Sequence[str | None]) -> str:
    there = [each for each in known if each]
    if not there:
        return f"found {name!r}, but there is no [[{target}]] at all"
    return f"found {name!r}, no [[{target}]] has this id; {suggested(name, there)}"


def _circles(spaces: Sequence[Table[Space]]) -> Iterator[Problem]:
    """Find spaces that lie within themselves; each circle is told once."""
    parents = {space.id: space.text("parent") for space in spaces}
    told: set[str] = set()
    for space in spaces:
        if space.id is None:
            continue
        way = [space.id]
        while (around := parents.get(way[-1])) is not None and around not in way:
            way.append(around)
        if around == way[0] and not told.intersection(way):
            told.update(way)
            circle = " in ".join([*way, around])
            yield space.problem("parent", text=f"a space lies within itself: {circle}")


def _periods(draft: Draft) -> Iterator[Problem]:
    known = [period.id for period in draft.periods]
    for planning in draft.plannings:
        periods = planning.written.get("periods")
        for name in periods if isinstance(periods, dict) else ():
            if name not in known:
                yield planning.problem("periods", name, text=_dangling(name, "period", known))


def _broker(draft: Draft) -> Iterator[Problem]:
    """Find what needs MQTT where no broker is named."""
    stores = draft.section("stores")
    if stores.get("mqtt") is not None:
        return
    if stores.get("home_assistant") is True:
        text = 'found true, which needs mqtt beside it: "embedded" or mqtt://…'
        yield Problem(("stores", "home_assistant"), text)
    for each in draft.controllers:
        if each.text("driver") == "mqtt":
            text = "found 'mqtt', which needs [stores] mqtt: \"embedded\" or mqtt://…"
            yield each.problem("driver", text=text)


def _certificate(draft: Draft) -> Iterator[Problem]:
    http = draft.section("http")
    if ("tls_cert" in http) != ("tls_key" in http):
        present, absent = ("cert", "key") if "tls_cert" in http else ("key", "cert")
        yield Problem(("http", f"tls_{present}"), f"needs tls_{absent} beside it")
