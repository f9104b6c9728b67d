"""Hand out, and erase, what there is about one ticket or its holder, wherever it is.

Erased means: the ticket's row, the gate's record of it and its place in the store are gone; its
events stay counted and name it no more, by a pseudonym that no key leads back from; acts on it are
redacted. Who erased is an act of its own. A code that was erased and is sold again is a destroyed
ticket.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from gateway.central.connection import Central, unavailable
from gateway.central.purge import Purge
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import PseudonymKeyMissing, TicketInUse
from gateway.people.pseudonyms import nameless
from gateway.venue.retention import PseudonymKeys, told_by

PASSES: Final = 3
"""A scan may fall between a look at the stream and the end of the erasure: look again."""
ARRIVES_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class About:
    """Whom it is about: one of these."""

    code: str | None = None
    holder: str | None = None
    order: str | None = None


class Privacy:
    """What is known about visitors, for one site's gateway.

    Args:
        central: the central database.
        admin: the entitlement store.
        keys: of the site's pseudonyms.
        clock: milliseconds since the epoch.
    """

    def __init__(
        self, central: Central, admin: StoreAdmin, keys: PseudonymKeys, clock: Callable[[], int]
    ) -> None:
        self._clock = clock
        self._central = central
        self._admin = admin
        self._keys = keys

    async def codes(self, about: About) -> list[str]:
        """Return the tickets that it is about, at most 1,000.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        rows = await self._central.fetch("privacy.codes", about.code, about.holder, about.order)
        return [row["code"] for row in rows]

    async def export(self, about: About, who: str) -> list[dict[str, Any]]:
        """Return all that there is about tickets; audited.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        found = [await self._about(code) for code in await self.codes(about)]
        if found:
            await self._tell(who, "privacy_export", {"tickets": len(found)})
        return found

    async def _about(self, code: str) -> dict[str, Any]:
        fetch = self._central.fetch
        pseudonym = await self._pseudonym(code)
        acts = await fetch("audit.of_subject", code)
        windows = await fetch("privacy.windows", code)
        return {
            "code": code,
            "ticket": _json(await self._central.fetchval("privacy.ticket", code)),
            "windows": [dict(row) for row in windows],
            "changes": [
                orjson.loads(row["change"]) for row in await fetch("privacy.changes", code)
            ],
            "state": _json(await self._central.fetchval("privacy.state", code)),
            "events": [
                orjson.loads(row["event"]) for row in await fetch("privacy.events", code, pseudonym)
            ],
            "acts": [{**row, "details": orjson.loads(row["details"])} for row in acts],
        }

    async def erase(self, code: str, who: str) -> dict[str, int]:
        """Erase a ticket; return what was found of it. Nothing is left to be erased twice.

        Raises:
            TicketInUse: somebody is inside with it, or about to pass.
            DatabaseUnavailable: the database does not answer; erase again.
            StoreUnavailable: the store does not; the feed has it forget later.
        """
        pseudonym = await self._pseudonym(code)
        found = {"tickets": 0, "events": 0}
        for number in range(PASSES):
            position = await self._arrived(code)
            if await self._central.fetchval("privacy.in_use", code):
                raise TicketInUse
            before = dict(found)
            await self._erase_once(code, pseudonym, found)
            await self._admin.forget_tickets([code])
            await self._admin.forget_events(code, position)
            if number and found == before:
                break
        await self._tell(who, "privacy_erase", found)
        return found

    async def _erase_once(self, code: str, pseudonym: str | None, found: dict[str, int]) -> None:
        connection = await self._central.connect(command_timeout=60)
        site, queries = self._admin.site, self._central.queries

        async def tell(transaction: Any, act: tuple[str, dict[str, Any]]) -> None:
            await transaction.execute(
                queries["audit.add"], *told_by(site, "privacy", act, self._now())
            )

        try:
            with unavailable():
                async with connection.transaction():
                    await connection.execute(queries["privacy.close_ticket"], code)
                    found["events"] += await connection.fetchval(
                        queries["privacy.erase_events"], code, pseudonym, nameless()
                    )
                    found["tickets"] += await connection.fetchval(
                        queries["retention.forget"], [code], True
                    )
                    await connection.execute(queries["privacy.erase_rejected"], code)
                purge = Purge(self._central, connection, site, _same, tell, asyncio.sleep)
                await purge.redact_acts_on([code], lambda _: nameless())
        finally:
            connection.terminate()

    async def erase_names(self, code: str, who: str) -> dict[str, int]:
        """Take holder and payer from a ticket that may go on being used.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        tag = await self._central.execute("privacy.erase_names", code)
        found = {"names": int(tag.rpartition(" ")[2])}
        await self._tell(who, "privacy_erase_names", found)
        return found

    async def _arrived(self, code: str) -> str:
        """Wait until the database has the ticket's events; return the streamer's position."""
        ends_at = asyncio.get_running_loop().time() + ARRIVES_WITHIN_S
        while True:
            row = await self._central.fetchrow("sites.read", self._admin.site)
            position = "0-0" if row is None else str(row["position"])
            if not await self._admin.events_of(code, position):
                return position
            if asyncio.get_running_loop().time() > ends_at:
                raise TicketInUse("Its last scans have not arrived in the database yet.")
            await asyncio.sleep(0.05)

    async def _pseudonym(self, code: str) -> str | None:
        try:
            return (await self._keys.key()).of(code)
        except PseudonymKeyMissing:
            return None

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / 1000, UTC)

    async def _tell(self, who: str, what: str, details: dict[str, Any]) -> None:
        await self._central.execute(
            "audit.add", *told_by(self._admin.site, who, (what, details), self._now())
        )


def _same(code: str) -> str:
    return code


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
