"""The answers' types, for the OpenAPI document; the handlers write plain dictionaries.

A contract test decodes real answers with these types, so that the two cannot part.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from gateway.http.problems import ProblemBody
from gateway.tickets.model import Audience, Status
from gateway.tickets.reasons import Reason


class Span(msgspec.Struct, rename={"starts": "from"}):
    """When a ticket may be stamped; a null bound is open."""

    starts: datetime | None
    until: datetime | None


class Stamps(msgspec.Struct):
    """The uses of a ticket: those of the window chosen, the first and the last of all."""

    made: int
    allowed: int | None
    first_at: datetime | None
    first_reader: str | None
    last_at: datetime | None
    last_reader: str | None


class TicketAnswer(msgspec.Struct):
    """A ticket as it stands."""

    code: str
    product: str
    session: str | None
    label: str
    audience: Audience
    holder: str | None
    persons: int
    persons_left: int
    status: Status
    hold_until: datetime | None
    replaced_by: str | None
    destroyed_at: datetime | None
    window: Span
    windows: list[Span]
    stamps: Stamps
    inside: str | None


class Rotation(msgspec.Struct):
    """How a ticket's code changes (RFC 6238, SHA-1): ``prefix`` and a figure of ``digits``."""

    prefix: str
    secret: str
    """The ticket's own, in base32."""
    step_s: int
    digits: int


class VisitorAnswer(msgspec.Struct):
    """A ticket as its visitor sees it; ``code`` holds at ``now``."""

    site: str
    language: str
    timezone: str
    now: datetime
    code: str
    rotation: Rotation
    ticket: TicketAnswer


class PageAnswer(msgspec.Struct):
    """Where a visitor's page is, and what a wallet needs that changes codes by itself."""

    path: str
    rotation: Rotation


class ConflictAnswer(msgspec.Struct, rename={"with_event": "with"}):
    """An admission that the rules would have refused."""

    reason: str
    with_event: str | None
    reader: str | None
    at: datetime | None


class ScanAnswer(msgspec.Struct):
    """The decision about one scan; ``reason`` is null when granted."""

    decision: Literal["granted", "denied"]
    reason: Reason | None
    message: str
    event: str | None
    replayed: bool
    degraded: bool
    conflict: ConflictAnswer | None
    attention: bool
    ticket: TicketAnswer | None


class BatchItem(ScanAnswer):
    """The answer to one scan of a batch."""

    nonce: str


class BatchProblem(msgspec.Struct):
    """An item that could not be taken."""

    nonce: str | None
    problem: ProblemBody


class BatchAnswer(msgspec.Struct):
    """The answers, in the order sent: a `BatchItem` each, or a `BatchProblem`."""

    items: list[dict[str, Any]]


class ActAnswer(msgspec.Struct):
    """What an act did: the event it made, and of which event."""

    event: str | None
    of: str | None
    replayed: bool
    conflict: ConflictAnswer | None
    ticket: TicketAnswer | None


class EventAnswer(msgspec.Struct):
    """One row of `scan_event`."""

    event_id: str
    at: datetime
    site: str
    kind: Literal["scan", "passage", "annulled", "undo", "destroy", "count", "untracked"]
    of: str | None
    ticket_code: str | None
    product: str | None
    session: str | None
    space: str | None
    reader: str | None
    operator: str | None
    direction: Literal["entry", "exit"] | None
    decision: Literal["granted", "denied"] | None
    reason: str | None
    persons: int | None
    audience: str | None
    counted_persons: int
    counted_stamps: int
    device_at: datetime | None
    offline: bool
    degraded: bool
    override_reason: str | None
    conflict_with: str | None


class ChangeAnswer(msgspec.Struct):
    """What a seller changed of a ticket: by column of the table `ticket`, before and after."""

    at: str
    what: dict[str, tuple[Any, Any]]


class EventList(msgspec.Struct, omit_defaults=True):
    """Events, oldest first; ``partial`` without the database.

    Of a ticket's history, on its first page, also what its seller changed: the newest hundred.
    """

    items: list[EventAnswer]
    changes: list[ChangeAnswer] = []
    next: str | None = None
    partial: bool = False


class TicketList(msgspec.Struct):
    """Tickets found; ``next`` is the value for ``after``."""

    items: list[TicketAnswer]
    next: str | None


class CarriedTicket(msgspec.Struct):
    """A ticket as a handheld carries it, under a hash of the site's id and its code.

    ``n`` persons, ``g`` they come together, ``r`` the reason that stands against it, ``u`` nobody
    can tell offline, ``w`` its windows: from, until (seconds since the epoch), stamps left.
    """

    key: str
    n: int
    g: bool
    r: Reason | None
    u: bool
    w: list[tuple[int | None, int | None, int | None]]


