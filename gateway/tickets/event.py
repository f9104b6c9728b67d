"""The event: one line of text per thing that happened, from the store's functions to the database.

The entitlement store writes it as a row of PostgreSQL's COPY text format (tab between columns, an
empty column is null, a backslash is doubled), so the streamer passes the bytes on untouched.
Letters and short forms keep three days of events small enough for the store's memory (DESIGN 11):

- ``kind`` s scan, p passage, a annulled, u undo, d destroy, c count, t untracked;
- ``direction`` e entry, x exit; ``decision`` g granted, d denied;
- ``audience`` g group, empty individual, n no ticket;
- ``at`` is ms after the event's place in the stream (empty: 0), the other instants but
  ``device_at`` are ms after ``at``; state names ``=``: the same reader or space as the event's;
- ``inside_persons`` is left out where it is 1;
- ``day`` is left out where it is the local day of ``at``;
- ``memory`` is ``hash,persons,passed,window,flags``, or only ``hash,flags`` where the rest follows:
  the event's persons, all of them passed if it is committed (c…), none if not, in the first window.

Columns from ``made`` on are the ticket's state after the event; an empty ``made`` touches no state.
`EventRow` has instants and names written out.
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
        r"""Read a line of the stream, and write instants and names out.

        >>> row = EventRow.parse("1-1763759123456-0", "-1\ts" + "\t" * 35)
        >>> row.kind, row.at
        ('s', '1763759123455')
        """
        row = cls(event_id, *line.split("\t"))
        if "\\" in line:
            row = cls._make(text.replace("\\\\", "\\") for text in row)
        at = _place(event_id) + int(row.at or 0)
        instants = {name: str(at + int(text)) for name in _INSTANTS if (text := getattr(row, name))}
        names = {
            name: getattr(row, like) for name, like in _NAMES.items() if getattr(row, name) == "="
        }
        inside = row.inside_persons or ("1" if row.inside else "")
        return row._replace(
            at=str(at), memory=_whole(row), inside_persons=inside, **instants, **names
        )

    def line(self) -> str:
        """Write the event as the store would: the inverse of `parse`."""
        at = int(self.at)
        instants = {
            name: str(int(text) - at) for name in _INSTANTS if (text := getattr(self, name))
        }
        names = {
            name: "="
            for name, like in _NAMES.items()
            if getattr(self, name) and getattr(self, name) == getattr(self, like)
        }
        row = self._replace(
            at=str(at - _place(self.event_id) or ""),
            memory=_short(self),
            inside_persons=""
            if self.inside and self.inside_persons == "1"
            else self.inside_persons,
            **instants,
            **names,
        )
        return "\t".join(text.replace("\\", "\\\\") for text in row[1:])


_INSTANTS = ("first_at", "last_at", "moved_at", "destroyed_at", "deadline")
_NAMES = {"first_reader": "reader", "last_reader": "reader", "inside": "space"}


def _place(event_id: str) -> int:
    """Return the ms of an event's place in the stream: the middle of its id."""
    return int(event_id.split("-")[1])


def _following(row: EventRow, flags: str) -> str:
    """Return persons, passed and window of a memory as they follow from its event."""
    return f"{row.persons},{row.persons if flags.startswith('c') else 0},1"


def _whole(row: EventRow) -> str:
    if row.memory.count(",") != 1:
        return row.memory
    code, flags = row.memory.split(",")
    return f"{code},{_following(row, flags)},{flags}"


def _short(row: EventRow) -> str:
    code, _, rest = row.memory.partition(",")
    figures, _, flags = rest.rpartition(",")
    return f"{code},{flags}" if figures == _following(row, flags) else row.memory
