"""Hours are summed up once they are over; what comes late, or in masses, is in the sums, too."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.central.connection import Central
from gateway.central.reports.reading import answer
from gateway.central.rolling import Roller
from gateway.central.verify import differences
from tests.integration.central.conftest import SITE
from tests.integration.central.doubles import NOW, Stream, an_event
from tests.integration.central.reports.asking import question
from tests.integration.central.reports.year import NOW_AT, ZONE
from tests.integration.central.test_streamer import streaming

if TYPE_CHECKING:
    from gateway.central.pool import Connection

BUSY_AT = NOW_AT.replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
BUSY = 60
"""Events of a busy hour, one each minute."""
LATER = NOW + 3_600_000


def at(minute: int) -> int:
    return round((BUSY_AT + timedelta(minutes=minute)).timestamp() * 1000)


@pytest.fixture
async def busy(central: Central, sql: "Connection", stream: Stream) -> Central:
    """A site with a busy hour that is over."""
    stream.write(*(an_event(ticket_code=f"T{minute}", at=at(minute)) for minute in range(BUSY)))
    async with streaming(central, stream) as running:
        await running.taken()
    return central


async def marks(sql: "Connection") -> list[datetime]:
    return [
        row["hours_until"] for row in await sql.fetch("SELECT hours_until FROM composteur.site")
    ]


async def stamps(central: Central) -> int:
    found = await answer(central, question("stamps", ("2026-11-01", "2026-12-01")))
    return int(found.totals["stamps"])


async def test_a_busy_hour_is_summed_up_in_parts_and_is_whole_at_every_step(
    busy: Central, sql: "Connection"
) -> None:
    await sql.execute("UPDATE composteur.site SET rolled_zone = NULL")
    roller = Roller(busy.queries, SITE, ZONE.key, most=25)
    seen = []
    more = True
    while more:
        more = await roller.step(sql, NOW)
        seen += await marks(sql)
        assert await stamps(busy) == BUSY
        assert await differences(busy, SITE) == []

    assert len(set(seen)) > 2
    assert seen[-1] == NOW_AT - timedelta(hours=1)  # the last hour is not quite over


async def test_an_event_told_late_is_in_the_sums_at_once(
    busy: Central, sql: "Connection", stream: Stream
) -> None:
    await Roller(busy.queries, SITE, ZONE.key).step(sql, LATER)
    stream.write(an_event(ticket_code="LATE", at=at(7)))
    async with streaming(busy, stream) as running:
        await running.taken()

    assert await stamps(busy) == BUSY + 1
    assert await differences(busy, SITE) == []
    kept = await sql.fetchval("SELECT sum(stamps) FROM composteur.attendance_hour")
    assert kept == BUSY + 1


async def test_before_anything_happens_nothing_is_summed_up(
    central: Central, sql: "Connection"
) -> None:
    assert await Roller(central.queries, SITE, ZONE.key).step(sql, NOW) is False

    assert await stamps(central) == 0
    assert await sql.fetchval("SELECT rolled_zone FROM composteur.site") is None


async def test_in_another_time_zone_all_is_summed_up_anew(busy: Central, sql: "Connection") -> None:
    await Roller(busy.queries, SITE, ZONE.key).step(sql, LATER)
    other = Roller(busy.queries, SITE, "Asia/Kolkata")
    while await other.step(sql, LATER):
        pass

    hours = await sql.fetch("SELECT DISTINCT hour FROM composteur.attendance_hour")
    assert {row["hour"].astimezone(UTC).minute for row in hours} == {30}
    assert await stamps(busy) == BUSY
    assert await differences(busy, SITE) == []
