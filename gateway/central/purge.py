"""Removes what is past its retention, a little at a time, and keeps what proves what it removed.

Events lose their ticket's code first (a pseudonym takes its place), whole months of them go later.
A batch is some pages of a partition, one short transaction; between batches whoever asked decides
when the database is quiet enough for the next. Interrupted anywhere it goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from gateway.central.connection import Central
from gateway.tickets.codes import is_pseudonym

if TYPE_CHECKING:
    from gateway.central.pool import Connection

PAGES: Final = 16
"""Of a partition at once: some 600 events, 20 ms of the database."""
TICKETS: Final = 500
ACTS: Final = 500
LOCK_MS: Final = 300
"""How long others may be kept waiting for a partition to go."""
ATTEMPTS: Final = 20

log = structlog.get_logger(__name__)

type Act = tuple[str, dict[str, Any]]
"""What is told in the audit: what was done, its details."""


@dataclass(slots=True)
class Removed:
    """What a purge has removed."""

    pseudonymised: int = 0
    months: list[str] = field(default_factory=list)
    events: int = 0
    counts: int = 0
    rejected: int = 0
    changes: int = 0
    names: int = 0
    tickets: int = 0
    acts_redacted: int = 0
    acts: int = 0

    def facts(self) -> dict[str, Any]:
        """Return what there is to tell: nothing that is 0."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {name: fact for name, fact in told.items() if fact}


