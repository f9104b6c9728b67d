"""Figures of sessions that are over are kept, and hold whatever is sold, changed or told later."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gateway.central.connection import Central
from gateway.central.reports.reading import answer
from gateway.central.rolling import MANY_SESSIONS, Roller
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import NOW, Stream, an_event
from tests.integration.central.reports.asking import question
from tests.integration.central.reports.year import NOW_AT, ZONE
from tests.integration.central.test_streamer import streaming

if TYPE_CHECKING:
    from gateway.central.pool import Connection

FIRST = NOW_AT - timedelta(days=4)
SECOND = NOW_AT - timedelta(days=3)
PERIOD = ("2026-11-01", "2026-12-01")
NAMES = ("tickets", "expected", "come", "missing")

type Arrivals = dict[str, tuple[int, ...]]


@pytest.fixture
async def sold(central: Central, sql: "Connection", stream: Stream) -> Central:
    """Two sessions: a voucher of two persons for both, a ticket of three for the first."""
    await sql.executemany(
        "INSERT INTO composteur.session (id, product, starts_at) VALUES ($1, 'adult', $2)",
        [("first", FIRST), ("second", SECOND)],
    )
    await sql.execute(
        "INSERT INTO composteur.ticket (code, product, persons, ordered_at, windows)"
        " VALUES ('V', 'adult', 2, $1,"
        """ '[{"session": "first"}, {"session": "second"}]')""",
        FIRST,
    )
    await sql.execute(
        "INSERT INTO composteur.ticket (code, product, persons, ordered_at, session)"
        " VALUES ('P', 'adult', 3, $1, 'first')",
        FIRST,
    )
    # As if it had been sold long ago: what has just changed is not counted for good.
    await sql.execute("ALTER TABLE composteur.session DISABLE TRIGGER written")
    await sql.execute("UPDATE composteur.session SET updated_at = '2025-01-01Z'")
    await told(central, stream, voucher(FIRST, "first", "{1,0}", "{2,0}", made=1))
    return central


def voucher(moment: Any, session: str, stamps: str, persons: str, *, made: int) -> bytes:
    return an_event(
        ticket_code="V",
        at=round(moment.timestamp() * 1000),
        session=session,
        persons=2,
        counted_persons=2,
        made=made,
        made_by_window=stamps,
        persons_by_window=persons,
    )


async def told(central: Central, stream: Stream, line: bytes) -> None:
    stream.write(line)
    async with streaming(central, stream) as running:
        await running.taken()


async def arrivals(central: Central) -> Arrivals:
    found = await answer(central, question("arrivals", PERIOD))
    return {row["session"]: tuple(row[name] for name in NAMES) for row in found.rows}


async def listed(central: Central) -> tuple[int, ...]:
    """What the list of tickets adds up to, by either date, which is what its rows add up to."""
    totals: tuple[int, ...] = ()
    for dates in ("activity", "order"):
        found = await answer(central, question("ticket-stamps", PERIOD, dates=dates))
        totals = tuple(found.totals[name] for name in ("persons", "stamps", "admitted"))
        for place, name in enumerate(("persons", "stamps", "admitted")):
            assert totals[place] == sum(row[name] for row in found.rows)
    return totals


async def count(central: Central, sql: "Connection") -> int:
    """Keep what may be kept; return of how many sessions."""
    roller = Roller(central.queries, SITE, ZONE.key)
    while await roller.step(sql, NOW):
        pass
    kept: int = await sql.fetchval("SELECT count(*) FROM composteur.session_counted")
    return kept


async def test_a_voucher_is_expected_at_each_of_its_sessions_and_listed_once(
    sold: Central, sql: "Connection"
) -> None:
    expected = {"first": (2, 5, 2, 3), "second": (1, 2, 0, 2)}
    assert await arrivals(sold) == expected

    assert await count(sold, sql) == 2

    assert await arrivals(sold) == expected
    assert await listed(sold) == (5, 1, 2)


async def test_a_stamp_told_late_counts_at_once_and_for_good(
    sold: Central, sql: "Connection", stream: Stream
) -> None:
    await count(sold, sql)

    await told(sold, stream, voucher(SECOND, "second", "{1,1}", "{2,2}", made=2))

    expected = {"first": (2, 5, 2, 3), "second": (1, 2, 2, 0)}
    assert await arrivals(sold) == expected
    assert await count(sold, sql) == 2
    assert await arrivals(sold) == expected
    assert await listed(sold) == (5, 2, 4)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE composteur.ticket SET status = 'cancelled' WHERE code = 'P'", (1, 2, 2, 0)),
        ("UPDATE composteur.ticket SET session = 'second' WHERE code = 'P'", (1, 2, 2, 0)),
        ("UPDATE composteur.ticket SET persons = 7 WHERE code = 'P'", (2, 9, 2, 7)),
        ("DELETE FROM composteur.ticket WHERE code = 'P'", (1, 2, 2, 0)),
        (
            "INSERT INTO composteur.ticket (code, product, session) VALUES ('Q', 'adult', 'first')",
            (3, 6, 2, 4),
        ),
    ],
    ids=["cancelled", "moved", "more persons", "deleted", "sold late"],
)
async def test_what_a_seller_changes_later_counts_at_once_and_for_good(
    sold: Central, sql: "Connection", change: str, expected: tuple[int, ...]
) -> None:
    await count(sold, sql)

    await sql.execute(change)

    assert (await arrivals(sold))["first"] == expected
    told = await listed(sold)
    await count(sold, sql)
    assert (await arrivals(sold))["first"] == expected
    assert await listed(sold) == told


async def test_an_order_s_other_date_counts_at_once_and_for_good(
    sold: Central, sql: "Connection"
) -> None:
    await count(sold, sql)
    before = await listed(sold)

    await sql.execute("UPDATE composteur.ticket SET ordered_at = '2026-01-01Z' WHERE code = 'P'")

    assert await listed(sold) != before
    now = await listed(sold)
    await count(sold, sql)
    assert await listed(sold) == now


async def test_figures_of_many_sessions_are_looked_at_by_the_planner_as_soon_as_they_are_counted(
    sold: Central, sql: "Connection"
) -> None:
    await sql.execute(
        "INSERT INTO composteur.session (id, product, starts_at)"
        " SELECT 'old-' || n, 'adult', $1 FROM generate_series(1, $2::integer) AS n",
        FIRST,
        MANY_SESSIONS,
    )
    await sql.execute("UPDATE composteur.session SET updated_at = '2025-01-01Z'")
    looked = "SELECT max(last_analyze) FROM pg_stat_user_tables WHERE relname = 'session_figure'"
    before = await sql.fetchval(looked)

    assert await count(sold, sql) == 2 + MANY_SESSIONS

    assert await sql.fetchval(looked) != before
