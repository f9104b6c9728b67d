"""Calls to webhooks as the central database keeps them: a to-do list beside the events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.central.pool import Pool

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm that webhooks are to be told of; ``ref`` names it and its state, for good."""

    ref: str
    type: str
    at: datetime
    facts: str
    """What it says, as JSON."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the calls to one webhook stand."""

    webhook: str
    waiting: int
    since: datetime | None
    set_aside: int
    refused: str | None
    """Of those set aside: why, of one of them."""


class Calls(Pool):
    """The calls of a site; each method raises `DatabaseUnavailable`."""

    async def tell(
        self, site: str, alarms: Sequence[Told], wants: Iterable[tuple[str, str]]
    ) -> None:
        """Make calls of the alarms that none was made of yet; ``wants``: webhooks and types."""
        pairs = list(wants)
        await self.execute(
            "webhooks.tell",
            site,
            [each.ref for each in alarms],
            [each.type for each in alarms],
            [each.at for each in alarms],
            [each.facts for each in alarms],
            [webhook for webhook, _ in pairs],
            [type_ for _, type_ in pairs],
        )

    async def due_calls(self, site: str, webhook: str, limit: int) -> "list[asyncpg.Record]":
        """Return the oldest calls to a webhook, with the columns of the events they tell of."""
        return await self.fetch("webhooks.due", site, webhook, limit)

    async def calls_taken(self, ids: Sequence[int]) -> None:
        """Strike out what was told."""
        await self.execute("webhooks.taken", ids)

    async def set_call_aside(self, id_: int, why: str) -> None:
        """Keep a call that its receiver will not take; it holds up no other."""
        await self.execute("webhooks.set_aside", id_, why)

    async def give_calls_up(self, site: str, webhook: str, hours: int, why: str) -> int:
        """Set aside what has waited for too long; return how many."""
        return _count(await self.execute("webhooks.give_up", site, webhook, hours, why))

    async def call_again(self, site: str, webhook: str) -> int:
        """Have what was set aside sent once more; return how many."""
        return _count(await self.execute("webhooks.again", site, webhook))

    async def tidy_calls(self, site: str, webhooks: Sequence[str]) -> None:
        """Drop calls to webhooks that are no more, and what was set aside long ago."""
        await self.execute("webhooks.tidy", site, webhooks)

    async def calls_waiting(self, site: str) -> list[Waiting]:
        """Tell how the calls stand, by webhook."""
        rows: list[dict[str, Any]] = [
            dict(row) for row in await self.fetch("webhooks.standing", site)
        ]
        return [Waiting(**row) for row in rows]


def _count(tag: str) -> int:
    """Read the number of rows out of PostgreSQL's command tag.

    >>> _count("UPDATE 3")
    3
    """
    return int(tag.rpartition(" ")[2])
