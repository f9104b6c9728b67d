"""What the rest of the gateway asks the database: tickets, events, keys, and is it there."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gateway.central.catalogue import TICKET_COLUMNS
from gateway.central.connection import Central
from gateway.central.keys import KeyTable
from gateway.central.verify import differences
from gateway.errors import DatabaseUnavailable, DatabaseValueError, LastAdminKey
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import CODE, NOW, Stream, an_event
from tests.integration.central.test_streamer import streaming

if TYPE_CHECKING:
    from gateway.central.pool import Connection


def a_row(**columns: Any) -> dict[str, Any]:
    """Build a ticket's columns as an HTTP caller sends them."""
    return {
        **dict.fromkeys(TICKET_COLUMNS),
        "code": CODE,
        "product": "adult",
        "audience": "individual",
        "persons": 1,
        "status": "active",
        "form_required": False,
        "form_signed": False,
        "attention": False,
        "source": "own",
        **columns,
    }


# --- tickets -------------------------------------------------------------------------------------


async def test_tickets_that_are_put_come_back_as_the_feed_gives_them(
    central: Central, sql: "Connection"
) -> None:
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    await sql.execute(
        "INSERT INTO composteur.session (id, product, starts_at) VALUES ('s', 'adult', now())"
    )
    rows = await central.put_tickets(
        [
            a_row(code="B", valid_from=at, windows='[{"session": "s"}]', spaces=["hall"]),
            a_row(code="A", holder="Ada"),
        ]
    )

    assert {row["code"]: (row["valid_from"], row["windows"], row["holder"]) for row in rows} == {
        "A": (None, None, "Ada"),
        "B": (NOW, '[{"session": "s"}]', None),
    }
    assert all(row["rev"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("persons", 0),
        ("product", "child"),
        ("windows", "[]"),
        ("windows", "{"),
        ("windows", '[{"session": "nobody wrote it"}]'),
        ("holder", "a\0b"),
        ("persons", 2**40),
    ],
)
async def test_of_tickets_that_are_put_all_or_none_are_taken(
    central: Central, sql: "Connection", column: str, value: Any
) -> None:
    with pytest.raises(DatabaseValueError) as refused:
        await central.put_tickets([a_row(code="A"), a_row(code="B", **{column: value})])

    assert refused.value.field in {column, ""}
    assert await sql.fetchval("SELECT count(*) FROM composteur.ticket") == 0


async def test_tickets_are_found_by_order_and_by_words_of_a_name(
    central: Central, sql: "Connection"
) -> None:
    await central.put_tickets(
        [
            a_row(code="A", holder="Marie Dupont", order_ref="1"),
            a_row(code="B", holder="DUPONT-Durand, Jean", order_ref="1"),
            a_row(code="C", holder="Zoë O'Neil", order_ref="2"),
        ]
    )

    async def found(order: str | None = None, holder: str | None = None) -> list[str]:
        return await central.find_tickets(order=order, holder=holder)

    assert await found(order="1") == ["A", "B"]
    assert await found(holder="dup") == ["A", "B"]
    assert await found(holder="dup mar") == ["A"]
    assert await found(holder="o'neil") == ["C"]
    assert await found(holder="zoë") == ["C"]
    assert await found(order="1", holder="jean") == ["B"]
    assert await found(holder="& | ! ( :*") == []
    assert await central.find_tickets(order="1", holder=None, after="A", limit=1) == ["B"]


# --- events --------------------------------------------------------------------------------------


