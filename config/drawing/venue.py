"""What is drawn of a site: rooms within rooms, gates in rooms, boards; no layout yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretBytes, SecretStr

from config.models import Channel, Controller, Equipment, Site, Space
from config.planning import MINUTES, Span, Timetable, timetables
from config.problems import is_secret
from config.values import Serves


@dataclass(frozen=True, slots=True)
class Gate:
    """One equipment, and the readers that open it."""

    id: str
    name: str
    kind: str
    direction: Serves
    board: str | None
    facts: tuple[str, ...]
    """Channels, what it counts on, what else is told of it."""
    readers: tuple["Gate", ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The hours of a space today."""

    spans: tuple[Span, ...]
    """Minutes from ≤ m < to within the day's 1,440."""
    text: str


@dataclass(frozen=True, slots=True)
class Room:
    """A space, with what stands in it."""

    id: str
    name: str
    facts: tuple[str, ...]
    day: Day | None
    gates: tuple[Gate, ...]
    rooms: tuple["Room", ...]

    def all_gates(self) -> Iterator[Gate]:
        """Return the gates in this room and those within it."""
        yield from self.gates
        for room in self.rooms:
            yield from room.all_gates()


@dataclass(frozen=True, slots=True)
class Wire:
    """A board, and who is wired to it."""

    id: str
    driver: str
    facts: tuple[str, ...]
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Venue:
    """A whole site, ready to be drawn."""

    id: str
    name: str
    timezone: str
    day: str
    rooms: tuple[Room, ...]
    wires: tuple[Wire, ...]
    handhelds: tuple[str, ...] = field(default=())


def venue_of(site: Site, now: datetime) -> Venue:
    """Return what there is to draw of a site on the day of an instant."""
    here = now.astimezone(ZoneInfo(site.identity.timezone))
    calendar = timetables(site)
    return Venue(
        id=site.id,
        name=site.identity.name,
        timezone=site.identity.timezone,
        day=f"{here:%A} {here.day} {here:%B %Y}",
        rooms=tuple(_rooms(site, None, calendar, here)),
        wires=tuple(_wire(site, controller) for controller in site.controllers),
        handhelds=tuple(each.id for each in site.equipment if each.controller is None),
    )


def _rooms(
    site: Site, around: str | None, calendar: Mapping[str, Timetable], here: datetime
) -> Iterator[Room]:
    """Return the spaces that lie directly within another, or within none."""
    for space in site.spaces:
        if space.parent == around:
            timetable = calendar.get(space.planning or "")
            yield Room(
                id=space.id,
                name=space.name,
                facts=tuple(_facts_of_space(space, timetable, here)),
                day=None if timetable is None else _day(timetable, here),
                gates=tuple(_gates(site, space.id)),
                rooms=tuple(_rooms(site, space.id, calendar, here)),
            )


def _facts_of_space(space: Space, timetable: Timetable | None, here: datetime) -> Iterator[str]:
    exceptional = timetable.capacity_of(here.date()) if timetable else None
    capacity = space.capacity if exceptional is None else exceptional
    if capacity is not None:
        today = " today" if exceptional is not None else ""
        warns = ", warns only" if space.full == "warn" else ""
        yield f"up to {capacity:,} persons{today}{warns}"
    if space.anti_passback != "off":
        yield f"anti-passback {space.anti_passback}"
    if space.dwell_min:
        yield f"a visit lasts {space.dwell_min} min"
    if space.first_in:
        yield f"first in: {', '.join(space.first_in)}"


def _day(timetable: Timetable, here: datetime) -> Day:
    """Return today's hours; those of the evening before that go on are drawn, not told."""
    today = here.date()
    begun = timetable.spans(today)
    before = timetable.spans(today - timedelta(days=1))
    spans = (
        *((max(since - MINUTES, 0), until - MINUTES) for since, until in before if until > MINUTES),
        *((since, min(until, MINUTES)) for since, until in begun),
    )
    text = ", ".join(f"{_clock(since)}-{_clock(until)}" for since, until in begun) or "closed"
    period = timetable.period_on(today)
    why = [period.name or period.id] if period else []
    why += ["exception"] if timetable.exceptions_on(today) else []
    told = f"{timetable.planning.id}: {text} today"
    return Day(spans, f"{told} ({', '.join(why)})" if why else told)


def _clock(minute: int) -> str:
    """Write a minute of a day; the end of the day is 24:00, past it the next day's time."""
    within = minute if minute <= MINUTES else minute - MINUTES
    return f"{within // 60:02}:{within % 60:02}"


def _gates(site: Site, space: str) -> Iterator[Gate]:
    """Return the equipment of a space; a reader that opens a gate stands under it."""
    here = [each for each in site.equipment if each.space == space]
    for equipment in here:
        if equipment.opens is None:
            readers = [_gate(each) for each in here if each.opens == equipment.id]
            yield _gate(equipment, tuple(readers))


def _gate(equipment: Equipment, readers: Sequence[Gate] = ()) -> Gate:
    return Gate(
        id=equipment.id,
        name=equipment.name,
        kind=equipment.kind,
        direction=equipment.direction,
        board=equipment.controller,
        facts=tuple(_facts_of_gate(equipment)),
        readers=tuple(readers),
    )


def _facts_of_gate(equipment: Equipment) -> Iterator[str]:
    if equipment.channels:
        yield ", ".join(_channel(name, each) for name, each in equipment.channels.items())
    if equipment.count_on == "passage" and equipment.opens is None:
        yield "counts passages"
    if equipment.local_policy == "admit":
        yield "admits when the store is silent"
    if equipment.kind == "door":
        yield equipment.lock
    if equipment.interlock:
        yield f"interlock {equipment.interlock}"
    if equipment.bag_check_percent:
        yield f"{equipment.bag_check_percent} % bag check"
    if equipment.languages:
        yield " ".join(equipment.languages)
    if equipment.controller is None:
        yield "handheld"


def _channel(name: str, channel: Channel) -> str:
    return f"{name} {channel.at}{' inverted' if channel.inverted else ''}"


def _wire(site: Site, controller: Controller) -> Wire:
    settings = site.wire(controller)
    named = (
        {key: getattr(settings, key) for key in settings.model_fields_set}
        if settings is not None
        else controller.settings
    )
    facts = [f"{key} {value}" for key, value in sorted(named.items()) if not _hidden(key, value)]
    if controller.gateway != site.identity.gateway:
        facts.append(f"run by gateway {controller.gateway}")
    wired = tuple(each.id for each in site.equipment if each.controller == controller.id)
    return Wire(controller.id, controller.driver, tuple(facts), wired)


def _hidden(key: str, value: Any) -> bool:
    """Tell whether a setting may hold a secret, or is too much for a drawing."""
    if is_secret(key) or isinstance(value, SecretStr | SecretBytes):
        return True
    if isinstance(value, str) and "://" in value:
        return urlsplit(value).password is not None
    return not isinstance(value, str | int | float)
