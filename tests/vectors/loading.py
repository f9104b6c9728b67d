"""Read the vectors as values of ``gateway.tickets``."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from gateway.tickets.decision import Window
from gateway.tickets.model import (
    Audience,
    MarginFrom,
    Product,
    Reentry,
    Session,
    Status,
    Ticket,
    TicketState,
    TicketWindow,
)
from gateway.tickets.ruling import Entitlement
from gateway.tickets.scan import AntiPassback, Direction, Mode, Scan, Space, Venue, WhenFull

type Fields = dict[str, Any]

FOLDER = Path(__file__).parent
RULE_FILES = ("precedence", "windows", "stamps", "parties", "reentry", "spaces", "offline")
_ENUMS = {
    "audience": Audience,
    "status": Status,
    "reentry": Reentry,
    "margin_after_from": MarginFrom,
    "mode": Mode,
    "full": WhenFull,
    "anti_passback": AntiPassback,
    "direction": Direction,
}
_INSTANTS = {"valid_from", "valid_until", "hold_until"}


class Case(NamedTuple):
    """One vector, ready to be decided."""

    name: str
    entitlement: Entitlement
    scan: Scan
    venue: Venue
    expect: Fields
    recorded: bool
    """Granted elsewhere and taken in now: it counts, whatever the rules say."""

    @property
    def state_after(self) -> TicketState | None:
        """Return the whole state expected afterwards; ``None`` where it is not told."""
        if "state" in self.expect:
            return state_from(self.expect["state"], self.entitlement.state)
        if self.expect["decision"] == "denied":
            return self.entitlement.state
        return None

    @property
    def window(self) -> Window:
        """Return the window expected, in whole seconds."""
        bounds = self.expect["window"]
        return Window(_seconds(bounds["from"]), _seconds(bounds["until"]))


def read_cases(*files: str) -> Iterator[Case]:
    """Give the cases of some files, of all without one named."""
    for file in files or RULE_FILES:
        for raw in json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8")):
            yield case_from(raw)


def case_from(raw: Fields) -> Case:
    """Build a case from its JSON."""
    sessions = [Session(**_values(session)) for session in raw["sessions"]]
    entitlement = Entitlement(
        ticket=Ticket(**_values(raw["ticket"])) if raw["ticket"] else None,
        state=state_from(raw["state"], TicketState()),
        product=Product(**_values(raw["product"])) if raw["product"] else None,
        sessions={session.id: session for session in sessions},
    )
    scan = Scan(now=milliseconds(raw["now"]), day=raw["day"], **_values(raw["scan"]))
    spaces = [Space(**_values(space)) for space in raw["spaces"]]
    venue = Venue({space.id: space for space in spaces}, loading=raw["loading"])
    return Case(raw["name"], entitlement, scan, venue, raw["expect"], raw["recorded"])


def state_from(raw: Fields, before: TicketState) -> TicketState:
    """Return a state with the fields given changed."""
    kept = {name: getattr(before, name) for name in TicketState.__slots__}
    return TicketState(**kept | _values(raw))


def milliseconds(instant: str) -> int:
    """Return an instant as milliseconds since the epoch."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _seconds(instant: str | None) -> int | None:
    return None if instant is None else milliseconds(instant) // 1000


def _values(fields: Fields) -> Fields:
    return {key: _value(key, it) for key, it in fields.items()}


def _value(key: str, it: Any) -> Any:
    if key == "windows":
        return tuple(_window(window) for window in it)
    if isinstance(it, list):
        return tuple(it)
    if isinstance(it, str) and (key.endswith("_at") or key in _INSTANTS):
        return milliseconds(it)
    return _ENUMS[key](it) if key in _ENUMS else it


def _window(raw: Fields) -> TicketWindow:
    starts, until = raw.get("from"), raw.get("until")
    return TicketWindow(
        session=raw.get("session"),
        starts=milliseconds(starts) if starts else None,
        until=milliseconds(until) if until else None,
        spaces=tuple(raw["spaces"]) if raw.get("spaces") else None,
        stamps=raw.get("stamps"),
    )