class PublicKey(msgspec.Struct):
    """The public half of a key that signs codes (Ed25519), in base64."""

    id: int
    public: str


class CarriedAnswer(msgspec.Struct):
    """A page of the list, and when it was made.

    ``keys`` check signed codes; ``signed`` says that one vouches for a ticket which is not listed.
    """

    at: datetime
    keys: list[PublicKey]
    signed: bool
    items: list[CarriedTicket]
    next: str | None


class SpaceAnswer(msgspec.Struct):
    """A space now: persons inside, persons on their way in, open or closed."""

    id: str
    name: str
    parent: str | None
    open: bool
    mode: Literal["normal", "free", "locked", "evacuate"]
    capacity: int | None
    inside: int
    reserved: int


class SpaceList(msgspec.Struct):
    """All spaces of the site."""

    items: list[SpaceAnswer]
    next: str | None


class IngressAnswer(msgspec.Struct):
    """The course of a day in steps of the venue's clock, the first at midnight.

    Persons who went in and out, those who went in a week before, and those expected: the persons
    sold for the day's sessions (``sold`` in all), spread over the half hour before each begins.
    ``now_step`` is the step that is running, where the day is today.
    """

    day: str
    compared_with: str
    space: str | None
    step_min: int
    now_step: int | None
    entries: list[int]
    exits: list[int]
    before: list[int]
    expected: list[float]
    sold: int


class TrendMinute(msgspec.Struct):
    """How many were inside each space at a minute."""

    at: datetime
    inside: dict[str, int]


class TrendAnswer(msgspec.Struct):
    """The minutes kept, oldest first."""

    items: list[TrendMinute]
    next: str | None


class Modes(msgspec.Struct):
    """The mode of an equipment in each direction; null where it serves none."""

    entry: Literal["normal", "free", "locked"] | None
    exit: Literal["normal", "free", "locked"] | None


class Counters(msgspec.Struct):
    """Passages that a device has counted itself since it started."""

    entry: int | None
    exit: int | None


class LastScan(msgspec.Struct):
    """The last scan at an equipment."""

    at: datetime
    decision: Literal["granted", "denied"]
    reason: str | None


class EquipmentAnswer(msgspec.Struct):
    """An equipment now; ``link`` and ``state`` are unknown where nobody can tell."""

    id: str
    name: str
    kind: Literal["reader", "turnstile", "door", "relay", "display", "lamp"]
    space: str
    direction: Literal["entry", "exit", "both"]
    controller: str | None
    opens: str | None
    driver: str | None
    link: Literal["up", "down", "unknown"]
    since: datetime | None
    state: str
    modes: Modes
    inputs: dict[str, bool]
    counters: Counters
    battery: int | None
    lane_per_min: int | None
    last_scan: LastScan | None
    gateway: str | None
    commands: list[Literal["open", "lock", "free", "normal", "test"]]


class EquipmentList(msgspec.Struct):
    """All equipment of the site."""

    items: list[EquipmentAnswer]
    next: str | None


class CommandAnswer(msgspec.Struct):
    """The equipment after it has acknowledged."""

    equipment: EquipmentAnswer


class AlarmAnswer(msgspec.Struct):
    """An alarm: gone once it is over (``active`` false) and acknowledged.

    ``reason``: of the refusals that have jumped.
    """

    id: str
    kind: str
    equipment: str | None
    space: str | None
    direction: Literal["entry", "exit"] | None
    reason: str | None
    text: str
    at: datetime
    count: int
    active: bool
    acked_by: str | None
    acked_at: datetime | None
    cleared_at: datetime | None


class AlarmList(msgspec.Struct):
    """Alarms, newest first."""

    items: list[AlarmAnswer]
    next: str | None


class ActOfPeople(msgspec.Struct):
    """What somebody did, to what, when."""

    id: str
    at: datetime
    who: str
    what: str
    on: str | None
    details: dict[str, Any]


class ActList(msgspec.Struct, omit_defaults=True):
    """Acts, newest first; ``partial`` without the database."""

    items: list[ActOfPeople]
    next: str | None = None
    partial: bool = False


class DeviceAnswer(msgspec.Struct):
    """A device that no site file describes, and the keys that its `[[controller]]` would have."""

    driver: str
    name: str
    controller: dict[str, Any]
    equipment: str | None
    online: bool | None


class DeviceList(msgspec.Struct):
    """Devices that are on a wire."""

    items: list[DeviceAnswer]
    next: None


