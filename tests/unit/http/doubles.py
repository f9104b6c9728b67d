"""Stand-ins for the stores: the HTTP face by itself, without a server."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
from redis.exceptions import RedisError

from config import Site
from gateway.central.connection import Central
from gateway.entitlements.admin import Meta, SpaceMode, SpaceState, StoreAdmin
from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim, EntitlementStore, Settled, UnknownTicket
from gateway.errors import DatabaseUnavailable, LastAdminKey, StoreUnavailable
from gateway.http.services import (
    HealthReport,
    Services,
    SiteFacts,
)
from gateway.people.browser_sessions import BrowserSessions
from gateway.people.desk import KeyDesk
from gateway.people.idempotency import Idempotency
from gateway.people.identity import Key, digest
from gateway.people.keyring import Keyring
from gateway.people.roles import Role
from gateway.tickets.decision import Decision, TicketView, Window
from gateway.tickets.event import EventRow
from gateway.tickets.reasons import Reason
from gateway.venue.late import LateScan
from gateway.venue.operations import operations
from gateway.venue.times import Times

NOW = 1_763_759_123_456
SECRETS = {role: f"secret-of-the-{role}" for role in Role}
BOUND = "secret-of-a-handheld"


def a_view(code: str = "TICKET", **facts: Any) -> TicketView:
    window = Window(1_763_700_000, 1_763_800_000)
    known: dict[str, Any] = {
        "code": code,
        "product": "day",
        "session": None,
        "label": "Day ticket",
        "audience": "individual",
        "holder": "Ada Lovelace",
        "persons": 1,
        "persons_left": 0,
        "status": "active",
        "hold_until": None,
        "replaced_by": None,
        "destroyed_at": None,
        "windows": (window,),
        "window": window,
        "made": 1,
        "allowed": 1,
        "first_at": NOW,
        "first_reader": "north-1",
        "last_at": NOW,
        "last_reader": "north-1",
        "inside": "hall",
    }
    return TicketView(**(known | facts))


def a_decision(
    reason: str | None = None, *, event: str | None = "1-1-0", view: TicketView | None = None
) -> Decision:
    return Decision(granted=reason is None, reason=reason, event=event, ticket=view)


def an_event(event_id: str = "1-1-0", **facts: str) -> EventRow:
    blank = EventRow(event_id, *[""] * 37)
    known = {"at": str(NOW), "kind": "s", "ticket_code": "TICKET-NUMBER-1", "reader": "north-1"}
    known |= {"space": "hall", "direction": "e", "decision": "g", "persons": "1"}
    return blank._replace(**(known | facts))


PARIS = ZoneInfo("Europe/Paris")
A_SITE = Site.model_validate(
    {
        "site": {"id": "museum", "name": "Museum", "timezone": "Europe/Paris"},
        "space": [
            {"id": "hall", "name": "Great hall", "capacity": 300},
            {"id": "vault", "name": "Vault", "parent": "hall"},
        ],
        "equipment": [
            {"id": "north-1", "space": "hall", "direction": "both"},
            {"id": "vault-1", "space": "vault"},
        ],
    }
)


@dataclass
class FakeStore:
    """Answers at once; `silent` makes it a store that does not."""

    tickets: dict[str, TicketView] = field(default_factory=dict)
    decide: Callable[[str], Decision] | None = None
    silent: bool = False
    calls: list[tuple[str, Any]] = field(default_factory=list)
    grants: dict[str, EventRow] = field(default_factory=dict)

    def now(self) -> int:
        return NOW

    def _ask(self, name: str, *what: Any) -> None:
        if self.silent:
            raise StoreUnavailable
        self.calls.append((name, what))

    async def scan(self, code: str, place: Place, **facts: Any) -> Decision:
        self._ask("scan", code, place, facts)
        if self.decide is not None:
            return self.decide(code)
        view = self.tickets.get(code)
        if view is None:
            return a_decision(Reason.UNKNOWN_TICKET)
        return a_decision(view=view, event=None if facts["check"] else "1-1-0")

    async def record(self, code: str, place: Place, claim: Claim, **facts: Any) -> Decision:
        self._ask("record", code, place, claim, facts)
        return a_decision(view=self.tickets.get(code), event=f"1-{len(self.calls)}-0")

    async def malformed(self, place: Place, *, operator: str = "") -> Decision:
        self._ask("malformed", place, operator)
        return a_decision(Reason.MALFORMED_CODE)

    async def look(self, code: str) -> TicketView | None:
        self._ask("look", code)
        return self.tickets.get(code)

    async def grant(self, event: str) -> EventRow | None:
        self._ask("grant", event)
        return self.grants.get(event)

    async def passage(self, row: EventRow, **facts: Any) -> Settled:
        self._ask("passage", row, facts)
        return Settled("1-2-0", row.event_id, False, None, self.tickets.get(row.ticket_code))

    async def annul(self, row: EventRow) -> Settled:
        self._ask("annul", row)
        return Settled("1-2-0", row.event_id, False, None, self.tickets.get(row.ticket_code))

    async def undo(self, row: EventRow, **facts: Any) -> Settled:
        self._ask("undo", row, facts)
        return Settled("1-2-0", row.event_id, False, None, self.tickets.get(row.ticket_code))

    async def last_grant(self, code: str) -> str | None:
        self._ask("last_grant", code)
        return next((name for name, row in self.grants.items() if row.ticket_code == code), None)

    async def destroy(self, code: str, **facts: Any) -> Settled:
        self._ask("destroy", code, facts)
        if code not in self.tickets:
            raise UnknownTicket
        return Settled("1-3-0", None, False, None, self.tickets[code])

    async def count(self, place: Place, **facts: Any) -> Settled:
        self._ask("count", place, facts)
        return Settled("1-4-0", None, False, None, None)


class NoClient:
    """The store's connection for what stands in other rooms: nobody answers there."""

    def pipeline(self, **_: Any) -> Any:
        raise RedisError("no store")


