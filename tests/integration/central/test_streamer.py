"""The streamer: each event once, with all it adds, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gateway.central.connection import Central
from gateway.central.streamer import Streamer
from gateway.central.verify import differences
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import (
    CODE,
    NOW,
    Space,
    Stream,
    a_refusal,
    an_event,
)

if TYPE_CHECKING:
    from gateway.central.pool import Connection

AT = datetime.fromtimestamp(NOW / 1000, UTC)


class Running:
    """A streamer at work, and how often it was told that the store had gone back."""

    def __init__(self, central: Central, stream: Stream, **options: Any) -> None:
        self.went_back = asyncio.Event()
        self.stream = stream
        self.streamer = Streamer(
            central,
            stream,
            SITE,
            clock=lambda: NOW,
            timezone="Europe/Paris",
            store_went_back=self._back,
            **options,
        )

    async def _back(self) -> None:
        self.went_back.set()

    async def taken(self) -> Streamer:
        """Wait until everything written is taken."""
        await until(lambda: self.streamer.position == self.stream.entries[-1][0].decode())
        return self.streamer


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - whatever it is, it has no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def streaming(central: Central, stream: Stream, **options: Any) -> AsyncIterator[Running]:
    running = Running(central, stream, **options)
    task = asyncio.create_task(running.streamer.run(), name="streamer")
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def state(sql: "Connection", code: str = CODE) -> dict[str, Any]:
    row = await sql.fetchrow("SELECT * FROM composteur.ticket_state WHERE code = $1", code)
    assert row is not None
    return dict(row)


async def test_an_event_arrives_as_a_row_in_full_words(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    place = stream.write(
        an_event(override_reason="a \\ b", device_at=NOW - 500, offline=1, conflict_with="1-2-3")
    )
    async with streaming(central, stream) as running:
        await running.taken()

    row = await sql.fetchrow("SELECT * FROM composteur.scan_event")
    assert row is not None
    assert dict(row) == {
        "event_id": f"0-{place}",
        "at": AT,
        "site": SITE,
        "kind": "scan",
        "of": None,
        "ticket_code": CODE,
        "product": "adult",
        "session": None,
        "space": "hall",
        "reader": "north-1",
        "operator": None,
        "direction": "entry",
        "decision": "granted",
        "reason": None,
        "persons": 1,
        "audience": "individual",
        "counted_persons": 1,
        "counted_stamps": 1,
        "device_at": datetime.fromtimestamp((NOW - 500) / 1000, UTC),
        "offline": True,
        "degraded": False,
        "override_reason": "a \\ b",
        "conflict_with": "1-2-3",
    }


async def test_a_day_left_out_is_the_sites_day_of_the_event(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    after_midnight_in_paris = NOW + 13 * 3_600_000 + 60_000
    stream.write(an_event(at=after_midnight_in_paris, day=None))
    async with streaming(central, stream) as running:
        await running.taken()

    assert (await state(sql))["day"] == 20261122


async def test_of_a_night_each_event_has_its_own_day(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    midnight_in_paris = NOW + 13 * 3_600_000
    stream.write(
        an_event(at=midnight_in_paris - 1, day=None),
        an_event(ticket_code="B", at=midnight_in_paris, day=None),
    )
    async with streaming(central, stream) as running:
        await running.taken()

    assert [(await state(sql, code))["day"] for code in (CODE, "B")] == [20261121, 20261122]


async def test_a_ticket_with_several_events_at_once_is_as_after_one_by_one(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(
        an_event(memory="aaaa,cs"),
        an_event(ticket_code="B", memory="bbbb,cs"),
        an_event(made=2, persons=3, memory="cccc,rs"),
        a_refusal(ticket_code="B"),
        an_event(kind="p", of=f"0-{NOW}-3", made=2, persons=3, inside="tower", memory="cccc,cs"),
        an_event(ticket_code="C", kind="d", made=0, decision=None, destroyed_at=0),
    )
    async with streaming(central, stream, batch=1) as running:
        await running.taken()
    one_by_one = [await state(sql, code) for code in (CODE, "B", "C")]
    await sql.execute("DELETE FROM composteur.ticket_state")
    await sql.execute("DELETE FROM composteur.scan_event")
    await sql.execute("UPDATE composteur.site SET position = '0-0'")
    async with streaming(central, stream) as running:
        await running.taken()

    assert [await state(sql, code) for code in (CODE, "B", "C")] == one_by_one
    assert one_by_one[0]["nonces"] == [f"0-{NOW}-1,aaaa,1,1,1,cs", f"0-{NOW}-3,cccc,3,3,1,cs"]


async def test_first_stamps_go_in_together_and_what_is_there_already_is_kept(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    await sql.execute(
        "INSERT INTO composteur.ticket_state (code, destroyed_at) VALUES ('B', $1)", AT
    )
    stream.write(
        an_event(memory="aaaa,cs"),
        a_refusal(ticket_code="B"),
        a_refusal(ticket_code=None, reason="malformed_code"),
        an_event(ticket_code="B", memory="bbbb,cs"),
        an_event(ticket_code="C"),
    )
    async with streaming(central, stream) as running:
        streamer = await running.taken()
        stream.write(an_event(ticket_code="D"), an_event(ticket_code="C", kind="u", made=0))
        await running.taken()
        stream.write(an_event(ticket_code="C"))
        await running.taken()

    assert (streamer.rejected, streamer.counted) == (0, 8)
    assert [(await state(sql, code))["made"] for code in (CODE, "B", "C", "D")] == [1, 1, 1, 1]
    after = await state(sql, "B")
    assert (after["destroyed_at"], after["nonces"]) == (AT, [f"0-{NOW}-4,bbbb,1,1,1,cs"])


async def test_attendance_is_the_sum_of_the_events(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(
        an_event(),
        an_event(ticket_code="B", persons=4, counted_persons=4, audience="g"),
        an_event(ticket_code="C"),
        a_refusal(ticket_code="D"),
        an_event(ticket_code="C", direction="x", counted_stamps=None),
        an_event(kind="u", of="0-1-1", counted_persons=-1, counted_stamps=-1, made=0),
        an_event(at=NOW + 60_000, ticket_code="E"),
    )
    async with streaming(central, stream) as running:
        await running.taken()

    rows = await sql.fetch(
        "SELECT minute, audience, direction, persons, stamps FROM composteur.attendance"
        " ORDER BY minute, audience, direction"
    )
    assert [tuple(row)[1:] for row in rows] == [
        ("group", "entry", 4, 1),
        ("individual", "entry", 1, 1),
        ("individual", "exit", 1, 0),
        ("individual", "entry", 1, 1),
    ]
    assert await differences(central, SITE) == []


async def test_the_state_of_a_ticket_is_that_after_its_last_event(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(
        an_event(memory="aaaa,1,1,1,cs"),
        an_event(
            at=NOW + 5_000,
            reader="south-2",
            made=2,
            made_by_window="{0,2}",
            persons_by_window="{0,3}",
            first_at=NOW,
            first_reader="north-1",
            memory="bbbb,1,1,2,cs",
        ),
    )
    async with streaming(central, stream) as running:
        await running.taken()

    after = await state(sql)
    assert after | {"last_event": "", "nonces": []} == {
        "code": CODE,
        "made": 2,
        "made_by_window": [0, 2],
        "persons_by_window": [0, 3],
        "day": 20261121,
        "made_on_day": 1,
        "first_at": AT,
        "first_reader": "north-1",
        "last_at": datetime.fromtimestamp((NOW + 5_000) / 1000, UTC),
        "last_reader": "south-2",
        "inside": "hall",
        "origin": None,
        "inside_persons": 1,
        "moved_at": datetime.fromtimestamp((NOW + 5_000) / 1000, UTC),
        "destroyed_at": None,
        "last_event": "",
        "nonces": [],
    }
    assert after["nonces"] == [f"0-{NOW}-1,aaaa,1,1,1,cs", f"0-{NOW}-2,bbbb,1,1,2,cs"]


async def test_short_forms_stand_for_one_window(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event())
    async with streaming(central, stream) as running:
        await running.taken()

    after = await state(sql)
    assert (after["made_by_window"], after["persons_by_window"]) == ([1], [1])


async def test_a_ticket_remembers_its_last_eight_grants_and_what_became_of_them(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    for number in range(10):
        stream.write(an_event(made=number + 1, memory=f"{number:04},1,0,1,rs"))
        if number == 4:
            async with streaming(central, stream) as running:
                await running.taken()
    stream.write(
        an_event(kind="p", of=f"0-{NOW}-4", made=10, memory="0003,1,1,1,cs"),
        an_event(kind="a", of=f"0-{NOW}-9", made=9, memory="0008,1,0,1,as", counted_stamps=None),
    )
    async with streaming(central, stream, batch=3) as running:
        await running.taken()

    nonces = (await state(sql))["nonces"]
    assert [entry.split(",", 1)[1] for entry in nonces] == [
        f"{n:04},1,1,1,cs" if n == 3 else f"{n:04},1,0,1,{'as' if n == 8 else 'rs'}"
        for n in range(2, 10)
    ]


async def test_a_destroyed_ticket_stays_destroyed_whatever_a_later_event_says(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event(kind="d", destroyed_at=0, decision=None), an_event(at=NOW + 9))
    async with streaming(central, stream, batch=1) as running:
        await running.taken()

    assert (await state(sql))["destroyed_at"] == AT


async def test_a_reservation_is_kept_until_all_have_passed_or_it_is_annulled(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    reserved = {"counted_persons": None, "counted_stamps": None, "deadline": NOW + 10_000}
    stream.write(an_event(**reserved, memory="a,1,0,1,rs"))
    stream.write(an_event(**reserved, ticket_code="B", persons=3, memory="b,3,0,1,rs"))
    stream.write(an_event(**reserved, ticket_code="C", memory="c,1,0,1,rs"))
    async with streaming(central, stream) as running:
        await running.taken()
        assert await reservations(sql) == [(CODE, False), ("B", False), ("C", False)]
        assert await differences(central, SITE) == []

        stream.write(an_event(kind="p", of=f"0-{NOW}-1", memory="a,1,1,1,cs"))
        stream.write(an_event(kind="p", of=f"0-{NOW}-2", ticket_code="B", memory="b,3,1,1,cs"))
        await running.taken()
        assert await reservations(sql) == [("B", True), ("C", False)]
        assert await differences(central, SITE) == []

        stream.write(
            an_event(kind="a", of=f"0-{NOW}-2", ticket_code="B", counted_persons=None,
                     counted_stamps=None, memory="b,1,1,1,cs"),
            an_event(kind="a", of=f"0-{NOW}-3", ticket_code="C", counted_persons=None,
                     counted_stamps=None, made=0, memory="c,1,0,1,as"),
        )  # fmt: skip
        await running.taken()

    assert await reservations(sql) == []
    assert await differences(central, SITE) == []


async def reservations(sql: "Connection") -> list[tuple[str, bool]]:
    rows = await sql.fetch("SELECT code, committed FROM composteur.reservation ORDER BY event_id")
    return [(row["code"], row["committed"]) for row in rows]


async def test_a_reservation_settled_within_its_batch_leaves_nothing(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(
        an_event(deadline=NOW, memory="a,1,0,1,rs", counted_persons=None, counted_stamps=None),
        an_event(kind="p", of=f"0-{NOW}-1", memory="a,1,1,1,cs"),
    )
    async with streaming(central, stream) as running:
        await running.taken()

    assert await reservations(sql) == []
    assert (await state(sql))["nonces"] == [f"0-{NOW}-1,a,1,1,1,cs"]


async def test_the_partition_of_an_old_event_is_made_before_it(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event(at=0), an_event(at=NOW), an_event(at=NOW + 90 * 86_400_000))
    async with streaming(central, stream) as running:
        await running.taken()

    parts = await sql.fetch("SELECT DISTINCT tableoid::regclass::text FROM composteur.scan_event")
    assert len(parts) == 3


async def test_a_line_the_database_refuses_is_set_aside_and_the_others_are_counted(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event(), b"not\ta line", an_event(ticket_code="B"), b"\xff\xfe")
    stream.write(an_event(ticket_code="C", counted_persons="many"), an_event(ticket_code="D"))
    async with streaming(central, stream) as running:
        streamer = await running.taken()

    assert streamer.rejected == 3
    rows = await sql.fetch("SELECT position, line FROM composteur.event_rejected ORDER BY position")
    assert [tuple(row) for row in rows][:2] == [
        (f"{NOW}-2", b"not\ta line"),
        (f"{NOW}-4", b"\xff\xfe"),
    ]
    assert await sql.fetchval("SELECT sum(persons) FROM composteur.attendance") == 3


async def test_what_was_taken_is_not_taken_again_by_the_next_process(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    for number in range(5):
        stream.write(an_event(ticket_code=f"T{number}"))
        async with streaming(central, stream) as running:
            await running.taken()

    assert await sql.fetchval("SELECT sum(stamps) FROM composteur.attendance") == 5


async def test_of_two_gateways_one_streams_and_the_other_takes_over(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    async with streaming(central, stream) as first:
        await until(lambda: first.streamer.leading)
        async with streaming(central, stream) as second:
            stream.write(an_event())
            await first.taken()
            await until(lambda: second.streamer.healthy)
            assert not second.streamer.leading
            await sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
            stream.write(an_event(ticket_code="B"))
            await until(lambda: stream.entries[-1][0].decode()
                        in {first.streamer.position, second.streamer.position})  # fmt: skip

    assert await sql.fetchval("SELECT sum(stamps) FROM composteur.attendance") == 2


async def test_the_streamer_outlives_an_absence_of_the_database(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    async with streaming(central, stream) as running:
        stream.write(an_event())
        streamer = await running.taken()
        for number in range(3):
            await sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'composteur' AND datname = current_database()"
            )
            stream.write(an_event(ticket_code=f"T{number}"))
            await running.taken()
        await until(lambda: streamer.healthy)

    assert await sql.fetchval("SELECT sum(stamps) FROM composteur.attendance") == 4


async def test_without_the_database_the_lag_is_told(stream: Stream) -> None:
    stream.write(an_event())
    async with (
        Central("postgresql://nobody:secret@/nothing?host=/nowhere") as nowhere,
        streaming(nowhere, stream) as running,
    ):
        running.streamer._clock = lambda: NOW + 7_000
        await until(lambda: running.streamer.lag_s == pytest.approx(7.0))

        assert not running.streamer.healthy
        assert running.streamer.last_error is not None


@pytest.mark.parametrize("sign", ["entry lost", "other epoch", "empty"])
async def test_a_store_that_has_gone_back_is_told_and_streamed_no_more(
    central: Central, sql: "Connection", stream: Stream, sign: str
) -> None:
    stream.write(an_event(), an_event(ticket_code="B"))
    async with streaming(central, stream) as running:
        await running.taken()
        match sign:
            case "entry lost":
                stream.entries.pop()
            case "other epoch":
                stream.store_epoch = 7
            case _:
                stream.store_epoch = None
        stream.write(an_event(ticket_code="C", at=NOW + 1))
        if sign == "entry lost":
            stream.entries[-1] = (b"%d-9" % NOW, stream.entries[-1][1])
        async with asyncio.timeout(5):
            await running.went_back.wait()
        assert not running.streamer.healthy
        assert await sql.fetchval("SELECT count(*) FROM composteur.scan_event") == 2

        epoch = await central.fetchval("sites.new_epoch", SITE)
        stream.store_epoch = epoch
        running.streamer.resume()
        await running.taken()

    ids = await sql.fetch("SELECT event_id FROM composteur.scan_event")
    assert any(row["event_id"].startswith(f"{epoch}-") for row in ids)


async def test_in_recovery_only_what_the_database_lacks_is_saved(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event(), an_event(ticket_code="B"))
    async with streaming(central, stream) as running:
        await running.taken()
    stream.write(an_event(ticket_code="C"))

    saved = await running.streamer.drain_all()

    assert saved == 1
    assert await running.streamer.drain_all() == 0
    assert await sql.fetchval("SELECT sum(stamps) FROM composteur.attendance") == 3
    assert await sql.fetchval("SELECT position FROM composteur.site") == f"{NOW}-2"


async def test_stamps_that_a_store_had_forgotten_are_added_to_those_it_made_since(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.write(an_event(made=1, memory="a,1,1,1,cs"), an_event(made=2, memory="b,1,1,1,cs"))
    async with streaming(central, stream) as running:
        await running.taken()
    stream.entries.pop()  # the file was older than that stamp
    stream.write(an_event(made=2, at=NOW + 9, memory="c,1,1,1,cs"))
    stream.entries[-1] = (b"%d-9" % NOW, stream.entries[-1][1])

    await running.streamer.drain_all()

    after = await state(sql)
    assert (after["made"], after["made_by_window"], after["persons_by_window"]) == (3, [3], [3])
    assert len(after["nonces"]) == 3
    assert await differences(central, SITE) == []


async def test_occupancy_is_mirrored_and_the_stream_trimmed_behind_us(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    stream.counts = [Space("hall", 12), Space("tower", 0)]
    place = stream.write(an_event())
    async with streaming(central, stream) as running:
        await running.taken()
        await until(lambda: stream.trimmed == [place])

    rows = await sql.fetch("SELECT space, inside FROM composteur.space_state ORDER BY space")
    assert [tuple(row) for row in rows] == [("hall", 12), ("tower", 0)]


async def test_a_sellers_long_transaction_does_not_hold_up_the_stream(
    central: Central, sql: "Connection", stream: Stream
) -> None:
    async with sql.transaction():
        await sql.execute(
            "INSERT INTO composteur.ticket (code, product) VALUES ($1, 'adult')", CODE
        )
        stream.write(an_event())
        async with streaming(central, stream) as running:
            await running.taken()
