"""A database with a year in it, for all tests of the folder."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from gateway.central.connection import Central
from gateway.central.reports.tables import reports
from gateway.central.rolling import Roller
from tests.databases import Databases
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import NOW, Stream
from tests.integration.central.reports.year import PRODUCTS, ZONE, Year, a_year
from tests.integration.central.test_streamer import streaming

if TYPE_CHECKING:
    from gateway.central.pool import Connection


@pytest.fixture(scope="session", autouse=True)
def _reports_read() -> None:
    """Read the reports before a loop runs; a server reads them in a thread."""
    reports()


@pytest.fixture(scope="session")
def year() -> Year:
    return a_year()


@pytest.fixture(scope="session")
def year_url(_runner: asyncio.Runner, databases: Databases, year: Year) -> Iterator[str]:
    """A database that has taken the year as a gateway does: events, sums, then what comes late."""
    with databases.lent() as url:
        _runner.run(_take(url, year))
        yield url


async def _take(url: str, year: Year) -> None:
    async with Central(url) as central:
        await central.execute("sites.register", SITE)
        connection = await central.connect()
        try:
            await sell(connection, year)
            await take(central, connection, year)
        finally:
            await connection.close()


async def take(central: Central, connection: "Connection", year: Year) -> None:
    """Stream what happened, roll it up, then stream what is told late."""
    stream = Stream()
    in_time, late = year.lines()
    stream.write(*in_time)
    async with streaming(central, stream, batch=500) as running:
        await running.taken()
        await roll(central, connection)
        stream.write(*late)
        await running.taken()


async def roll(central: Central, connection: "Connection", now_ms: int = NOW) -> None:
    """Roll up all that is over."""
    roller = Roller(central.queries, SITE, ZONE.key)
    while await roller.step(connection, now_ms):
        pass


async def sell(connection: "Connection", year: Year) -> None:
    """Write what was sold, long ago."""
    for id_, label in PRODUCTS.items():
        await connection.execute(
            "INSERT INTO composteur.product (id, label) VALUES ($1, $2)", id_, label
        )
    await connection.executemany(
        "INSERT INTO composteur.session (id, product, starts_at, places, space)"
        " VALUES ($1, $2, $3, $4, $5)",
        [(s.id, s.product, s.starts_at, s.places, s.space) for s in year.slots],
    )
    await connection.executemany(
        "INSERT INTO composteur.ticket (code, product, session, audience, persons, status,"
        " attention, source, ordered_at, valid_until, holder, order_ref)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        [
            (
                t.code, t.product, t.slot and t.slot.id, t.audience, t.persons, t.status,
                t.attention, t.source, t.ordered_at, t.valid_until, f"Holder {t.code}", "O-1",
            )
            for t in year.sold
        ],
    )  # fmt: skip
    # As if it had been written a year ago: what has just changed is not counted for good.
    await connection.execute("ALTER TABLE composteur.session DISABLE TRIGGER written")
    await connection.execute("UPDATE composteur.session SET updated_at = '2025-01-01Z'")
    await connection.execute("ALTER TABLE composteur.session ENABLE TRIGGER written")
