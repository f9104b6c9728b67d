"""What the HTTP face needs, handed in by the composition root.

`gateway.app` builds one `Services` per process and passes it to `build_application`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
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
from gateway.venue.late import LateScan
from gateway.venue.lookout import Seen
from gateway.venue.operations import Operations
from gateway.venue.privacy import Privacy
from gateway.venue.readers import ReaderFacts, SpaceFacts
from gateway.venue.reload import SiteFile
from gateway.venue.retention import Keeper
from gateway.venue.scanning import Admission
from gateway.venue.sources import Sources


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the site file says about the whole site."""

    id: str
    name: str
    language: str
    timezone: ZoneInfo
    secure: bool = False
    """Whether this gateway speaks TLS itself."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Whether this process can decide, and what is not as it should be.

    ``degraded`` are stable words such as ``database_unavailable``; ``durability`` is the store's.
    """

    ready: bool
    degraded: Sequence[str]
    durability: str


class DegradedQueue(Protocol):
    """Where such scans wait."""

    def put(self, scan: LateScan) -> None:
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


type Look = Callable[[], Awaitable[Sequence[Seen]]]


async def no_devices() -> Sequence[Seen]:
    """Find none: this process knows no wires."""
    return ()


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
    operations: Operations
    keyring: Keyring
    sessions: BrowserSessions
    desk: KeyDesk | None
    idempotency: Idempotency
    degraded: DegradedQueue
    health: Callable[[], HealthReport]
    clock: Callable[[], int]
    monotonic: Callable[[], float]
    message: Messenger
    admit: Callable[[str, Admission], None] = lambda _gate, _admission: None
    """Lets in at a gate whom a reader that opens it has scanned."""
    site_file: SiteFile | None = None
    look: Look = no_devices
    """Asks the wires for devices that the site file does not describe."""
    privacy: Privacy | None = None
    sources: Sources | None = None
    """Sellers whose orders are fetched when they change."""
    keeper: Keeper | None = None
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def readers(self) -> Mapping[str, ReaderFacts]:
        """The readers, by id."""
        return self.operations.readers

    @property
    def spaces(self) -> Mapping[str, SpaceFacts]:
        """The spaces, by id, in the order of the site file."""
        return self.operations.spaces
