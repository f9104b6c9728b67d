"""Sees to it that what is past its retention goes, every day, without being asked.

The purge begins at the time the site file says, or as soon as the gateway runs when it has missed
it; of several gateways of a site one purges. Between its small batches it waits until the streamer
keeps up, and rests four times as long as the batch took: scans and their counting come first.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import structlog

from config import Retention
from gateway.central.connection import Central, told, unavailable
from gateway.central.purge import Act, Purge, Removed
from gateway.errors import DatabaseUnavailable, PseudonymKeyMissing, StoreUnavailable
from gateway.people.pseudonyms import PseudonymKey, destroy_key, new_key, read_key, write_key
from gateway.venue.alarms import Alarms

if TYPE_CHECKING:
    from gateway.central.pool import Connection

BY: Final = "retention"
"""Who did it, in the audit; the kind of its alarm."""
LOOK_S: Final = 30.0
REST: Final = 4
SHORTEST_REST_S: Final = 0.02
LAG_S: Final = 0.5
KEY_FILE: Final = "pseudonym.key"

log = structlog.get_logger(__name__)


class PseudonymKeys:
    """The key of a site's pseudonyms: its file, and which one the database was told of."""

    def __init__(self, central: Central, site: str, file: Path) -> None:
        self._central = central
        self._site = site
        self._file = file

    async def key(self) -> PseudonymKey:
        """Return the key; make one where the site has none.

        Raises:
            PseudonymKeyMissing: the site has one, and it is not here.
            DatabaseUnavailable: the database does not answer.
        """
        in_use = await self._central.fetchval("retention.key_in_use", self._site)
        key = await asyncio.to_thread(read_key, self._file)
        if in_use is None:
            if key is None:
                key = new_key()
                await asyncio.to_thread(write_key, self._file, key)
            await self._central.execute("retention.use_key", self._site, key.fingerprint)
        if key is None or in_use not in {None, key.fingerprint}:
            raise PseudonymKeyMissing(self._file)
        return key

    async def destroy(self) -> bool:
        """Destroy the key; the next purge makes another. False: there was none."""
        here = await asyncio.to_thread(destroy_key, self._file)
        was = await self._central.fetchval("retention.key_destroyed", self._site)
        return here or was is not None


