"""What a site file may say (DESIGN 9): every key, its type, its default and its bounds.

Models only. Where an error lies is `config.locate`'s business, reading a file `config.loading`'s.
"""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"

type Id = Annotated[str, Field(pattern=ID_PATTERN)]
type Whole = Annotated[int, Strict(), Field(ge=0)]
type Seconds = Annotated[float, Strict(), Field(gt=0, le=3600)]
type Flag = Annotated[bool, Strict()]

type Language = Literal["en", "fr", "de", "es"]
type Durability = Literal["always", "everysec"]
type Kind = Literal["reader", "turnstile", "door", "relay", "display", "lamp"]
type Serves = Literal["entry", "exit", "both"]
type CountOn = Literal["grant", "passage"]
type Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
type Driver = Literal["serial", "modbus", "mqtt", "osdp", "http"]

_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")


def _known_zone(name: str) -> str:
    """Refuse a time zone the IANA database does not know."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        raise ValueError("allowed: an IANA time zone such as Europe/Paris") from unknown
    return name


def _hours(text: str) -> str:
    """Refuse what is not a span of hours."""
    if not _HOURS.fullmatch(text):
        raise ValueError("allowed: hours such as 10:00-18:00 (up to 24:00)")
    return text


def _days(text: str) -> str:
    """Refuse what is neither a day nor a range of days."""
    first, dots, last = text.partition("..")
    try:
        begins = date.fromisoformat(first)
        ends = date.fromisoformat(last) if dots else begins
    except ValueError as unreadable:
        raise ValueError("allowed: 2026-12-24, or 2026-12-20..2027-01-03") from unreadable
    if ends < begins:
        raise ValueError("the range ends before it begins")
    return text


def _address(*schemes: str) -> AfterValidator:
    """Return a check that an address is `embedded` or has one of the schemes."""

    def check(url: str) -> str:
        if url != "embedded" and not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError("allowed: embedded, " + ", ".join(f"{s}://…" for s in schemes))
        return url

    return AfterValidator(check)


type Hours = Annotated[str, AfterValidator(_hours)]
type Days = Annotated[str, AfterValidator(_days)]
type Week = dict[Weekday, tuple[Hours, ...]]


class Section(BaseModel):
    """A table of the site file: nothing unknown in it, and nobody changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Identity(Section):
    """`[site]`: who and where this venue is."""

    id: Id = "museum"
    name: Annotated[str, Field(min_length=1, max_length=200)] = "Museum"
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    language: Language = "en"
    gateway: Id = "main"


class Stores(Section):
    """`[stores]`: where entitlements, the central database and messages live."""

    redis: Annotated[str, _address("redis", "rediss", "unix")] = "embedded"
    postgres: Annotated[str, _address("postgresql", "postgres")] = "embedded"
    mqtt: Annotated[str, _address("mqtt", "mqtts")] | None = None
    durability: Durability = "always"
    state_dir: Path = Path("state")


class Http(Section):
    """`[http]`: where the gateway listens."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Strict(), Field(ge=0, le=65535)] = 8080
    tls_cert: Path | None = None
    tls_key: Path | None = None


class Space(Section):
    """`[[space]]`: a place that can be entered; it may lie within another."""

    id: Id
    name: str = ""
    parent: str | None = None
    capacity: Annotated[int, Strict(), Field(ge=1)] | None = None
    planning: str | None = None
    full: Literal["refuse", "warn"] = "refuse"
    dwell_min: Whole = 0
    anti_passback: Literal["off", "soft", "hard"] = "off"
    anti_passback_min: Whole = 0


class Period(Section):
    """`[[period]]`: a named set of days."""

    id: Id
    name: str = ""
    color: Annotated[str, Field(pattern=r"^#([0-9a-fA-F]{3}){1,2}$")] | None = None
    days: tuple[Days, ...] = ()


class PlanningException(Section):
    """One `exception` of a planning: hours added to a day, or taken away from it."""

    date: Days
    include: tuple[Hours, ...] = ()
    exclude: tuple[Hours, ...] = ()
    capacity: Annotated[int, Strict(), Field(ge=0)] | None = None


class Planning(Section):
    """`[[planning]]`: the normal week, the weeks of periods, and exceptions."""

    id: Id
    week: Week = Field(default_factory=dict)
    periods: dict[str, Week] = Field(default_factory=dict)
    exceptions: tuple[PlanningException, ...] = Field(default=(), alias="exception")


class Controller(Section):
    """`[[controller]]`: a device on a wire; the wire's own settings are its extra keys."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Id
    driver: Driver
    gateway: str = "main"

    @property
    def settings(self) -> dict[str, Any]:
        """The keys that belong to the wire."""
        return dict(self.model_extra or {})


class Equipment(Section):
    """`[[equipment]]`: a reader, turnstile, door, relay, display or lamp serving a space.

    Without a `controller` it is a handheld, which speaks HTTP itself.
    """

    id: Id
    kind: Kind = "reader"
    space: str
    direction: Serves = "entry"
    controller: str | None = None
    count_on: CountOn = "grant"
    channels: dict[str, Any] = Field(default_factory=dict)
    open_s: Seconds = 5.0
    passage_s: Seconds = 10.0
    local_policy: Literal["deny", "admit"] = "deny"


class Site(Section):
    """A whole site file."""

    identity: Identity = Field(default_factory=Identity, alias="site")
    stores: Stores = Field(default_factory=Stores)
    http: Http = Field(default_factory=Http)
    spaces: tuple[Space, ...] = Field(default=(), alias="space")
    periods: tuple[Period, ...] = Field(default=(), alias="period")
    plannings: tuple[Planning, ...] = Field(default=(), alias="planning")
    controllers: tuple[Controller, ...] = Field(default=(), alias="controller")
    equipment: tuple[Equipment, ...] = ()

    @property
    def id(self) -> str:
        """The venue's id: hash tag of the store and `site` of every event."""
        return self.identity.id

    def chain(self, space: str) -> tuple[str, ...]:
        """Return a space and the spaces around it, innermost first."""
        parents = {each.id: each.parent for each in self.spaces}
        found: list[str] = []
        at: str | None = space
        while at is not None and at not in found:
            found.append(at)
            at = parents.get(at)
        return tuple(found)


def allowed(annotation: Any) -> tuple[str, ...]:
    """Return the members of a closed set of words.

    >>> allowed(Durability)
    ('always', 'everysec')
    """
    return get_args(getattr(annotation, "__value__", annotation))
