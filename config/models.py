"""What a site file may say (DESIGN 9): every key, its type, its default and its bounds.

Models only. Where an error lies is `config.locate`'s business, reading a file `config.loading`'s,
what ties tables together `config.references`'.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PrivateAttr, Strict

from config.values import (
    Color,
    CountOn,
    Days,
    Driver,
    Durability,
    Flag,
    Hours,
    Id,
    Kind,
    Language,
    Minutes,
    Persons,
    Seconds,
    Section,
    Serves,
    TimeOfDay,
    Week,
    Whole,
    address,
    known_zone,
)
from config.wires import WireSettings


class Identity(Section):
    """`[site]`: who and where this venue is."""

    id: Id = "museum"
    name: Annotated[str, Field(min_length=1, max_length=200)] = "Museum"
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    language: Language = "en"
    gateway: Id = "main"


class Stores(Section):
    """`[stores]`: where entitlements, the central database and messages live."""

    redis: Annotated[str, address("redis", "rediss", "unix")] = "embedded"
    postgres: Annotated[str, address("postgresql", "postgres")] = "embedded"
    mqtt: Annotated[str, address("mqtt", "mqtts")] | None = None
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
    capacity: Persons | None = None
    planning: str | None = None
    full: Literal["refuse", "warn"] = "refuse"
    dwell_min: Minutes = 0
    anti_passback: Literal["off", "soft", "hard"] = "off"
    anti_passback_min: Whole = 0
    anti_passback_reset: TimeOfDay | None = None
    first_in: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class Period(Section):
    """`[[period]]`: a named set of days."""

    id: Id
    name: str = ""
    color: Color | None = None
    days: tuple[Days, ...] = ()


class PlanningException(Section):
    """One `exception` of a planning: hours added to a day, or taken away from it."""

    date: Days
    include: tuple[Hours, ...] = ()
    exclude: tuple[Hours, ...] = ()
    capacity: Whole | None = None


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
        """The keys that belong to the wire, as they are written."""
        return dict(self.model_extra or {})


class Channel(Section):
    """One input or output: its number on the board, and whether it means the opposite."""

    at: Annotated[int, Strict(), Field(ge=0)]
    inverted: Flag = False


def _channel(value: object) -> object:
    """Take a bare number for the channel's place on the board."""
    if isinstance(value, Channel | dict):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return {"at": value}
    raise ValueError("allowed: a number on the board, or { at = 3, inverted = true }")


type ChannelValue = Annotated[
    Channel, BeforeValidator(_channel, json_schema_input_type=int | Channel)
]


class Equipment(Section):
    """`[[equipment]]`: a reader, turnstile, door, relay, display or lamp serving a space.

    Without a `controller` it is a handheld, which speaks HTTP itself.
    """

    id: Id
    name: str = ""
    kind: Kind = "reader"
    space: str
    direction: Serves = "entry"
    controller: str | None = None
    channels: dict[str, ChannelValue] = Field(default_factory=dict)
    opens: str | None = None
    count_on: CountOn = "grant"
    local_policy: Literal["deny", "admit"] = "deny"
    open_s: Seconds = 5.0
    longer_open_s: Seconds | None = None
    passage_s: Seconds = 10.0
    release: Literal["pulse", "level"] = "pulse"
    pulse_ms: Annotated[int, Strict(), Field(ge=100, le=1000)] = 500
    credits_max: Annotated[int, Strict(), Field(ge=1, le=50)] = 3
    bag_check_percent: Annotated[int, Strict(), Field(ge=0, le=100)] = 0
    tailgating_ms: Annotated[int, Strict(), Field(ge=0, le=10_000)] = 1500
    debounce_ms: Annotated[int, Strict(), Field(ge=0, le=500)] = 35
    deny_s: Annotated[float, Strict(), Field(gt=0, le=60)] = 2.0
    lock: Literal["fail-safe", "fail-secure"] = "fail-safe"
    held_warning_s: Seconds = 20.0
    held_s: Seconds = 30.0
    rex_unlocks: Flag = False
    rex_s: Annotated[float, Strict(), Field(gt=0, le=60)] = 3.0
    interlock: Id | None = None
    languages: tuple[Language, ...] = ()

    @property
    def longer_s(self) -> float:
        """How long it stays open for a flagged ticket."""
        return 2 * self.open_s if self.longer_open_s is None else self.longer_open_s

    @property
    def directions(self) -> tuple[Literal["entry", "exit"], ...]:
        """The directions it serves, its default first."""
        return ("entry", "exit") if self.direction == "both" else (self.direction,)


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

    _wires: Mapping[str, WireSettings] = PrivateAttr(default_factory=dict)

    @property
    def id(self) -> str:
        """The venue's id: hash tag of the store and `site` of every event."""
        return self.identity.id

    def wire(self, controller: Controller | str) -> WireSettings | None:
        """Return the settings of a controller's wire; none where they were not checked."""
        return self._wires.get(controller if isinstance(controller, str) else controller.id)

    def with_wires(self, wires: Mapping[str, WireSettings]) -> "Site":
        """Return this site with the settings of its controllers' wires."""
        site = self.model_copy()
        site._wires = wires  # noqa: SLF001  # a copy of our own
        return site

    def chain(self, space: str) -> tuple[str, ...]:
        """Return a space and the spaces around it, innermost first."""
        parents = {each.id: each.parent for each in self.spaces}
        found: list[str] = []
        at: str | None = space
        while at is not None and at not in found:
            found.append(at)
            at = parents.get(at)
        return tuple(found)
