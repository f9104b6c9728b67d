"""The answers of the contract as documents: a decision, a ticket, an event, an act.

`Answers.decision` is on the hot path: it builds one dictionary, and orjson writes it.
"""

from collections.abc import Mapping
from typing import Any

from gateway.entitlements.store import Settled
from gateway.tickets.decision import Conflict, Decision, TicketView, Window
from gateway.tickets.event import EventRow
from gateway.venue.times import KEPT, Times, to_ms

KINDS = {
    "s": "scan",
    "p": "passage",
    "a": "annulled",
    "u": "undo",
    "d": "destroy",
    "c": "count",
    "t": "untracked",
}
DIRECTIONS = {"e": "entry", "x": "exit"}
DECISIONS = {"g": "granted", "d": "denied"}

type Document = dict[str, Any]


class Answers:
    """Write answers in a site's zone."""

    def __init__(self, times: Times, site: str) -> None:
        self._times = times
        self._site = site
        self._spans: dict[tuple[Window, tuple[Window, ...]], tuple[Document, list[Document]]] = {}

    def decision(self, decision: Decision, message: str, *, operator: bool) -> Document:
        """Write the answer to a scan; ``operator`` shows what only operators may see."""
        ticket, conflict = decision.ticket, decision.conflict
        return {
            "decision": "granted" if decision.granted else "denied",
            "reason": decision.reason,
            "message": message,
            "event": decision.event,
            "replayed": decision.replayed,
            "degraded": decision.degraded,
            "conflict": None if conflict is None else self.conflict(conflict),
            "attention": decision.attention,
            "ticket": None if ticket is None else self.ticket(ticket, operator=operator),
        }

    def ticket(self, ticket: TicketView, *, operator: bool) -> Document:
        """Write a ticket as a steward sees it."""
        write = self._times.write_or_none
        first_at, last_at = ticket.first_at, ticket.last_at
        first = write(first_at)
        last = first if first_at == last_at else write(last_at)
        destroyed_at, hold_until = ticket.destroyed_at, ticket.hold_until
        window, windows = self._spans.get((ticket.window, ticket.windows)) or self._write_spans(
            ticket
        )
        return {
            "code": ticket.code,
            "product": ticket.product,
            "session": ticket.session,
            "label": ticket.label,
            "audience": ticket.audience,
            "holder": ticket.holder,
            "persons": ticket.persons,
            "persons_left": ticket.persons_left,
            "status": ticket.status,
            "hold_until": None if hold_until is None else write(hold_until),
            "replaced_by": ticket.replaced_by if operator else None,
            "destroyed_at": None if destroyed_at is None else write(destroyed_at),
            "window": window,
            "windows": windows,
            "stamps": {
                "made": ticket.made,
                "allowed": ticket.allowed,
                "first_at": first,
                "first_reader": ticket.first_reader,
                "last_at": last,
                "last_reader": ticket.last_reader,
            },
            "inside": ticket.inside,
        }

    def _write_spans(self, ticket: TicketView) -> tuple[Document, list[Document]]:
        """Write the windows of a ticket; tickets of one session share them."""
        if len(self._spans) >= KEPT:
            self._spans.clear()
        spans = (self._span(ticket.window), [self._span(each) for each in ticket.windows])
        self._spans[ticket.window, ticket.windows] = spans
        return spans

    def _span(self, window: Window) -> Document:
        bound = self._times.write_bound
        return {"from": bound(window.starts), "until": bound(window.until)}

    def conflict(self, conflict: Conflict) -> Document:
        """Write an admission that the rules would have refused."""
        return {
            "reason": conflict.reason,
            "with": conflict.with_event,
            "reader": conflict.reader,
            "at": self._times.write_or_none(conflict.at),
        }

    def act(self, settled: Settled, *, operator: bool) -> Document:
        """Write what an act did."""
        ticket, conflict = settled.ticket, settled.conflict
        return {
            "event": settled.event,
            "of": settled.of,
            "replayed": settled.replayed,
            "conflict": None if conflict is None else self.conflict(conflict),
            "ticket": None if ticket is None else self.ticket(ticket, operator=operator),
        }

    def when(self, at: int) -> str:
        """Write an instant, in milliseconds since the epoch."""
        return self._times.write(at)

    def event(self, row: EventRow) -> Document:
        """Write one event of the store's stream as a row of `scan_event`."""
        instant = self._instant
        return {
            "event_id": row.event_id,
            "at": instant(row.at),
            "site": self._site,
            "kind": KINDS.get(row.kind, row.kind),
            "of": row.of or None,
            "ticket_code": row.ticket_code or None,
            "product": row.product or None,
            "session": row.session or None,
            "space": row.space or None,
            "reader": row.reader or None,
            "operator": row.operator or None,
            "direction": DIRECTIONS.get(row.direction),
            "decision": DECISIONS.get(row.decision),
            "reason": row.reason or None,
            "persons": int(row.persons) if row.persons else None,
            "audience": _audience(row.audience),
            "counted_persons": int(row.counted_persons or 0),
            "counted_stamps": int(row.counted_stamps or 0),
            "device_at": instant(row.device_at),
            "offline": row.offline == "1",
            "degraded": row.degraded == "1",
            "override_reason": row.override_reason or None,
            "conflict_with": row.conflict_with or None,
        }

    def stored_event(self, row: Mapping[str, Any]) -> Document:
        """Write one row of `scan_event` as the database has it."""
        document = dict(row)
        for name in ("at", "device_at"):
            moment = document[name]
            document[name] = None if moment is None else self._times.write(to_ms(moment))
        return document

    def _instant(self, text: str) -> str | None:
        return self._times.write(int(text)) if text else None


def _audience(letter: str) -> str | None:
    return {"": "individual", "g": "group"}.get(letter)
