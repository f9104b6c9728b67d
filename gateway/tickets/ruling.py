"""What the rule is asked about, and its answer. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.tickets.decision import Window
from gateway.tickets.model import NEW, Product, Session, Ticket, TicketState
from gateway.tickets.occupancy import Effects
from gateway.tickets.party import Kind
from gateway.tickets.reasons import Reason

NO_WINDOW = Window(None, None)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """All that the store holds for a code; ``Entitlement()`` is an unknown ticket's."""

    ticket: Ticket | None = None
    state: TicketState = NEW
    product: Product | None = None
    sessions: Mapping[str, Session] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rule's answer to one scan.

    ``reason`` is ``None`` when granted, also by override; ``passed`` are the reasons an override
    passed. ``conflict`` is what speaks against a grant that needed no override: soft anti-passback,
    or the rules against a scan granted elsewhere. ``index`` is the window's place among the
    ticket's windows, ``-1`` without one. ``kind`` is what a grant is or would have been; ``None``
    for a malformed code and a replay.
    """

    reason: Reason | None
    kind: Kind | None
    persons: int
    index: int = -1
    window: Window = NO_WINDOW
    windows: tuple[Window | None, ...] = ()
    allowed: int | None = None
    attention: bool = False
    passed: tuple[Reason, ...] = ()
    conflict: Reason | None = None
    replayed: bool = False
    degraded: bool = False

    @property
    def granted(self) -> bool:
        """Tell whether the visitor may pass."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event leaves behind: the ticket's state, and what it adds where persons count."""

    state: TicketState
    effects: Effects = ()
    persons: int = 0
    stamps: int = 0
