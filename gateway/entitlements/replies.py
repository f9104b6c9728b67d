"""The functions' replies, one line of tab-separated fields (``functions/view.lua``), as values."""

from functools import lru_cache

from gateway.entitlements.packing import STATUS_WORDS
from gateway.tickets.decision import Conflict, Decision, TicketView, Window

TICKET_STARTS = 7
"""Fields before the ticket's."""


def _number(text: str) -> int | None:
    return int(text) if text else None


@lru_cache(maxsize=4096)
def _windows(text: str) -> tuple[Window, ...]:
    spans = (span.split("~") for span in text.split(","))
    return tuple(Window(_number(starts), _number(until)) for starts, until in spans)


def conflict_of(text: str) -> Conflict | None:
    """Read a conflict: reason, event, reader and instant (ms)."""
    if not text:
        return None
    reason, event, reader, at = text.split("\x1f")
    return Conflict(reason, event or None, reader or None, _number(at))


def ticket_of(code: str, fields: list[str]) -> TicketView:
    """Read the ticket of a reply: the fields from `TICKET_STARTS` on."""
    (
        product, session, label, audience, holder, persons, persons_left, status, hold_until,
        replaced_by, destroyed_at, windows, chosen, made, allowed, first_at, first_reader, last_at,
        last_reader, inside,
    ) = fields  # fmt: skip
    spans = _windows(windows)
    return TicketView(
        code,
        product,
        session or None,
        label,
        "group" if audience else "individual",
        holder or None,
        int(persons),
        int(persons_left),
        STATUS_WORDS[status],
        int(hold_until) if hold_until else None,
        replaced_by or None,
        int(destroyed_at) if destroyed_at else None,
        spans,
        spans[int(chosen) - 1],
        int(made),
        int(allowed) if allowed else None,
        int(first_at) if first_at else None,
        first_reader or None,
        int(last_at) if last_at else None,
        last_reader or None,
        inside or None,
    )


def decision_of(code: str, line: str) -> Decision:
    """Read the reply of a scan."""
    fields = line.split("\t")
    return Decision(
        fields[0] == "granted",
        fields[1] or None,
        fields[2] or None,
        fields[3] == "1",
        conflict_of(fields[4]) if fields[4] else None,
        fields[5] == "1",
        int(fields[6]) if fields[6] else 1,
        ticket_of(code, fields[TICKET_STARTS:]) if len(fields) > TICKET_STARTS + 1 else None,
    )
