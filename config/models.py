"""What a site file may say (DESIGN 9): every key, its type, its default and its bounds.

Models only. Where an error lies is `config.locate`'s business, reading a file `config.loading`'s,
what ties tables together `config.references`'.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PrivateAttr, Strict

from config.keeping import Retention
from config.sources import Source
from config.values import (
    CodeFormat,
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
from config.webhooks import Webhook
from config.wires import WireSettings


class Identity(Section):
    """`[site]`: who and where this venue is."""

    id: Id = "museum"
    """Names the venue in the store and in every event: keep it for good."""
    name: Annotated[str, Field(min_length=1, max_length=200)] = "Museum"
    """The venue's name, for people."""
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """An IANA zone: days begin, hours hold and answers are written in it."""
    language: Language = "en"
    """Of messages, where the caller asks for none."""
    gateway: Id = "main"
    """This gateway's name, where a venue has several."""


class Stores(Section):
    """`[stores]`: where entitlements, the central database and messages live."""

    redis: Annotated[str, address("redis", "rediss", "unix")] = "embedded"
    """The entitlement store: embedded, or the address of a Valkey or Redis."""
    postgres: Annotated[str, address("postgresql", "postgres")] = "embedded"
    """The central database: embedded, or the address of a PostgreSQL."""
    mqtt: Annotated[str, address("mqtt", "mqtts")] | None = None
    """The broker of gates on MQTT: embedded (this machine's mosquitto), or an address; else off."""
    home_assistant: Flag = False
    """Show spaces and gates to a Home Assistant at that broker; of several gateways, by one."""
    durability: Durability = "always"
    """Of the embedded store: always loses no stamp, everysec up to 2 s of them."""
    state_dir: Path = Path("state")
    """Data of the embedded stores, and journals; relative to this file."""


class Http(Section):
    """`[http]`: where the gateway listens."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """The address to listen on; 0.0.0.0 to be reached from handhelds."""
    port: Annotated[int, Strict(), Field(ge=0, le=65535)] = 8080
    """The port to listen on; 0 takes a free one."""
    tls_cert: Path | None = None
    """A certificate (PEM) with its chain; needs tls_key."""
    tls_key: Path | None = None
    """The certificate's key (PEM)."""


class Space(Section):
    """`[[space]]`: a place that can be entered; it may lie within another."""

    id: Id
    """Names the space in every event."""
    name: str = ""
    """The space's name, for people."""
    parent: str | None = None
    """The space around it: who is in this one is in that one too."""
    capacity: Persons | None = None
    """How many persons it holds; left out: any number."""
    planning: str | None = None
    """When it is open; left out: always."""
    full: Literal["refuse", "warn"] = "refuse"
    """At capacity: refuse, or let in and warn."""
    dwell_min: Minutes = 0
    """How many minutes a visit lasts where nobody is seen to leave; 0: until an exit."""
    anti_passback: Literal["off", "soft", "hard"] = "off"
    """Who is inside already, or never was: off, soft (granted and flagged), hard (refused)."""
    anti_passback_min: Whole = 0
    """Minutes after which that is forgiven; 0: never."""
    anti_passback_reset: TimeOfDay | None = None
    """When it is forgiven every day, such as 04:30."""
    first_in: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Products, one of whose tickets must enter each day before any other may."""


class Code(Section):
    """`[[code]]`: codes of others, and how they name a ticket; the first that fits is taken."""

    format: CodeFormat
    """An address, a pass known by its prefix, or a secret signed by pretix."""
    prefix: Annotated[str, Field(max_length=200)] = ""
    """How these codes begin; of an address, all before the reference."""
    keep: Flag = False
    """Whether the prefix belongs to the reference."""
    keys: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Public keys of pretix, one of which must have signed."""


class Period(Section):
    """`[[period]]`: a named set of days."""

    id: Id
    """Names the period for plannings."""
    name: str = ""
    """The period's name, for people."""
    color: Color | None = None
    """In which it is drawn, such as #b33."""
    days: tuple[Days, ...] = ()
    """Its days and ranges of days, such as 2026-12-20..2027-01-03."""


class PlanningException(Section):
    """One `exception` of a planning: hours added to a day, or taken away from it."""

    date: Days
    """The day, or the range of days."""
    include: tuple[Hours, ...] = ()
    """Hours added to the day."""
    exclude: tuple[Hours, ...] = ()
    """Hours taken away from the day; up to 24:00 also what goes on after midnight."""
    capacity: Whole | None = None
    """How many persons its spaces hold on the day."""


class Planning(Section):
    """`[[planning]]`: the normal week, the weeks of periods, and exceptions."""

    id: Id
    """Names the planning for spaces."""
    week: Week = Field(default_factory=dict)
    """Hours of each weekday; a day not named is closed."""
    periods: dict[str, Week] = Field(default_factory=dict)
    """The weeks of periods; of two on one day the one named first counts."""
    exceptions: tuple[PlanningException, ...] = Field(default=(), alias="exception")
    """Single days, or ranges, on which hours are added or taken away."""