async def test_a_history_is_in_the_order_of_the_stream_and_goes_on_after_an_event(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(*[an_event(made=n + 1, at=NOW - n) for n in range(11)])
    async with streaming(central, stream) as running:
        await running.taken()

    whole = await central.history(CODE)
    ids = [row["event_id"] for row in whole]
    assert ids == [f"0-{NOW}-{n}" for n in range(1, 12)]
    rest = await central.history(CODE, after=ids[8], limit=5)
    assert [row["event_id"] for row in rest] == ids[9:]
    with pytest.raises(DatabaseValueError):
        await central.history(CODE, after="yesterday")


async def test_an_event_comes_back_in_the_letters_of_the_stream(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event(operator="ada", memory="hash,1,1,1,cs", counted_persons=1))
    async with streaming(central, stream) as running:
        await running.taken()

    row = await central.event(f"0-{NOW}-1")

    assert row is not None
    assert row.line().encode() == an_event(
        operator="ada",
        memory="hash,1,1,1,cs",
        made=None,
        day=None,
        made_on_day=None,
        first_at=None,
        first_reader=None,
        last_at=None,
        last_reader=None,
        inside=None,
        inside_persons=None,
        moved_at=None,
    )
    assert await central.event("0-1-1") is None


@pytest.mark.parametrize(
    ("settled", "memory"),
    [
        (None, ",3,0,1,rs"),
        ({"kind": "p", "memory": ",3,3,1,cs", "persons": 3}, ",3,3,1,cs"),
        ({"kind": "a", "made": 0, "counted_stamps": None, "persons": 3, "memory": ",3,0,1,as"},
         ",3,0,1,as"),
        ({"kind": "u", "made": 0, "counted_stamps": -1, "persons": 3, "memory": ",3,3,1,us"},
         ",3,0,1,us"),
    ],
)  # fmt: skip
async def test_a_grant_its_ticket_has_forgotten_tells_what_became_of_it(
    central: Central,
    sql: "Connection",
    stream: Stream,
    settled: dict[str, object] | None,
    memory: str,
) -> None:
    grant = f"0-{NOW}-1"
    stream.write(
        an_event(persons=3, counted_persons=None, counted_stamps=None, deadline=NOW + 9,
                 memory=",3,0,1,rs")
    )  # fmt: skip
    if settled is not None:
        stream.write(an_event(of=grant, **settled))
    async with streaming(central, stream) as running:
        await running.taken()
    await sql.execute("UPDATE composteur.ticket_state SET nonces = '{}'")

    row = await central.event(grant)

    assert row is not None
    assert row.memory == memory
    undone = settled is not None and settled["kind"] == "u"
    assert await central.undone_by(grant) == (f"0-{NOW}-2" if undone else None)


async def test_differences_are_named(central: Central, sql: "Connection", stream: Stream) -> None:
    stream.write(an_event(), an_event(ticket_code="B"))
    async with streaming(central, stream) as running:
        await running.taken()
    assert await differences(central, SITE) == []

    await sql.execute("UPDATE composteur.attendance SET persons = persons + 1")
    await sql.execute("UPDATE composteur.ticket_state SET made = 5 WHERE code = 'B'")

    attendance, stamps = await differences(central, SITE)
    assert (attendance.found, attendance.expected) == ((3, 2), (2, 2))
    assert (stamps.key, stamps.found, stamps.expected) == ("B", (5, 0), (1, 0))


# --- keys ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AKey:
    name: str = "ada"
    role: str = "admin"
    hash: str = "0" * 64
    reader: str | None = None
    may: list[str] = field(default_factory=list)
    created_at: int = NOW


@pytest.fixture
def keys(central: Central) -> KeyTable[AKey]:
    return KeyTable(central, SITE, lambda fields: AKey(**fields))


async def test_a_key_is_kept_until_it_is_revoked_and_its_name_is_free_again(
    keys: KeyTable[AKey],
) -> None:
    key = AKey("gate", "scanner", "1" * 64, "north-1", ["destroy"])
    assert await keys.add_key(key)
    assert not await keys.add_key(AKey("gate", "viewer", "2" * 64))
    assert await keys.keys() == [key]
    assert await keys.remove_key("gate") == key
    assert await keys.remove_key("gate") is None
    assert await keys.keys() == []
    assert await keys.add_key(AKey("gate", "viewer", "3" * 64))


async def test_a_bad_key_is_refused_by_field(keys: KeyTable[AKey]) -> None:
    with pytest.raises(DatabaseValueError) as refused:
        await keys.add_key(AKey(reader="North 1"))

    assert refused.value.field == "reader"


async def test_the_last_admin_key_stays_even_if_two_go_at_once(keys: KeyTable[AKey]) -> None:
    await keys.add_key(AKey("ada", hash="a" * 64))
    await keys.add_key(AKey("bea", hash="b" * 64))

    results = await asyncio.gather(
        keys.remove_key("ada"), keys.remove_key("bea"), return_exceptions=True
    )

    assert [type(each) for each in results].count(LastAdminKey) == 1
    assert len(await keys.keys()) == 1


# --- the way to the database ---------------------------------------------------------------------


async def test_a_database_that_is_not_there_is_told_at_once() -> None:
    async with Central("postgresql://nobody:secret@/nothing?host=/nowhere") as nowhere:
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            await nowhere.fetchval("sites.read", SITE)
        assert time.monotonic() - begun < 2.5


async def test_nobody_waits_long_for_a_connection(database_url: str) -> None:
    async with (
        Central(database_url, size=1, acquire_timeout_s=0.1) as small,
        small.acquire(),
    ):
        with pytest.raises(DatabaseUnavailable):
            await small.fetchval("sites.read", SITE)


async def test_the_pool_comes_back_by_itself(central: Central, sql: "Connection") -> None:
    await central.fetchrow("sites.read", SITE)
    await sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'composteur' AND datname = current_database()"
    )
    async with asyncio.timeout(5):
        while True:
            try:
                assert await central.fetchrow("sites.read", SITE) is not None
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)
            else:
                break


async def test_every_named_query_is_one_that_the_database_can_plan(
    central: Central, sql: "Connection"
) -> None:
    await sql.execute(central.queries["streamer.stage"])
    kept = central.queries["imports.seen"].replace("ON COMMIT DROP", "")
    await sql.execute(kept + "; CREATE TEMPORARY TABLE staged_row (source text)")
    for name, text in central.queries.items():
        if name not in {"streamer.stage", "streamer.settings"}:
            await sql.prepare(text.replace("{part}", "scan_event"))