class Keeper:
    """The purge of one site.

    Args:
        central: the central database.
        site: the site's id.
        settings: what the site file says now.
        keys: of its pseudonyms.
        zone: the site's: the hour of the purge is in it.
        on_removed: called after a purge that has removed something.
        lag_s: how long the oldest event has been waiting for the database.
    """

    def __init__(  # noqa: PLR0917 - each is handed in by name
        self,
        central: Central,
        site: str,
        settings: Callable[[], Retention],
        keys: PseudonymKeys,
        zone: ZoneInfo,
        on_removed: Callable[[], Awaitable[object]] | None = None,
        lag_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._on_removed = on_removed
        self._central = central
        self._site = site
        self._settings = settings
        self._keys = keys
        self._zone = zone
        self._lag_s = lag_s
        self._wrong: str | None = None

    async def run(self, clock: Callable[[], int], alarms: Alarms) -> None:
        """Purge when it is time, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = datetime.fromtimestamp(clock() / 1000, UTC)
            try:
                if await self._is_due(now):
                    await self.purge(now)
            except (DatabaseUnavailable, StoreUnavailable):
                continue  # told by the gateway's health
            except PseudonymKeyMissing as missing:
                self._complain(alarms, str(missing))
            except (asyncpg.PostgresError, OSError, ValueError) as error:
                self._complain(alarms, told(error))
            else:
                self._complain(alarms, None)

    def _complain(self, alarms: Alarms, wrong: str | None) -> None:
        """Have operators know that what should go stays; once."""
        if wrong is None:
            alarms.clear(BY)
        elif wrong != self._wrong:
            alarms.raise_(BY, text=wrong)
        self._wrong = wrong

    def settings(self) -> dict[str, Any]:
        """Return what is kept for how long."""
        return self._settings().model_dump(exclude={"key_file"})

    async def last_run(self) -> tuple[datetime, dict[str, Any]] | None:
        """Return when the last purge ended, and what it removed."""
        row = await self._central.fetchrow("retention.last_run", self._site)
        return None if row is None else (row["finished_at"], orjson.loads(row["removed"]))

    async def _is_due(self, now: datetime) -> bool:
        last = await self.last_run()
        if last is None:
            return True
        return next_purge(last[0], self._settings().at, self._zone) <= now

    async def purge(self, now: datetime, *, gently: bool = True) -> Removed | None:
        """Remove what is past its retention at an instant; ``None``: another gateway is at it.

        Args:
            now: as of when.
            gently: rest between batches.

        Raises:
            DatabaseUnavailable: the database does not answer; it goes on the next time.
            PseudonymKeyMissing: this gateway has not the key of the site's pseudonyms.
        """
        settings = self._settings()
        key = await self._keys.key()
        add = self._central.queries["audit.add"]

        async def tell(transaction: "Connection", act: Act) -> None:
            await transaction.execute(add, *told_by(self._site, BY, act, now))

        connection = await self._central.connect(command_timeout=600)
        try:
            with unavailable():
                breathe = self._breathe if gently else _at_once
                purge = Purge(self._central, connection, self._site, key.of, tell, breathe)
                if not await purge.lead():
                    return None
                await _purge(purge, settings, now)
                removed = purge.removed
                if facts := removed.facts():
                    await tell(connection, ("purge", facts))
                await connection.execute(
                    self._central.queries["retention.ran"],
                    self._site,
                    now,
                    orjson.dumps(removed.facts()).decode(),
                )
        finally:
            connection.terminate()
        if removed.facts():
            log.info("purged", **removed.facts())
            if self._on_removed is not None:
                await self._on_removed()
        return removed

    async def _breathe(self, seconds: float) -> None:
        await asyncio.sleep(max(REST * seconds, SHORTEST_REST_S))
        while self._lag_s() > LAG_S:  # noqa: ASYNC110  # looked at, not told
            await asyncio.sleep(LAG_S)


async def _purge(purge: Purge, settings: Retention, now: datetime) -> None:
    scans = now - timedelta(days=settings.scans_days)
    await purge.pseudonymise(scans)
    await purge.redact_acts(scans)
    await purge.remove_rejected(scans)
    await purge.remove_changes(scans)
    await purge.close_months(min(_months_ago(now, settings.pseudonymised_months), scans))
    if settings.counts_months is not None:
        await purge.remove_counts(_months_ago(now, settings.counts_months))
    if settings.names_days is not None:
        await purge.forget_names(now - timedelta(days=settings.names_days))
    if settings.tickets_days is not None:
        await purge.forget_tickets(now - timedelta(days=settings.tickets_days))
    await purge.close_acts(_months_ago(now, settings.audit_months))
    await purge.tidy()


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def told_by(site: str, who: str, act: Act, now: datetime) -> tuple[Any, ...]:
    """Return the arguments of ``audit.add`` for one act of now."""
    what, details = act
    name = f"{int(now.timestamp() * 1000):013d}-{secrets.token_hex(4)}"
    return (site, [name], [now], [who], [what], [None], [orjson.dumps(details).decode()])


def next_purge(after: datetime, at: str, zone: ZoneInfo) -> datetime:
    """Return the first time of day ``at`` after an instant.

    >>> next_purge(datetime(2026, 1, 1, 2, tzinfo=UTC), "04:00", ZoneInfo("Europe/Paris"))
    datetime.datetime(2026, 1, 1, 3, 0, tzinfo=datetime.timezone.utc)
    """
    hour, minute = map(int, at.split(":"))
    local = after.astimezone(zone)
    found = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if found <= local:
        found = (found + timedelta(days=1)).replace(hour=hour, minute=minute)
    return found.astimezone(UTC)


def _months_ago(now: datetime, months: int) -> datetime:
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return now.replace(
        year=years, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
