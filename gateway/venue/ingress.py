"""The course of a day at the entrances: who came, who is expected, who came a week before.

All of it is counted already (`attendance`, sessions and what is sold for them); an answer is kept
for a quarter of a minute, so that many dashboards cost no more than one.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.central.connection import Central
from gateway.central.ingress import Sold
from gateway.venue.readers import ReaderFacts, SpaceFacts

STEP_MIN: Final = 15
STEPS: Final = 24 * 60 // STEP_MIN
COME_WITHIN_S: Final = 30 * 60
"""Most of a session's visitors come in the half hour before it begins: 60 to 70 of a hundred."""
KEPT_S: Final = 15.0
WEEK: Final = timedelta(days=7)

type Document = dict[str, Any]
type Key = tuple[date, str | None]


@dataclass(frozen=True, slots=True)
class Course:
    """What was asked of the database for one day: persons by step of the local day."""

    entries: list[int]
    exits: list[int]
    before: list[int]
    expected: list[float]
    sold: int


class Courses:
    """The courses of days at one site.

    Args:
        central: the central database.
        site: the site's id.
        zone: its zone.
        readers: its readers, by id.
        spaces: its spaces, by id.
        monotonic: seconds that only rise.
    """

    def __init__(  # noqa: PLR0917 - a site, and where its facts are
        self,
        central: Central,
        site: str,
        zone: Callable[[], ZoneInfo],
        readers: dict[str, ReaderFacts],
        spaces: dict[str, SpaceFacts],
        monotonic: Callable[[], float],
    ) -> None:
        self._central = central
        self._site = site
        self._zone = zone
        self._readers = readers
        self._spaces = spaces
        self._monotonic = monotonic
        self._kept: dict[Key, tuple[float, Course]] = {}
        self._one = asyncio.Lock()

    async def of(self, day: date, space: str | None) -> Course:
        """Return the course of a day, at one space or at all.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        async with self._one:  # whoever asks meanwhile gets the same answer
            now = self._monotonic()
            kept_at, course = self._kept.get((day, space), (float("-inf"), None))
            if course is None or now - kept_at > KEPT_S:
                course = await self._read(day, space)
                self._kept = {
                    key: kept for key, kept in self._kept.items() if now - kept[0] <= KEPT_S
                }
                self._kept[day, space] = (now, course)
        return course

    async def _read(self, day: date, space: str | None) -> Course:
        zone, doors = self._zone(), entrances(self._readers.values(), self._spaces.values(), space)
        within = [
            name for name in self._spaces if space is None or lies_in(self._spaces, name, space)
        ]
        begins, ends = bounds(day, zone)
        moved = await self._moved(day, zone, doors)
        before = await self._moved(day - WEEK, zone, doors)
        sold = await self._central.sold(begins, ends, within)
        return Course(
            entries=stepped((step, entries) for step, entries, _ in moved),
            exits=stepped((step, exits) for step, _, exits in moved),
            before=stepped((step, entries) for step, entries, _ in before),
            expected=expected(sold, zone),
            sold=sum(each.persons for each in sold),
        )

    async def _moved(
        self, day: date, zone: ZoneInfo, doors: list[str]
    ) -> list[tuple[int, int, int]]:
        return await self._central.moved(self._site, *bounds(day, zone), zone.key, STEP_MIN, doors)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a day begins and ends where people live by a zone.

    >>> begins, ends = bounds(date(2026, 3, 29), ZoneInfo("Europe/Paris"))
    >>> ends.astimezone(ZoneInfo("UTC")) - begins.astimezone(ZoneInfo("UTC"))
    datetime.timedelta(seconds=82800)
    """
    return (
        datetime.combine(day, time(), zone),
        datetime.combine(day + timedelta(days=1), time(), zone),
    )


def stepped(figures: Iterable[tuple[int, int]]) -> list[int]:
    """Return a figure for each step of a day; the hour that comes twice in autumn counts twice."""
    found = [0] * STEPS
    for step, figure in figures:
        if 0 <= step < STEPS:
            found[step] += figure
    return found


def expected(sold: Sequence[Sold], zone: ZoneInfo) -> list[float]:
    """Spread those sold for each session over the time in which they may be expected to come.

    That is the half hour before it begins, or as much of it as its tickets may be stamped in; where
    nobody may come before, the step in which it begins.
    """
    found = [0.0] * STEPS
    for session in sold:
        local = session.starts_at.astimezone(zone)
        start_min = local.hour * 60 + local.minute
        ahead_min = min(session.margin_before_s, COME_WITHIN_S) // 60
        minutes = range(max(0, start_min - ahead_min), start_min) or range(start_min, start_min + 1)
        for minute in minutes:
            found[minute // STEP_MIN] += session.persons / len(minutes)
    return [round(figure, 1) for figure in found]


def entrances(
    readers: Iterable[ReaderFacts], spaces: Iterable[SpaceFacts], space: str | None
) -> list[str]:
    """Return the spaces at whose readers people come into a space, or into the site at all.

    The space itself where readers let in there; else the outermost within it that have any, so that
    nobody is counted at the door of the house and again at the door of a room.
    """
    let_in = {reader.entry.space for reader in readers if reader.entry is not None}
    inner: dict[str | None, list[str]] = {}
    for each in spaces:
        inner.setdefault(each.parent, []).append(each.id)
    found: list[str] = []
    waiting = [space] if space is not None else list(inner.get(None, ()))
    while waiting:
        name = waiting.pop(0)
        if name in let_in:
            found.append(name)
        else:
            waiting += inner.get(name, ())
    return found


def lies_in(spaces: dict[str, SpaceFacts], name: str, outer: str) -> bool:
    """Tell whether a space is another, or lies within it."""
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        if at == outer:
            return True
        seen.add(at)
        at = spaces[at].parent if at in spaces else None
    return False
