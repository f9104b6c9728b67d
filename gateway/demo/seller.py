"""The museum's shop: it knows nothing of the gateway but the seller's three tables (DESIGN 6)."""

import asyncio
import base64
import random
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from gateway.demo.museum import LABELS, Kind, Product, Space

SLOT = timedelta(minutes=30)
SEASON = timedelta(days=300)
SHELF_S = 30.0
RESTOCK_S = 0.5
MEMBERS = 60
STANDING = 150
"""How many tickets there are of the kinds that are never used up."""

PRODUCTS = """
INSERT INTO composteur.product
    (id, label, kind, spaces, margin_before_s, margin_after_s, margin_after_from, max_stamps)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET label = excluded.label, spaces = excluded.spaces,
    margin_before_s = excluded.margin_before_s, margin_after_s = excluded.margin_after_s,
    margin_after_from = excluded.margin_after_from, max_stamps = excluded.max_stamps
"""
SESSIONS = """
INSERT INTO composteur.session (id, product, starts_at, ends_at, label, space)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
"""
TICKETS = """
INSERT INTO composteur.ticket
    (code, product, session, valid_from, valid_until, holder, audience, persons)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
DESTROY = "UPDATE composteur.ticket SET destroyed_at = now() WHERE code = ANY($1)"

NAMES = ("Amélie", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hana", "Inês", "Jonas")


def new_code() -> str:
    """Make a code of ours: 128 random bits as 26 characters of base32.

    >>> len(new_code())
    26
    """
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=")


@dataclass
class Shop:
    """Sells tickets ahead of the visitors who will come with them."""

    connection: asyncpg.Connection
    rate: float
    shelf: dict[Kind, deque[str]] = field(default_factory=lambda: {kind: deque() for kind in Kind})
    """Tickets that visitors may take: those used once are taken away, the others go round."""
    tour: str = ""
    """The session that tours on the shelf are for."""

    @property
    def on_shelf(self) -> int:
        """How many tickets wait for their visitors."""
        return sum(map(len, self.shelf.values()))

    async def open(self) -> None:
        """Set up what is sold, and fill the shelf."""
        day, tour = [Space.COLLECTION.value], [Space.EXHIBITION.value]
        await self.connection.executemany(
            PRODUCTS,
            [
                (Product.DAY, LABELS[Product.DAY], "undated", day, 0, 0, "end", 1),
                (Product.TOUR, LABELS[Product.TOUR], "timed", tour, 1800, 900, "start", 1),
                (Product.MEMBER, LABELS[Product.MEMBER], "membership", None, 0, 0, "end", None),
                (Product.GROUP, LABELS[Product.GROUP], "undated", day, 0, 0, "end", 1),
            ],
        )
        self.shelf[Kind.MEMBER] += await self.sell(Product.MEMBER, MEMBERS)
        next_week = await self._session(datetime.now(UTC) + timedelta(days=7))
        self.shelf[Kind.EARLY] += await self.sell(Product.TOUR, STANDING, session=next_week)
        self.shelf[Kind.ASTRAY] += await self.sell(Product.DAY, STANDING)
        destroyed = await self.sell(Product.DAY, STANDING)
        await self.connection.execute(DESTROY, destroyed)
        self.shelf[Kind.DESTROYED] += destroyed
        await self.restock()

    async def keep_stocked(self) -> None:
        """Sell on, half a minute ahead of demand."""
        while True:
            await asyncio.sleep(RESTOCK_S)
            await self.restock()

    async def restock(self) -> None:
        """Fill up the kinds that are used up."""
        wanted = int(self.rate * SHELF_S) + 20
        session = await self._session(datetime.now(UTC))
        for kind, product, share in (
            (Kind.DAY, Product.DAY, 0.5),
            (Kind.TOUR, Product.TOUR, 0.25),
            (Kind.GROUP, Product.GROUP, 0.1),
        ):
            shelf = self.shelf[kind]
            if kind is Kind.TOUR and session != self.tour:
                shelf.clear()  # a tour that has begun: nobody comes for it any more
            if (missing := int(wanted * share) - len(shelf)) > 0:
                shelf += await self.sell(
                    product, missing, session=session if product is Product.TOUR else None
                )
        self.tour = session

    async def sell(
        self, product: Product, count: int, *, session: str | None = None
    ) -> Sequence[str]:
        """Write new tickets and return their codes."""
        now = datetime.now(UTC)
        begins, ends = (None, None) if session else (now - timedelta(days=1), now + SEASON)
        group = product is Product.GROUP
        rows = [
            (
                *(new_code(), product.value, session, begins, ends, random.choice(NAMES)),
                *(("group", random.randint(5, 25)) if group else ("individual", 1)),
            )
            for _ in range(count)
        ]
        await self.connection.executemany(TICKETS, rows)
        return [row[0] for row in rows]

    async def _session(self, after: datetime) -> str:
        """Return the next session after an instant, and write it where it is new."""
        since = after - datetime(2020, 1, 1, tzinfo=UTC)
        starts = after - since % SLOT + SLOT
        name = f"tour-{starts:%Y%m%d-%H%M}"
        await self.connection.execute(
            *(SESSIONS, name, Product.TOUR.value, starts, starts + timedelta(minutes=45)),
            *(f"{LABELS[Product.TOUR]}, {starts:%H:%M} UTC", Space.EXHIBITION.value),
        )
        return name
