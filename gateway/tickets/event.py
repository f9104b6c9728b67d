"""The event: one line of text per thing that happened, from the store's functions to the database.

The entitlement store writes it as a row of PostgreSQL's COPY text format (tab between columns, an
empty column is null, a backslash is doubled), so the streamer passes the bytes on untouched.
Letters and short forms keep three days of events small enough for the store's memory (DESIGN 11):

- ``kind`` s scan, p passage, a annulled, u undo, d destroy, c count, t untracked;
- ``direction`` e entry, x exit; ``decision`` g granted, d denied;
- ``audience`` g group, empty individual, n no ticket;
- state instants ``0``: the same as ``at``; state names ``=``: the event's own reader or space.

Columns from ``made`` on are the ticket's state after the event; an empty ``made`` touches no state.
"""

from typing import NamedTuple, Self


class EventRow(NamedTuple):
    """One event as the store wrote it: every column as text, instants in ms since the epoch."""

    event_id: str
    at: str
    kind: str
    of: str
    ticket_code: str
    product: str
    session: str
    space: str
    reader: str
    operator: str
    direction: str
    decision: str
    reason: str
    persons: str
    audience: str
    counted_persons: str
    counted_stamps: str
    device_at: str
    offline: str
    degraded: str
    override_reason: str
    conflict_with: str
    made: str
    made_by_window: str
    persons_by_window: str
    day: str
    made_on_day: str
    first_at: str
    first_reader: str
    last_at: str
    last_reader: str
    inside: str
    origin: str
    inside_persons: str
    moved_at: str
    destroyed_at: str
    memory: str
    deadline: str

    @classmethod
    def parse(cls, event_id: str, line: str) -> Self:
        r"""Read a line of the stream.

        >>> row = EventRow.parse("1-2-0", "1763759123456\ts" + "\t" * 35)
        >>> row.kind, row.at
        ('s', '1763759123456')
        """
        row = cls(event_id, *line.split("\t"))
        if "\\" in line:
            row = cls._make(text.replace("\\\\", "\\") for text in row)
        return row

    def line(self) -> str:
        """Write the event as the store would: the inverse of `parse`."""
        return "\t".join(text.replace("\\", "\\\\") for text in self[1:])
