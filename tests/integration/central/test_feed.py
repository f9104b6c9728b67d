"""The feed: what sellers write arrives at the gate, whole, in order, and soon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, override

import asyncpg

from gateway.central.connection import Central
from gateway.central.feed import Feed
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import CODE, NOW, Sink

if TYPE_CHECKING:
    from gateway.central.pool import Connection

AT = datetime.fromtimestamp(NOW / 1000, UTC)
SELL = "INSERT INTO composteur.ticket (code, product) VALUES ($1, 'adult')"


@asynccontextmanager
async def feeding(central: Central, sink: Sink, **options: Any) -> AsyncIterator[Feed]:
    feed = Feed(central, sink, SITE, **options)
    task = asyncio.create_task(feed.run(), name="feed")
    try:
        async with asyncio.timeout(5):
            while not feed.healthy:  # noqa: ASYNC110 - it has no event for that
                await asyncio.sleep(0.01)
        yield feed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def todo(sql: "Connection") -> int:
    count: int = await sql.fetchval("SELECT count(*) FROM composteur.change")
    return count


async def test_a_sale_arrives_with_its_columns_and_milliseconds(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    async with feeding(central, sink, poll_s=30):
        await sql.execute(
            "INSERT INTO composteur.ticket (code, product, valid_from, windows, spaces, holder)"
            " VALUES ($1, 'adult', $2, '[{\"session\": \"s\"}]', '{hall}', 'Ada')",
            CODE,
            AT,
        )
        row = await sink.until_put(CODE)

    assert (row["valid_from"], row["valid_until"]) == (NOW, None)
    assert (row["windows"], row["spaces"]) == ('[{"session": "s"}]', ["hall"])
    assert (row["holder"], row["status"], row["deleted"]) == ("Ada", "active", False)


async def test_what_was_written_while_nobody_fed_is_made_up_for(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    await sql.execute(SELL, CODE)
    async with feeding(central, sink):
        await sink.until_put(CODE)


async def test_without_its_notification_a_change_arrives_by_the_next_look(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    async with feeding(central, sink, poll_s=0.2):
        await sql.execute(
            "ALTER TABLE composteur.ticket DISABLE TRIGGER inserted;"
            "INSERT INTO composteur.ticket (code, product) VALUES ('QUIET', 'adult');"
            "INSERT INTO composteur.change (site, kind, id) VALUES ('museum', 'ticket', 'QUIET');"
        )
        await sink.until_put("QUIET")


async def test_a_deleted_ticket_arrives_as_a_cancelled_one_with_a_later_rev(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    async with feeding(central, sink):
        await sql.execute(SELL, CODE)
        sold = await sink.until_put(CODE)
        await sql.execute("DELETE FROM composteur.ticket")
        gone = await sink.until_put(CODE, "cancelled")

    assert gone["deleted"]
    assert gone["product"] is None
    assert gone["rev"] > sold["rev"]


async def test_a_ticket_deleted_and_sold_again_in_one_transaction_is_sold(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    await sql.execute(SELL, CODE)
    async with sql.transaction():
        await sql.execute("DELETE FROM composteur.ticket")
        await sql.execute(SELL, CODE)
    feed = Feed(central, sink, SITE)
    await feed.catch_up()

    assert sink.tickets[CODE]["status"] == "active"
    assert await todo(sql) == 0


async def test_products_come_before_sessions_and_sessions_before_tickets(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    async with sql.transaction():
        await sql.execute("SET CONSTRAINTS ALL DEFERRED")
        await sql.execute(
            "INSERT INTO composteur.ticket (code, product, session) VALUES ('T', 'p', 's');"
            "INSERT INTO composteur.session (id, product, starts_at) VALUES ('s', 'p', now());"
            "INSERT INTO composteur.product (id) VALUES ('p');"
        )
    await Feed(central, sink, SITE).catch_up()

    assert sink.order == ["product", "session", "ticket"]


async def test_a_deleted_product_and_session_are_forgotten(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    feed = Feed(central, sink, SITE)
    await sql.execute(
        "INSERT INTO composteur.product (id) VALUES ('p');"
        "INSERT INTO composteur.session (id, product, starts_at) VALUES ('s', 'p', now());"
    )
    await feed.catch_up()
    assert (set(sink.products), set(sink.sessions)) == ({"p"}, {"s"})
    await sql.execute(
        "DELETE FROM composteur.session; DELETE FROM composteur.product WHERE id = 'p'"
    )
    await feed.catch_up()

    assert (sink.products, sink.sessions) == ({}, {})


async def test_ten_changes_of_a_ticket_are_one_put_in_small_portions(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    await sql.execute(
        "INSERT INTO composteur.ticket (code, product)"
        " SELECT 'Nr ' || n, 'adult' FROM generate_series(1, 700) n"
    )
    for holder in "abcdefghij":
        await sql.execute("UPDATE composteur.ticket SET holder = $1", holder)
    feed = Feed(central, sink, SITE, batch=10_000)

    assert await feed.catch_up() == 7_700
    assert len(sink.order) == 700
    assert sink.largest <= 200


async def test_what_is_written_while_the_rows_are_put_is_not_lost(
    central: Central, sql: "Connection", database_url: str
) -> None:
    seller = await asyncpg.connect(database_url)

    class Slow(Sink):
        @override
        async def put_tickets(self, rows: Any) -> None:
            if not self.tickets:  # another change comes between our reading and our deleting
                await seller.execute("UPDATE composteur.ticket SET holder = 'later'")
            await super().put_tickets(rows)

    await sql.execute(SELL, CODE)
    slow = Slow()
    feed = Feed(central, slow, SITE, batch=1)
    await feed.catch_up()
    await feed.catch_up()
    await seller.close()

    assert slow.tickets[CODE]["holder"] == "later"


async def test_a_long_transaction_of_a_seller_holds_up_nobody_else(
    central: Central, sql: "Connection", database_url: str, sink: Sink
) -> None:
    seller = await asyncpg.connect(database_url)
    await sql.execute(SELL, CODE)
    async with feeding(central, sink):
        await sink.until_put(CODE)
        async with seller.transaction():
            await seller.execute("UPDATE composteur.ticket SET holder = 'unfinished'")
            await sql.execute(SELL, "OTHER")
            await sink.until_put("OTHER")
    await seller.close()


async def test_the_feed_outlives_an_absence_of_the_database(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    async with feeding(central, sink):
        for number in range(3):
            await sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'composteur' AND datname = current_database()"
            )
            await sql.execute(SELL, f"Nr {number}")
            await sink.until_put(f"Nr {number}")


async def test_a_snapshot_has_every_ticket_with_its_stamps_and_the_deleted_as_cancelled(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    for code in ("NEW", "USED", "GONE"):
        await sql.execute(SELL, code)
    await sql.execute(
        "INSERT INTO composteur.ticket_state (code, made, made_by_window, first_at, nonces)"
        " VALUES ('USED', 1, '{1}', $1, '{1-2-3}'), ('GONE', 1, '{1}', $1, '{}')",
        AT,
    )
    await sql.execute("DELETE FROM composteur.ticket WHERE code = 'GONE'")
    told: list[tuple[int, int]] = []
    kinds: list[str] = []
    tickets: dict[str, asyncpg.Record] = {}
    async for chunk in Feed(central, sink, SITE).snapshot(
        lambda done, total: told.append((done, total)), chunk=2
    ):
        kinds.append(chunk.kind)
        if chunk.kind == "ticket":
            tickets |= {row["code"]: row for row in chunk.rows}

    assert kinds == ["product", "ticket", "ticket"]
    assert told[-1] == (3, 3)
    assert tickets["NEW"]["made"] is None
    used = tickets["USED"]
    assert (used["made"], used["first_at"], used["nonces"]) == (1, NOW, ["1-2-3"])
    gone = tickets["GONE"]
    assert (gone["status"], gone["product"], gone["made"]) == ("cancelled", None, 1)


async def test_a_snapshot_shows_a_ticket_destroyed_by_the_gate_as_destroyed(
    central: Central, sql: "Connection", sink: Sink
) -> None:
    await sql.execute(SELL, CODE)
    await sql.execute(
        "INSERT INTO composteur.ticket_state (code, destroyed_at) VALUES ($1, $2)", CODE, AT
    )

    rows = [
        row
        async for chunk in Feed(central, sink, SITE).snapshot()
        for row in chunk.rows
        if chunk.kind == "ticket"
    ]
    assert [row["destroyed_at"] for row in rows] == [NOW]
