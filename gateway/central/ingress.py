"""How a day went at the entrances, read from what is counted: never from the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.central.pool import Pool


@dataclass(frozen=True, slots=True)
class Sold:
    """A session of the day and the persons sold for it."""

    session: str
    starts_at: datetime
    margin_before_s: int
    persons: int


class Ingress(Pool):
    """The courses of days."""

    async def moved(  # noqa: PLR0917 - a day at a place, in steps
        self,
        site: str,
        begins: datetime,
        ends: datetime,
        zone: str,
        step_min: int,
        spaces: Sequence[str],
    ) -> list[tuple[int, int, int]]:
        """Return persons who went in and out by step of the local day: (step, entries, exits)."""
        rows = await self.fetch("ingress.moved", site, begins, ends, zone, step_min, list(spaces))
        return [(row["step"], row["entries"], row["exits"]) for row in rows]

    async def sold(self, begins: datetime, ends: datetime, spaces: Sequence[str]) -> list[Sold]:
        """Return the sessions that begin in a span at these spaces, and who is sold for them."""
        rows = await self.fetch("ingress.sold", begins, ends, list(spaces))
        return [
            Sold(row["id"], row["starts_at"], row["margin_before_s"], row["persons"])
            for row in rows
        ]
