"""What has happened, read from the central database."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson

from gateway.central.pool import Pool
from gateway.errors import DatabaseValueError
from gateway.tickets.event import EventRow


class History(Pool):
    """Events that the store's stream may hold no more."""

    async def history(
        self, code: str, *, after: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return the events of a ticket as rows of `scan_event`, in the order of the stream.

        Raises:
            DatabaseValueError: `after` is no event's id.
        """
        try:
            rows = await self.fetch("history.of_ticket", code, after, limit)
        except asyncpg.DataError as error:
            raise DatabaseValueError("after", "the id of an event") from error
        return [dict(row) for row in rows]

    async def changes(self, code: str, limit: int = 100) -> list[tuple[datetime, dict[str, Any]]]:
        """Return what a ticket's seller changed of it, oldest first: when, and what.

        By column: before and after. Of more than so many the newest.
        """
        rows = await self.fetch("history.changes", code, limit)
        return [(row["at"], orjson.loads(row["what"])) for row in reversed(rows)]

    async def conflicts(
        self, site: str, *, after: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return admissions that the rules would have refused, newest first."""
        return [dict(row) for row in await self.fetch("history.conflicts", site, after, limit)]

    async def event(self, event_id: str) -> EventRow | None:
        """Return one event as the store wrote it, without the ticket's state of then.

        Its `memory` says what has become of a grant since: passed, annulled, undone.
        """
        row = await self.fetchrow("history.event", event_id)
        if row is None:
            return None
        texts = {name: _text(row[name]) for name in EventRow._fields if name in _KEPT}
        texts["memory"] = _memory(row)
        return EventRow(**{name: texts.get(name, "") for name in EventRow._fields})

    async def is_past_retention(self, site: str, event_id: str) -> bool:
        """Tell whether an event that names no ticket, or is not there, was purged."""
        placed_at = datetime.fromtimestamp(int(event_id.split("-")[1]) / 1000, UTC)
        return bool(await self.fetchval("retention.horizon", site, placed_at))

    async def undone_by(self, event_id: str) -> str | None:
        """Return the event that has undone this one."""
        found: str | None = await self.fetchval("history.undone_by", event_id)
        return found


_KEPT = frozenset(EventRow._fields[: EventRow._fields.index("made")]) | {"deadline"}


def _text(value: Any) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return "1"
        case _:
            return str(value)


def _memory(row: asyncpg.Record) -> str:
    """Tell what became of a grant: as its ticket remembers it, else by the events that name it."""
    if row["entry"] is not None:
        return str(row["entry"]).partition(",")[2]
    if row["kind"] != "s" or row["decision"] != "g":
        return ""
    if row["undone_by"] is not None:
        status = "u"
    elif row["annulled"] and not row["passed"]:
        status = "a"
    elif row["deadline"] is not None:
        status = "r"
    else:
        status = "c"
    if row["direction"] == "x":
        what = "x"
    elif row["counted_stamps"] > 0 or row["stamped"] or status in "ar":
        what = "s"
    else:
        what = "e"
    return f",{row['persons']},{row['passed']},1,{status}{what}"
