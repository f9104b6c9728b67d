"""The sellers' side: what the tables take, what they refuse, and what is noted for the gates."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.tickets.codes import canonical
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import CODE

if TYPE_CHECKING:
    from gateway.central.pool import Connection

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def sell(sql: "Connection", code: str = CODE, **columns: Any) -> None:
    """Write a ticket as a seller does."""
    columns = {"code": code, "product": "adult", **columns}
    names = ", ".join(columns)
    marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await sql.execute(
        f"INSERT INTO composteur.ticket ({names}) VALUES ({marks})", *columns.values()
    )


async def changes(sql: "Connection") -> list[tuple[str, str, str]]:
    rows = await sql.fetch("SELECT site, kind, id FROM composteur.change ORDER BY rev")
    return [(row["site"], row["kind"], row["id"]) for row in rows]


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("krsx-g5ct-nvza-2", CODE),
        (" AB0UT T1CKET 8OX", "ABOUTTICKETBOX"),
        ("\u00a0Bestell-Nr. 4711\r\n", "Bestell-Nr. 4711"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("0104012345\x1d21ABC", "0104012345\x1d21ABC"),
    ],
)
async def test_a_code_is_kept_as_the_gate_will_look_for_it(
    sql: "Connection", written: str, kept: str
) -> None:
    await sell(sql, written)

    assert await sql.fetchval("SELECT code FROM composteur.ticket") == kept


async def test_the_database_and_the_gate_agree_on_every_code(sql: "Connection") -> None:
    texts: list[str] = []

    @settings(max_examples=600, database=None)
    @given(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
            st.text("abcXYZ0189 -27\u0131\u00df\u00a0\ufeff\x1d\t", max_size=30),
        )
    )
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    rows = await sql.fetch(
        "SELECT written, c.code, composteur.is_code(c.code) AS good"
        " FROM unnest($1::text[]) AS written, composteur.canonical_code(written) AS c (code)",
        texts,
    )

    for row in rows:
        expected = canonical(row["written"])
        assert (row["code"] if row["good"] else None) == expected, repr(row["written"])


# --- bad values ----------------------------------------------------------------------------------

WINDOW = '{"from": "2026-12-24T10:00:00+01:00", "until": "2026-12-24T18:00:00+01:00"}'


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("code", ""),
        ("code", "a\tb"),
        ("code", "x" * 513),
        ("product", "nobody-sells-this"),
        ("session", "no-such-session"),
        ("valid_until", NOON - timedelta(1)),
        ("windows", "{}"),
        ("windows", "[]"),
        ("windows", "[{}]"),
        ("windows", '[{"from": "2026-12-24T10:00:00"}]'),
        ("windows", '[{"from": "2026-02-31T10:00:00Z"}]'),
        ("windows", '[{"from": "2026-12-24T10:00:00Z", "until": "2026-12-23T10:00:00Z"}]'),
        ("windows", '[{"session": "s", "from": "2026-12-24T10:00:00Z"}]'),
        ("windows", '[{"session": "s", "spaces": ["Hall"]}]'),
        ("windows", '[{"session": "s", "spaces": []}]'),
        ("windows", '[{"session": "s", "stamps": 0}]'),
        ("windows", '[{"session": "s", "place": 3}]'),
        ("windows", "[1]"),
        ("order_ref", "a\nb"),
        ("holder", "x" * 401),
        ("audience", "crowd"),
        ("persons", 0),
        ("persons", 10_000),
        ("spaces", []),
        ("spaces", ["hall", None]),
        ("spaces", ["Great Hall"]),
        ("status", "sold"),
        ("replaced_by", CODE),
        ("source", ""),
    ],
)
async def test_a_bad_value_meets_a_constraint_named_after_its_column(
    sql: "Connection", column: str, value: Any
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await sell(sql, **{"valid_from": NOON, column: value})

    assert refused.value.constraint_name is not None
    assert refused.value.constraint_name.startswith(f"ticket_{column}")


@pytest.mark.parametrize(
    "windows",
    [
        f"[{WINDOW}]",
        '[{"session": "s1"}, {"session": "s2", "spaces": ["hall"], "stamps": 2}]',
        '[{"from": "2026-12-24T10:00:00.5Z", "until": null, "spaces": null, "stamps": null}]',
        '[{"until": "2026-12-24T10:00:00Z"}]',
    ],
)
async def test_good_windows_are_taken(sql: "Connection", windows: str) -> None:
    await sell(sql, windows=windows)


async def test_infinity_is_no_instant(sql: "Connection") -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await sql.execute(
            "INSERT INTO composteur.ticket (code, product, valid_until)"
            " VALUES ('X', 'adult', 'infinity')"
        )


async def test_foreign_keys_may_wait_for_the_end_of_the_transaction(sql: "Connection") -> None:
    async with sql.transaction():
        await sql.execute("SET CONSTRAINTS ALL DEFERRED")
        await sell(sql, session="evening")
        await sql.execute(
            "INSERT INTO composteur.session (id, product, starts_at)"
            " VALUES ('evening', 'adult', $1)",
            NOON,
        )


async def test_a_ticket_keeps_its_code(sql: "Connection") -> None:
    await sell(sql)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await sql.execute("UPDATE composteur.ticket SET code = 'OTHER'")

    assert refused.value.constraint_name == "ticket_code_fixed"


# --- the to-do list ------------------------------------------------------------------------------


async def test_a_change_is_noted_once_for_each_site(sql: "Connection") -> None:
    await sql.execute("INSERT INTO composteur.site (id) VALUES ('annex')")
    await sell(sql)

    assert sorted(await changes(sql)) == [("annex", "ticket", CODE), (SITE, "ticket", CODE)]


async def test_an_update_that_changes_nothing_is_not_noted(sql: "Connection") -> None:
    await sell(sql)
    await sql.execute("DELETE FROM composteur.change")
    before = await sql.fetchrow("SELECT rev, updated_at FROM composteur.ticket")

    assert await sql.execute("UPDATE composteur.ticket SET status = 'active'") == "UPDATE 1"

    assert await changes(sql) == []
    assert await sql.fetchrow("SELECT rev, updated_at FROM composteur.ticket") == before


async def test_rev_rises_with_every_change(sql: "Connection") -> None:
    await sell(sql)
    revs = [await sql.fetchval("SELECT rev FROM composteur.ticket")]
    for holder in "abc":
        await sql.execute("UPDATE composteur.ticket SET holder = $1", holder)
        revs.append(await sql.fetchval("SELECT rev FROM composteur.ticket"))

    assert revs == sorted(set(revs))


async def test_a_ticket_sold_again_while_it_is_deleted_comes_after_the_deletion(
    sql: "Connection", database_url: str
) -> None:
    await sell(sql)
    await sql.execute("DELETE FROM composteur.change")
    other = await asyncpg.connect(database_url)
    deletion = sql.transaction()
    await deletion.start()
    await sql.execute("DELETE FROM composteur.ticket")
    sold = asyncio.create_task(sell(other), name="a seller")
    await until_waiting(sql)
    await deletion.commit()
    await sold
    await other.close()

    noted = await sql.fetch("SELECT rev FROM composteur.change ORDER BY rev")
    assert len(noted) == 2
    assert await sql.fetchval("SELECT count(*) FROM composteur.ticket") == 1


async def until_waiting(sql: "Connection") -> None:
    """Wait until somebody waits for a lock."""
    async with asyncio.timeout(5):
        while not await sql.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_deleting_a_ticket_keeps_its_stamps_and_is_noted(sql: "Connection") -> None:
    await sell(sql)
    await sql.execute("INSERT INTO composteur.ticket_state (code, made) VALUES ($1, 2)", CODE)
    await sell(sql, "NEVERUSED")
    await sql.execute("DELETE FROM composteur.change")

    await sql.execute("DELETE FROM composteur.ticket")

    states = await sql.fetch("SELECT code, made FROM composteur.ticket_state ORDER BY made")
    assert [tuple(row) for row in states] == [("NEVERUSED", 0), (CODE, 2)]
    assert sorted(await changes(sql)) == [(SITE, "ticket", CODE), (SITE, "ticket", "NEVERUSED")]


async def test_truncating_is_deleting(sql: "Connection") -> None:
    await sell(sql, destroyed_at=NOON)
    await sql.execute("DELETE FROM composteur.change")

    await sql.execute("TRUNCATE composteur.ticket")

    assert await sql.fetchval("SELECT destroyed_at FROM composteur.ticket_state") == NOON
    assert await changes(sql) == [(SITE, "ticket", CODE)]


async def test_a_destroyed_ticket_stays_destroyed(sql: "Connection") -> None:
    await sell(sql, destroyed_at=NOON)

    for again in (None, NOON + timedelta(1)):
        await sql.execute("UPDATE composteur.ticket SET destroyed_at = $1", again)
        assert await sql.fetchval("SELECT destroyed_at FROM composteur.ticket") == NOON


async def test_a_destroyed_ticket_that_is_deleted_and_sold_again_is_destroyed(
    sql: "Connection",
) -> None:
    await sell(sql, destroyed_at=NOON)
    await sql.execute("DELETE FROM composteur.ticket")
    await sell(sql)

    assert await sql.fetchval("SELECT destroyed_at FROM composteur.ticket_state") == NOON


@settings(
    max_examples=40,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    acts=st.lists(
        st.one_of(
            st.tuples(st.just("stamp"), st.integers(1, 9)),
            st.tuples(st.just("destroy by gate"), st.none()),
            st.tuples(st.just("destroy by seller"), st.none()),
            st.tuples(st.just("update"), st.sampled_from(["active", "unpaid", "cancelled"])),
            st.tuples(st.just("revive"), st.none()),
            st.tuples(st.just("delete"), st.none()),
            st.tuples(st.just("sell"), st.none()),
        ),
        max_size=12,
    )
)
async def test_no_seller_ever_touches_a_stamp_or_revives_a_destroyed_ticket(
    sql: "Connection", acts: list[tuple[str, Any]]
) -> None:
    await sql.execute("DELETE FROM composteur.ticket; DELETE FROM composteur.ticket_state")
    made, destroyed = 0, False
    for act, value in acts:
        there = await sql.fetchval("SELECT count(*) FROM composteur.ticket")
        match act:
            case "stamp":
                made += value
                await sql.execute(
                    "INSERT INTO composteur.ticket_state (code, made) VALUES ($1, $2)"
                    " ON CONFLICT (code) DO UPDATE SET made = excluded.made",
                    CODE,
                    made,
                )
            case "destroy by gate":
                destroyed = True
                await sql.execute(
                    "INSERT INTO composteur.ticket_state (code, destroyed_at) VALUES ($1, now())"
                    " ON CONFLICT (code) DO UPDATE SET destroyed_at = excluded.destroyed_at",
                    CODE,
                )
            case "destroy by seller":
                destroyed = destroyed or bool(there)
                await sql.execute("UPDATE composteur.ticket SET destroyed_at = now()")
            case "update":
                await sql.execute("UPDATE composteur.ticket SET status = $1", value)
            case "revive":
                await sql.execute("UPDATE composteur.ticket SET destroyed_at = NULL")
            case "delete":
                await sql.execute("DELETE FROM composteur.ticket")
            case "sell":
                await sql.execute(
                    "INSERT INTO composteur.ticket (code, product) VALUES ($1, 'adult')"
                    " ON CONFLICT (code) DO UPDATE SET status = 'active', destroyed_at = NULL",
                    CODE,
                )
            case _:
                raise AssertionError(act)
    state = await sql.fetchrow(
        "SELECT coalesce(s.made, 0) AS made,"
        " coalesce(t.destroyed_at, s.destroyed_at) IS NOT NULL AS destroyed"
        " FROM (SELECT $1::text AS code) c LEFT JOIN composteur.ticket t USING (code)"
        " LEFT JOIN composteur.ticket_state s USING (code)",
        CODE,
    )
    assert state is not None
    assert (state["made"], state["destroyed"]) == (made, destroyed)


# --- what sellers print --------------------------------------------------------------------------


async def windows(sql: "Connection") -> list[tuple[Any, ...]]:
    rows = await sql.fetch(
        "SELECT n, valid_from, valid_until, spaces FROM composteur.ticket_window ORDER BY n"
    )
    return [tuple(row) for row in rows]


async def test_the_window_of_a_dated_ticket_has_its_products_margins(sql: "Connection") -> None:
    await sql.execute(
        "UPDATE composteur.product SET margin_before_s = 1800, margin_after_s = 600,"
        " spaces = '{hall}'"
    )
    await sql.execute(
        "INSERT INTO composteur.session (id, product, starts_at, ends_at)"
        " VALUES ('s', 'adult', $1, $2)",
        NOON,
        NOON + timedelta(hours=1),
    )
    await sell(sql, session="s")

    starts = NOON - timedelta(minutes=30)
    assert await windows(sql) == [(1, starts, NOON + timedelta(minutes=70), ["hall"])]

    await sql.execute("UPDATE composteur.product SET margin_after_from = 'start'")
    assert await windows(sql) == [(1, starts, NOON + timedelta(minutes=10), ["hall"])]


async def test_the_windows_of_a_pass_are_numbered_and_have_their_own_spaces(
    sql: "Connection",
) -> None:
    await sell(
        sql,
        spaces=["garden"],
        windows='[{"from": "2026-11-21T12:00:00.9Z", "spaces": ["hall"]},'
        ' {"until": "2026-11-21T13:00:00+01:00"}]',
    )

    assert await windows(sql) == [(1, NOON, None, ["hall"]), (2, None, NOON, ["garden"])]


async def test_a_ticket_valid_for_some_time_after_its_first_stamp_ends_then(
    sql: "Connection",
) -> None:
    await sql.execute("UPDATE composteur.product SET valid_for_s = 3600")
    await sell(sql, valid_from=NOON, valid_until=NOON + timedelta(days=9))
    await sql.execute(
        "INSERT INTO composteur.ticket_state (code, made, first_at) VALUES ($1, 1, $2)",
        CODE,
        NOON + timedelta(milliseconds=400),
    )

    assert await windows(sql) == [(1, NOON, NOON + timedelta(hours=1), None)]


# --- what a seller may ---------------------------------------------------------------------------


async def test_a_seller_writes_tickets_and_reads_stamps_and_nothing_else(
    sql: "Connection",
) -> None:
    await sql.execute("SET ROLE composteur_seller")
    await sell(sql)
    await sql.execute("UPDATE composteur.ticket SET holder = 'Ada'")
    for readable in ("ticket_state", "ticket_window", "attendance", "scan_event"):
        await sql.fetch(f"SELECT * FROM composteur.{readable}")
    await sql.execute("DELETE FROM composteur.ticket")

    for forbidden in (
        "UPDATE composteur.ticket_state SET made = 0",
        "INSERT INTO composteur.attendance SELECT",
        "SELECT * FROM composteur.change",
        "SELECT * FROM composteur.api_key",
        "UPDATE composteur.site SET position = '0-0'",
        "SELECT setval('composteur.rev', 1)",
        "TRUNCATE composteur.ticket",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sql.execute(forbidden)
    await sql.execute("RESET ROLE")
    assert len(await changes(sql)) == 3
