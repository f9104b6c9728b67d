"""Open a figure: the events it counts, page by page.

Events lie in the order they arrived, in months; there is no index by time, which every event would
pay for. So a long period is walked in spans that widen where little is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.central.connection import Central
from gateway.central.reports.periods import hour_of, start_of
from gateway.central.reports.questions import (
    AUDIENCES,
    day_given,
    filters,
    instant_given,
    one_given,
    period,
)
from gateway.errors import DatabaseValueError

SEVERAL: Final = ("space", "product", "audience", "reader", "operator", "reason", "session")
CHOICES: Final = {
    "direction": ("entry", "exit"),
    "decision": ("granted", "denied"),
    "counted": ("persons", "stamps"),
}
CODE: Final = "code"
"""Finds a person's events: for operators. Without a period all of them, whenever."""
BEGINNING: Final = datetime.fromtimestamp(0, UTC)
NAMES: Final = frozenset({"from", "to", "site", "day", "hour", *SEVERAL, *CHOICES, CODE})

_FIRST = timedelta(days=1)
_WIDEST = timedelta(days=32)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Opening:
    """Which events to show."""

    site: str
    starts: datetime
    ends: datetime
    arguments: tuple[Any, ...]
    at_once: bool
    """There is an index for it: a ticket's events are not looked for span by span."""


def opening(
    given: Mapping[str, Sequence[str]], *, site: str, zone: ZoneInfo, now: datetime
) -> Opening:
    """Check what is to be opened: a report's filters, a row's columns, a figure's own.

    Raises:
        DatabaseValueError: A value is not allowed, or there is no such filter.
    """
    for name in given:
        if name not in NAMES:
            raise DatabaseValueError(name, f"there is no filter {name!r} of events")
    code = one_given(given, CODE)
    if code is not None and "from" not in given and "to" not in given:
        starts, ends = BEGINNING, now + timedelta(days=1)
    else:
        starts, ends = period(given, zone, now)
    if (day := day_given(given, "day")) is not None:
        starts = max(starts, start_of(day, zone))
        ends = min(ends, start_of(day + timedelta(days=1), zone))
    if (hour := instant_given(given, "hour", zone)) is not None:
        starts = max(starts, hour_of(hour, zone))
        ends = min(ends, hour_of(hour, zone) + _HOUR)
    found = filters(given, SEVERAL, CHOICES | {"audience": (*AUDIENCES, "")})
    chosen = [found[name] for name in (*SEVERAL, *CHOICES)]
    return Opening(
        site=one_given(given, "site") or site,
        starts=starts,
        ends=ends,
        arguments=(*chosen, code),
        at_once=code is not None,
    )


async def events(
    central: Central, what: Opening, *, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return events in their order, those after one of them.

    Raises:
        DatabaseValueError: `after` is no event that is there.
    """
    since: datetime | None = None
    starts = what.starts
    if after is not None:
        since = await central.fetchval("history.at_of", after)
        if since is None:
            raise DatabaseValueError("after", "there is no such event")
        starts = max(starts, since)
    found: list[dict[str, Any]] = []
    step = what.ends - starts if what.at_once else _FIRST
    while starts < what.ends and len(found) < limit:
        until = min(starts + step, what.ends)
        rows = await central.fetch(
            "history.opened",
            what.site, starts, until, since, after, *what.arguments, limit - len(found),
        )  # fmt: skip
        found += [dict(row) for row in rows]
        starts, step = until, min(step * 2, _WIDEST)
    return found