@dataclass(frozen=True, slots=True)
class Part:
    """A month's partition of the events."""

    name: str
    inserted: int

    @property
    def begins_at(self) -> datetime:
        """Its first instant."""
        year, month = self.name.removeprefix("scan_event_").split("_")
        return datetime(int(year), int(month), 1, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """The first instant that is not its own."""
        return (self.begins_at + timedelta(days=32)).replace(day=1)


class Purge:
    """The purge of one site, on a connection of its own.

    Args:
        central: the central database, for its queries.
        connection: which nobody else uses.
        site: the site's id.
        pseudonym: makes a pseudonym of a code.
        tell: adds an act to the audit, in the transaction of what it tells of.
        breathe: awaited between batches, with the seconds that the last one took.
    """

    def __init__(  # noqa: PLR0917 - each is handed in by name
        self,
        central: Central,
        connection: "Connection",
        site: str,
        pseudonym: Callable[[str], str],
        tell: "Callable[[Connection, Act], Awaitable[object]]",
        breathe: Callable[[float], Awaitable[object]],
    ) -> None:
        self.removed = Removed()
        self._queries = central.queries
        self._connection = connection
        self._site = site
        self._pseudonym = pseudonym
        self._tell = tell
        self._breathe = breathe
        self._changed: set[str] = set()

    async def lead(self) -> bool:
        """Tell whether it is us who purge: one gateway of a site does."""
        return bool(await self._connection.fetchval(self._sql("lead"), self._site))

    # --- events ----------------------------------------------------------------------------------

    async def pseudonymise(self, before: datetime) -> None:
        """Have the events before an instant name no ticket."""
        for part in await self._parts():
            if part.begins_at >= before:
                break
            await self._sweep(part, min(before, part.ends_at))

    async def _sweep(self, part: Part, until: datetime) -> None:
        closing = await self._connection.fetchrow(self._sql("closing"), self._site, part.begins_at)
        since = part.begins_at
        if closing is not None and closing["swept_to"] is not None:
            whole = closing["swept_to"] >= part.ends_at
            if whole and closing["seen_inserts"] == part.inserted:
                return
            if not whole and until < part.ends_at:
                since = closing["swept_to"]
        if since >= until:
            return
        span = await self._connection.fetchrow(self._sql("pages", part), since, until)
        named = 0
        if span is not None and span["first"] is not None:
            first, last = _page(span["first"]), _page(span["last"])
            for page in range(first, last + 1, PAGES):
                pages = f"({page},0)", f"({page + PAGES},0)"
                named += await self._timed(self._rename(part, pages, since, until))
        await self._connection.execute(
            self._sql("swept"), self._site, part.begins_at, until, part.inserted, named
        )
        self.removed.pseudonymised += named
        if named:
            self._changed.add(part.name)

    async def _rename(
        self, part: Part, pages: tuple[str, str], since: datetime, until: datetime
    ) -> int:
        async with self._connection.transaction():
            rows = await self._connection.fetch(
                self._sql("named", part), *pages, self._site, since, until
            )
            if rows:
                codes = [row["ticket_code"] for row in rows]
                await self._connection.execute(
                    self._sql("rename", part),
                    self._site,
                    [row["event_id"] for row in rows],
                    [row["at"] for row in rows],
                    codes,
                    [None if code is None else self._named(code) for code in codes],
                    [
                        0 if is_pseudonym(row["ticket_code"] or "") else row["counted_stamps"]
                        for row in rows
                    ],
                )
        return len(rows)

    def _named(self, code: str) -> str:
        return code if is_pseudonym(code) else self._pseudonym(code)

    async def close_months(self, before: datetime) -> None:
        """Drop the months that ended before an instant; their totals stay."""
        for part in await self._parts():
            if part.ends_at > before:
                break
            await self._sweep(part, part.ends_at)
            for _ in range(ATTEMPTS):
                try:
                    await self._close(part)
                except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                    await self._breathe(LOCK_MS / 1000)
                else:
                    break

    async def _close(self, part: Part) -> None:
        connection = self._connection
        await connection.execute(self._sql("due"), self._site, part.begins_at)
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
            await connection.execute(f"LOCK TABLE composteur.{part.name} IN SHARE MODE")
            needed_by = await connection.fetch(self._sql("still_needed", part), part.begins_at)
            if needed_by:
                return  # another site's, or an event has come in late: the next purge
            await connection.execute(self._sql("close_month", part), part.begins_at)
            events = await connection.fetchval(self._sql("size", part), self._site)
            await connection.execute(f"DROP TABLE composteur.{part.name}")
            month = f"{part.begins_at:%Y-%m}"
            await self._tell(connection, ("month_closed", {"month": month, "events": events}))
        self.removed.months.append(month)
        self.removed.events += events

    async def remove_counts(self, before: datetime) -> None:
        """Remove attendance of months whose events are gone."""
        parts = await self._parts()
        if parts:
            before = min(before, parts[0].begins_at)
        before = before.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while True:
            oldest = await self._connection.fetchval(self._sql("oldest_counts"), self._site, before)
            if oldest is None:
                break
            until = min(oldest + timedelta(days=1), before)
            tag = await self._timed(
                self._connection.execute(self._sql("remove_counts"), self._site, oldest, until)
            )
            self.removed.counts += _rows(tag)
        await self._connection.execute(self._sql("counts_removed"), self._site, before)

    async def remove_rejected(self, before: datetime) -> None:
        """Remove lines of the stream that the database had refused."""
        tag = await self._connection.execute(self._sql("remove_rejected"), self._site, before)
        self.removed.rejected += _rows(tag)

    async def remove_changes(self, before: datetime) -> None:
        """Remove what sellers had changed of tickets before an instant."""
        while True:
            tag = await self._timed(
                self._connection.execute(self._sql("remove_changes"), before, TICKETS)
            )
            self.removed.changes += _rows(tag)
            if _rows(tag) < TICKETS:
                return

    # --- tickets ---------------------------------------------------------------------------------

    async def forget_names(self, ended_before: datetime) -> None:
        """Take holder and payer from tickets that ended before an instant."""
        after: str | None = ""
        while after is not None:
            row = await self._timed(
                self._connection.fetchrow(self._sql("forget_names"), after, ended_before, TICKETS)
            )
            assert row is not None  # noqa: S101  # an aggregate always has a row
            after = row["last"]
            self.removed.names += row["done"]

    async def forget_tickets(self, ended_before: datetime) -> None:
        """Forget tickets whose last window ended before an instant, once no event names them."""
        after: str | None = ""
        while after is not None:
            row = await self._timed(
                self._connection.fetchrow(self._sql("ended_tickets"), after, ended_before, TICKETS)
            )
            assert row is not None  # noqa: S101  # an aggregate always has a row
            after = row["last"]
            if row["ended"]:
                self.removed.tickets += await self._connection.fetchval(
                    self._sql("forget"), row["ended"], False
                )

    # --- acts ------------------------------------------------------------------------------------

    async def redact_acts(self, before: datetime) -> None:
        """Have acts on tickets before an instant name their ticket no more."""
        while await self._timed(self._redact(before, [], self._pseudonym)) == ACTS:
            pass

    async def redact_acts_on(self, codes: Sequence[str], pseudonym: Callable[[str], str]) -> None:
        """Have no act name one of these tickets."""
        never = datetime(1, 1, 1, tzinfo=UTC)
        while await self._redact(never, codes, pseudonym) == ACTS:
            pass

    async def _redact(
        self, before: datetime, codes: Sequence[str], pseudonym: Callable[[str], str]
    ) -> int:
        async with self._connection.transaction():
            rows = await self._connection.fetch(
                self._sql("acts_naming_tickets"), self._site, before, list(codes), ACTS
            )
            if rows:
                places = [row["seq"] for row in rows]
                await self._connection.execute(
                    self._sql("redact"),
                    self._site,
                    places,
                    [pseudonym(row["subject"]) for row in rows],
                )
                await self._tell(self._connection, ("audit_redacted", {"acts": places}))
        self.removed.acts_redacted += len(rows)
        return len(rows)

    async def close_acts(self, before: datetime) -> None:
        """Remove the acts before an instant; one that stays tells where the chain begins now."""
        async with self._connection.transaction():
            last = await self._connection.fetchrow(self._sql("acts_past"), self._site, before)
            if last is None:
                return
            told = {"until": last["seq"], "hash": last["hash"], "acts": last["acts"]}
            await self._tell(self._connection, ("audit_closed", told))
            await self._connection.execute(self._sql("close_acts"), self._site, last["seq"])
            await self._connection.execute(self._sql("remove_acts"), self._site, last["seq"])
        self.removed.acts += last["acts"]

    # --- after -----------------------------------------------------------------------------------

    async def tidy(self) -> None:
        """Have the database let go of the rows that were replaced."""
        for part in await self._parts():
            if part.name in self._changed:
                await self._connection.execute(f"VACUUM composteur.{part.name}")

    async def _parts(self) -> list[Part]:
        rows = await self._connection.fetch(self._sql("parts"))
        return [Part(row["part"], row["inserted"]) for row in rows]

    async def _timed[Answer](self, work: Awaitable[Answer]) -> Answer:
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        answer = await work
        await self._breathe(loop.time() - begun_at)
        return answer

    def _sql(self, name: str, part: Part | None = None) -> str:
        text = self._queries[f"retention.{name}"]
        return text if part is None else text.replace("{part}", part.name)


def _page(tuple_id: str) -> int:
    return int(tuple_id[1:].partition(",")[0])


def _rows(tag: str) -> int:
    """Read how many rows a command tag tells.

    >>> _rows("DELETE 12")
    12
    """
    return int(tag.rpartition(" ")[2])