class Controller(Section):
    """`[[controller]]`: a device on a wire; the wire's own settings are its extra keys."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    id: Id
    """Names the board for equipment."""
    driver: Driver
    """The wire it is on."""
    gateway: Id = "main"
    """The gateway that runs it, where a venue has several."""

    @property
    def settings(self) -> dict[str, Any]:
        """The keys that belong to the wire, as they are written."""
        return dict(self.model_extra or {})


class Channel(Section):
    """One input or output: its number on the board, and whether it means the opposite."""

    at: Annotated[int, Strict(), Field(ge=0)]
    """Its number on the board."""
    inverted: Flag = False
    """On means off: a contact that is closed at rest."""


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


LANES_PER_MIN: Final[Mapping[Kind, int]] = {"turnstile": 20, "door": 30, "reader": 12}
"""What a lane of each kind lets through in a minute when nothing goes wrong."""


class Equipment(Section):
    """`[[equipment]]`: a reader, turnstile, door, relay, display or lamp serving a space.

    Without a `controller` it is a handheld, which speaks HTTP itself.
    """

    id: Id
    """Names the equipment in every event; the reader of every scan made there."""
    name: str = ""
    """Its name, for people."""
    kind: Kind = "reader"
    """What it is."""
    space: str
    """The space it serves."""
    direction: Serves = "entry"
    """The way it serves: into the space, out of it, or both."""
    controller: str | None = None
    """The board it is wired to; a reader without one is a handheld, which speaks HTTP."""
    channels: dict[str, ChannelValue] = Field(default_factory=dict)
    """Inputs and outputs on its board, by name."""
    opens: str | None = None
    """The turnstile or door that grants of this reader open."""
    count_on: CountOn = "grant"
    """What counts a person: the grant, or the passage that the gate reports."""
    accepts: Literal["any", "proven", "rotating"] = "any"
    """What codes its entry takes: any, signed and rotating ones, or rotating ones only."""
    local_policy: Literal["deny", "admit", "signed"] = "deny"
    """When the store is silent: deny, admit, or admit whoever shows a signed or rotating code."""
    local_persons: Persons = 500
    """How many persons `signed` lets in while the store is silent, until it answers again."""
    local_min: Annotated[int, Strict(), Field(ge=1, le=1440)] = 120
    """For how many minutes `signed` lets anybody in."""
    open_s: Seconds = 5.0
    """How long it stays open for a passage to begin."""
    longer_open_s: Seconds | None = None
    """The same for a flagged ticket; left out: twice as long."""
    passage_s: Seconds = 10.0
    """How long the longest passage takes."""
    release: Literal["pulse", "level"] = "pulse"
    """Opened by a pulse, or by a level held until the passage begins."""
    pulse_ms: Annotated[int, Strict(), Field(ge=100, le=1000)] = 500
    """How long the pulse lasts."""
    credits_max: Annotated[int, Strict(), Field(ge=1, le=50)] = 3
    """How many persons of a group are released one after the other."""
    bag_check_percent: Annotated[int, Strict(), Field(ge=0, le=100)] = 0
    """Of how many persons in a hundred the bag is looked into."""
    tailgating_ms: Annotated[int, Strict(), Field(ge=0, le=10_000)] = 1500
    """Two passages for one grant within so long are tailgating; 0: never."""
    debounce_ms: Annotated[int, Strict(), Field(ge=0, le=500)] = 35
    """How long an input must hold to count; 20 to 50 is usual."""
    repeat_ms: Annotated[int, Strict(), Field(ge=0, le=10_000)] = 1500
    """A reader that sees a code again within so long, its visitor still there, has read it once."""
    carries: Flag = False
    """A handheld carries today's tickets, under hashes and without names, to decide offline."""
    lane_per_min: Annotated[int, Strict(), Field(ge=1, le=120)] | None = None
    """How many persons a minute it can let through; left out: turnstile 20, door 30, reader 12."""
    deny_s: Annotated[float, Strict(), Field(gt=0, le=60)] = 2.0
    """How long a refusal is shown."""
    lock: Literal["fail-safe", "fail-secure"] = "fail-safe"
    """Without power it is open (fail-safe), or locked (fail-secure)."""
    held_warning_s: Seconds = 20.0
    """Open for so long, it is warned about."""
    held_s: Seconds = 30.0
    """Open for so long, it is an alarm."""
    rex_unlocks: Flag = False
    """The exit button releases the lock; else a handle does."""
    rex_s: Annotated[float, Strict(), Field(gt=0, le=60)] = 3.0
    """How long after the exit button an opening is no break-in."""
    interlock: Id | None = None
    """The group of doors of which one may be open."""
    languages: tuple[Language, ...] = ()
    """Shown on displays, in this order; left out: the site's."""

    @property
    def per_min(self) -> int | None:
        """How many persons a minute it can let through, where it lets anybody through."""
        return self.lane_per_min or LANES_PER_MIN.get(self.kind)

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
    """Who and where this venue is."""
    stores: Stores = Field(default_factory=Stores)
    """Where entitlements, the central database and messages live."""
    http: Http = Field(default_factory=Http)
    """Where the gateway listens."""
    retention: Retention = Field(default_factory=Retention)
    """How long what leads to a visitor is kept."""
    spaces: tuple[Space, ...] = Field(default=(), alias="space")
    """What can be entered."""
    periods: tuple[Period, ...] = Field(default=(), alias="period")
    """Named sets of days."""
    plannings: tuple[Planning, ...] = Field(default=(), alias="planning")
    """When spaces are open."""
    codes: tuple[Code, ...] = Field(default=(), alias="code")
    """Codes of others."""
    controllers: tuple[Controller, ...] = Field(default=(), alias="controller")
    """Boards on wires."""
    equipment: tuple[Equipment, ...] = ()
    """What reads, opens and shows."""
    webhooks: tuple[Webhook, ...] = Field(default=(), alias="webhook")
    """Programs elsewhere that are told what happens."""
    sources: tuple[Source, ...] = Field(default=(), alias="source")
    """Sellers whose orders are fetched when they change."""

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