class ClosedMonth(msgspec.Struct):
    """What the purge has done to a month of events; its totals where they are gone."""

    month: str
    pseudonymised: int
    closed_at: datetime | None
    events: int
    persons_in: int
    persons_out: int
    stamps: int


class RetentionAnswer(msgspec.Struct):
    """How long what is kept, when the last purge was, and what it removed."""

    settings: dict[str, Any]
    last_purge_at: datetime | None
    removed: dict[str, Any]
    months: list[ClosedMonth]


class PrivacyExport(msgspec.Struct):
    """All that there is about tickets."""

    items: list[dict[str, Any]]


class Erased(msgspec.Struct):
    """What was erased, by ticket."""

    items: list[dict[str, Any]]


class SiteAnswer(msgspec.Struct):
    """The site file, as text and as data (null where it is no TOML).

    ``needs_restart`` names what the running gateway cannot change.
    """

    revision: str
    text: str
    tables: dict[str, Any] | None
    applied: bool
    needs_restart: list[str]
    writable: bool


class SiteFinding(msgspec.Struct):
    """What is wrong or strange in a site file: ``key`` such as ``space[1].capacity``."""

    line: int | None
    key: str
    detail: str


class SiteDraftAnswer(msgspec.Struct):
    """What changes would make of the site file: it can be put in place when ``errors`` is empty."""

    revision: str
    text: str
    tables: dict[str, Any] | None
    difference: str
    errors: list[SiteFinding]
    warnings: list[SiteFinding]
    needs_restart: list[str]


class SiteBeforeAnswer(msgspec.Struct):
    """The file that was replaced last, with the revision of the one that stands now."""

    revision: str
    text: str
    difference: str


class KeyAnswer(msgspec.Struct):
    """A key, without its secret."""

    name: str
    role: Literal["viewer", "scanner", "operator", "admin"]
    reader: str | None
    may: list[str]
    created_at: datetime | None


class NewKeyAnswer(KeyAnswer):
    """A key just made: ``key`` is its secret, shown once."""

    key: str


class KeyList(msgspec.Struct):
    """The keys that are not revoked."""

    items: list[KeyAnswer]
    next: str | None


class LoginAnswer(msgspec.Struct):
    """Who has logged in, and until when."""

    name: str
    role: Literal["viewer", "scanner", "operator", "admin"]
    reader: str | None
    may: list[str]
    expires_at: datetime


class SiteName(msgspec.Struct):
    """The site: its id and name, its language and its zone in the IANA database."""

    id: str
    name: str
    language: str
    timezone: str


class WhoAnswer(msgspec.Struct):
    """Whose key or session it is, and at which site."""

    name: str
    role: Literal["viewer", "scanner", "operator", "admin"]
    reader: str | None
    may: list[str]
    site: SiteName


class Rejected(msgspec.Struct):
    """A line that was not taken."""

    line: int
    field: str | None
    detail: str


class FeedAnswer(msgspec.Struct):
    """How many lines were taken, and which were not."""

    accepted: int
    rejected: list[Rejected]


class RefreshAnswer(msgspec.Struct):
    """How many tickets an order has, and how many of them have changed."""

    tickets: int
    changed: int


class ReadyAnswer(msgspec.Struct):
    """Whether the gateway can decide, and what is not as it should be."""

    ready: bool
    degraded: list[str]
    durability: str


class FigureOpens(msgspec.Struct):
    """Where figures open: ``path`` with the row's columns ``by`` and the figure's own filters.

    And with the report's filters and period, unless it is ``ever``: whenever it happened.
    """

    path: str
    by: list[str]
    ever: bool
    figures: dict[str, dict[str, str]]


class ReportAnswer(msgspec.Struct, rename={"starts": "from", "ends": "to"}):
    """A report: rows by column, and what they add up to; ``next`` where a list goes on."""

    report: str
    title: str
    starts: datetime
    ends: datetime
    columns: list[str]
    labels: dict[str, str]
    kinds: dict[str, Literal["text", "whole", "rate", "instant", "day", "flag"]]
    rows: list[dict[str, Any]]
    totals: dict[str, int | float | None]
    opens: FigureOpens
    next: str | None


class ReportColumn(msgspec.Struct):
    """A column of a report."""

    name: str
    kind: Literal["text", "whole", "rate", "instant", "day", "flag"]
    label: str


class ReportDescription(msgspec.Struct):
    """A report: what it takes and what it shows."""

    name: str
    title: str
    about: str
    dates: Literal["events", "sessions", "activity"]
    filters: list[str]
    choices: dict[str, list[str]]
    by: list[str]
    by_default: list[str]
    columns: list[ReportColumn]


class ReportList(msgspec.Struct):
    """The reports."""

    items: list[ReportDescription]
    next: str | None
