"""What the HTTP face needs, handed in by the composition root.

`app.py` builds one `Services` per process and passes it to `build_application`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from gateway.central.connection import Central
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.place import Place
from gateway.entitlements.store import EntitlementStore
from gateway.http.metrics import Metrics
from gateway.people.browser_sessions import BrowserSessions
from gateway.people.desk import KeyDesk
from gateway.people.idempotency import Idempotency
from gateway.people.keyring import Keyring
from gateway.tickets.decision import Decision

type Direction = Literal["entry", "exit"]


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the site file says about the whole site."""

    id: str
    name: str
    language: str
    timezone: ZoneInfo
    secure: bool = False
    """Whether this gateway speaks TLS itself."""


@dataclass(slots=True)
class ReaderFacts:
    """One reader and the directions it serves.

    ``entry`` and ``exit`` are its places, or ``None`` where it does not serve the direction.
    ``flags`` go with every scan (c closed, o out of service, f free); the venue keeps them true.
    """

    id: str
    entry: Place | None
    exit: Place | None
    flags: str = ""

    def place(self, direction: Direction | None) -> Place | None:
        """Return the place in a direction; by default the reader's own, entry where it has both."""
        if direction is None:
            return self.entry or self.exit
        return self.entry if direction == "entry" else self.exit


@dataclass(slots=True)
class SpaceFacts:
    """One space of the site file; ``open`` is kept up to date by its planning."""

    id: str
    name: str
    parent: str | None = None
    capacity: int | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Whether this process can decide, and what is not as it should be.

    ``degraded`` are stable words such as ``database_unavailable``; ``durability`` is the store's.
    """

    ready: bool
    degraded: Sequence[str]
    durability: str


@dataclass(frozen=True, slots=True)
class DegradedScan:
    """A scan that was granted while the store was silent, to be recorded when it answers."""

    code: str
    place: Place
    nonce: str | None
    persons: int | None
    operator: str
    at: int


class DegradedQueue(Protocol):
    """Where such scans wait."""

    def put(self, scan: DegradedScan) -> None:
        """Keep a scan; never waits."""


class Messenger(Protocol):
    """Says a decision in a language, in the site's zone."""

    def __call__(
        self,
        decision: Decision,
        place: Place | None,
        language: str,
        /,
        *,
        override: bool = False,
    ) -> str:
        """Say it; ``override``: an operator let the visitor in."""


@dataclass(slots=True)
class Services:
    """Everything the handlers use.

    ``clock`` gives milliseconds since the epoch, ``monotonic`` seconds that only rise. ``central``
    is ``None`` in a process that has no central database.
    """

    site: SiteFacts
    store: EntitlementStore
    admin: StoreAdmin
    central: Central | None
    readers: Mapping[str, ReaderFacts]
    spaces: Mapping[str, SpaceFacts]
    keyring: Keyring
    sessions: BrowserSessions
    desk: KeyDesk | None
    idempotency: Idempotency
    degraded: DegradedQueue
    health: Callable[[], HealthReport]
    clock: Callable[[], int]
    monotonic: Callable[[], float]
    message: Messenger
    metrics: Metrics = field(default_factory=Metrics)
