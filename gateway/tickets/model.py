"""What sellers sold and what the gate has recorded: products, sessions, tickets and their state.

Values only. Field names are the columns of the central database (DESIGN 6). Instants are integer
milliseconds since the epoch (UTC) and end in ``_at`` or are named in the docstring; ``None`` is an
open bound or something that has not happened. Spans end in ``_s`` and are whole seconds. Absent
lists of spaces are ``None``: any space.

A ticket (the seller's side) and its state (the gate's side) are apart, as in the database: a sale
that changes never touches a stamp.
"""

from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    """Who comes with the ticket: single visitors, or a group led by somebody."""

    INDIVIDUAL = "individual"
    GROUP = "group"


class Status(StrEnum):
    """What the seller says about a ticket."""

    ACTIVE = "active"
    UNPAID = "unpaid"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    BLOCKED = "blocked"


class Reentry(StrEnum):
    """Whether a visitor may come in again on the same stamp."""

    NONE = "none"
    AFTER_EXIT = "after_exit"
    """Those who were seen leaving may come back."""
    FREE = "free"
    """The stamp opens again and again, exits or not."""


class MarginFrom(StrEnum):
    """From where in a session its margin after is counted."""

    END = "end"
    START = "start"


@dataclass(frozen=True, slots=True)
class Product:
    """What was sold: its margins, allowance and rules apply to its tickets."""

    id: str
    label: str = ""
    kind: str | None = None
    spaces: tuple[str, ...] | None = None
    margin_before_s: int = 0
    margin_after_s: int = 0
    margin_after_from: MarginFrom = MarginFrom.END
    max_stamps: int | None = 1
    """Stamps allowed in each window; ``None``: unlimited."""
    max_stamps_per_day: int | None = None
    min_interval_s: int = 0
    valid_for_s: int | None = None
    """How long the ticket holds after its first stamp."""
    reentry: Reentry = Reentry.NONE
    reentry_window_s: int | None = None
    allow_unpaid: bool = False
    partial_groups: bool = False
    attention: bool = False
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One dated slot of a product."""

    id: str
    product: str
    starts_at: int
    ends_at: int | None = None
    places: int | None = None
    label: str | None = None
    host: str | None = None
    space: str | None = None
    """Where it takes place, for the arrivals list; it restricts no ticket."""


@dataclass(frozen=True, slots=True)
class TicketWindow:
    """One window as sold: a session with its product's margins, or a plain span.

    ``starts`` and ``until`` are instants in milliseconds, read only where ``session`` is ``None``.
    """

    session: str | None = None
    starts: int | None = None
    until: int | None = None
    spaces: tuple[str, ...] | None = None
    stamps: int | None = None
    """Stamps allowed in this window; ``None``: as many as the product allows."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a visitor presents, as the seller wrote it."""

    code: str
    product: str
    session: str | None = None
    valid_from: int | None = None
    valid_until: int | None = None
    windows: tuple[TicketWindow, ...] | None = None
    order_ref: str | None = None
    ordered_at: int | None = None
    payer: str | None = None
    holder: str | None = None
    audience: Audience = Audience.INDIVIDUAL
    audience_label: str | None = None
    persons: int = 1
    spaces: tuple[str, ...] | None = None
    status: Status = Status.ACTIVE
    hold_until: int | None = None
    replaced_by: str | None = None
    form_required: bool = False
    form_signed: bool = False
    attention: bool = False
    destroyed_at: int | None = None
    source: str = "own"
    updated_at: int | None = None


@dataclass(frozen=True, slots=True)
class TicketState:
    """What the gate has recorded for a ticket; a new ticket has ``TicketState()``.

    The tuples have one figure per window, in the ticket's order; missing ones are 0.
    """

    made_by_window: tuple[int, ...] = ()
    persons_by_window: tuple[int, ...] = ()
    """Persons admitted on stamps, re-entries not counted again."""
    day: int | None = None
    """The site's local day of the last stamp, as the number YYYYMMDD."""
    made_on_day: int = 0
    first_at: int | None = None
    first_reader: str | None = None
    last_at: int | None = None
    last_reader: str | None = None
    inside: str | None = None
    """The space the ticket's persons were last seen entering, until they leave it."""
    origin: str | None = None
    """The space around ``inside`` they were counted in before; where an exit puts them back."""
    inside_persons: int = 0
    moved_at: int | None = None
    destroyed_at: int | None = None
    step: int | None = None
    """The newest step of a rotating code that let somebody in."""
    last_event: str | None = None
    nonces: tuple[str, ...] = ()

    @property
    def made(self) -> int:
        """Stamps made in all windows together."""
        return sum(self.made_by_window)


NEW = TicketState()
"""The state of a ticket never seen at a gate."""