@dataclass
class FakeAdmin:
    modes: dict[str, SpaceMode] = field(default_factory=dict)
    inside: dict[str, int] = field(default_factory=dict)
    rows: list[EventRow] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    silent: bool = False
    client: NoClient = field(default_factory=NoClient)

    def key(self, name: str) -> str:
        return f"{{museum}}{name}"

    async def spaces(self) -> list[SpaceState]:
        self._ask()
        return [
            SpaceState(
                name, self.inside.get(name, 0), 0, cast("Any", self.modes.get(name, "normal"))
            )
            for name in ("hall", "vault")
        ]

    async def set_mode(self, space: str, mode: SpaceMode) -> None:
        self._ask()
        self.modes[space] = mode

    async def recent(self, count: int) -> list[EventRow]:
        self._ask()
        return self.rows[:count]

    async def meta(self) -> Meta:
        self._ask()
        return Meta(1, "ready", dict(self.tally))

    async def events_of(self, code: str, after: str) -> list[EventRow]:
        self._ask()
        return [row for row in self.rows if row.ticket_code == code]

    def _ask(self) -> None:
        if self.silent:
            raise StoreUnavailable


@dataclass
class FakeShelf:
    """The shelf in memory; nothing expires by itself."""

    keys: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, bytes] = field(default_factory=dict)
    version: int = 0
    silent: bool = False

    def _ask(self) -> None:
        if self.silent:
            raise StoreUnavailable

    async def key(self, digest: str) -> bytes | None:
        self._ask()
        return self.keys.get(digest)

    async def put_keys(self, keys: Mapping[str, bytes], drop: Iterable[str] = ()) -> None:
        self._ask()
        self.keys.update(keys)
        for name in drop:
            self.keys.pop(name, None)
        self.version += 1

    async def key_digests(self) -> set[str]:
        self._ask()
        return set(self.keys)

    async def keys_version(self) -> bytes | None:
        self._ask()
        return str(self.version).encode()

    async def get(self, name: str) -> bytes | None:
        self._ask()
        return self.values.get(name)

    async def put(self, name: str, value: bytes, *, ttl_ms: int, only_new: bool = False) -> bool:
        self._ask()
        if only_new and name in self.values:
            return False
        self.values[name] = value
        return True

    async def drop(self, name: str) -> None:
        self._ask()
        self.values.pop(name, None)


@dataclass
class FakeRows:
    """The table of keys."""

    rows: list[Key] = field(default_factory=list)
    silent: bool = False

    async def keys(self) -> list[Key]:
        if self.silent:
            raise DatabaseUnavailable
        return list(self.rows)

    async def add_key(self, key: Key) -> bool:
        if any(row.name == key.name for row in self.rows):
            return False
        self.rows.append(key)
        return True

    async def remove_key(self, name: str) -> Key | None:
        found = next((row for row in self.rows if row.name == name), None)
        if found is None:
            return None
        if found.role is Role.ADMIN and sum(row.role is Role.ADMIN for row in self.rows) == 1:
            raise LastAdminKey
        self.rows.remove(found)
        return found


class Later:
    """Where degraded scans wait."""

    def __init__(self) -> None:
        self.scans: list[LateScan] = []

    def put(self, scan: LateScan) -> None:
        self.scans.append(scan)


def say(
    decision: Decision, _place: Place | None, language: str, /, *, override: bool = False
) -> str:
    return f"{language}: {decision.reason or 'welcome'}"


class Venue:
    """Everything behind the HTTP face, in memory: a hall with a vault in it, and three readers."""

    def __init__(self) -> None:
        self.store = FakeStore(tickets={"TICKET": a_view()})
        self.admin = FakeAdmin()
        self.shelf = FakeShelf()
        self.rows = FakeRows()
        self.later = Later()
        self.health = HealthReport(ready=True, degraded=[], durability="always")
        self.now = NOW
        self.operations = operations(
            A_SITE,
            cast("StoreAdmin", self.admin),
            cast("EntitlementStore", self.store),
            Times(PARIS).write,
        )
        self._ticks = itertools.count()
        for role in Role:
            self.add_key(Key(str(role), role, digest(SECRETS[role])))
        self.add_key(Key("handheld", Role.SCANNER, digest(BOUND), reader="north-1"))

    def add_key(self, key: Key) -> None:
        self.rows.rows.append(key)
        self.shelf.keys[key.hash] = msgspec.json.encode(key)

    def services(self, monotonic: Callable[[], float], central: Central | None = None) -> Services:
        keyring = Keyring(self.shelf, self.rows, monotonic)
        return Services(
            site=SiteFacts("museum", "Museum", "en", PARIS),
            store=cast("EntitlementStore", self.store),
            admin=cast("StoreAdmin", self.admin),
            central=central,
            operations=self.operations,
            keyring=keyring,
            sessions=BrowserSessions(self.shelf, keyring, monotonic),
            desk=KeyDesk(self.rows, self.shelf, lambda: self.now),
            idempotency=Idempotency(self.shelf),
            degraded=self.later,
            health=lambda: self.health,
            clock=lambda: self.now,
            monotonic=monotonic,
            message=say,
        )
