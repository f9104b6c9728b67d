"""The stamping margins, from a seller's SQL to a gate's answer, by a clock the test moves."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.central.feed import Feed
from tests.integration.entitlements.bench import ClockedStore
from tests.integration.http.conftest import SITE, House, a_house
from tests.integration.http.test_contract import ask

HALF_AN_HOUR = 1_800
A_QUARTER = 900


@pytest.fixture
async def clocked(redis_url: str, database_url: str) -> AsyncIterator[House]:
    """A venue whose clock stands until a test moves it."""
    store = ClockedStore(redis_url, SITE)
    async with a_house(redis_url, database_url, store) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, margin_before_s, margin_after_s,"
            f" margin_after_from) VALUES ('tour', {HALF_AN_HOUR}, {A_QUARTER}, 'start')",
        )
        yield house


async def _sell(house: House, starts_at: str) -> None:
    await house.sell(
        "INSERT INTO composteur.session (id, product, starts_at, ends_at) VALUES"
        f" ('at-two', 'tour', '{starts_at}', timestamptz '{starts_at}' + interval '1 hour')",
        "INSERT INTO composteur.ticket (code, product, session) VALUES ('T1', 'tour', 'at-two')",
    )
    await Feed(house.central, house.admin, SITE).catch_up()


async def _shown(house: House, at: str, *, mode: str = "check") -> Any:
    store = house.store
    assert isinstance(store, ClockedStore)
    store.time = int(datetime.fromisoformat(at).timestamp() * 1000)
    status, answer = await ask(house, "POST", "/v1/scans", "door", {"code": "T1", "mode": mode})
    assert status == 200
    return answer


@pytest.mark.parametrize(
    ("starts_at", "first", "last"),
    [
        # an ordinary summer's day
        ("2026-06-13T14:00:00+02:00", "2026-06-13T13:30:00+02:00", "2026-06-13T14:15:00+02:00"),
        # the clock goes from 02:00 to 03:00 within the margin before
        ("2026-03-29T03:10:00+02:00", "2026-03-29T01:40:00+01:00", "2026-03-29T03:25:00+02:00"),
        # … and within the margin after
        ("2026-03-29T01:50:00+01:00", "2026-03-29T01:20:00+01:00", "2026-03-29T03:05:00+02:00"),
        # the clock goes back from 03:00 to 02:00: half an hour before the second 02:10
        ("2026-10-25T02:10:00+01:00", "2026-10-25T02:40:00+02:00", "2026-10-25T02:25:00+01:00"),
        # … and a quarter of an hour after the first 02:50
        ("2026-10-25T02:50:00+02:00", "2026-10-25T02:20:00+02:00", "2026-10-25T02:05:00+01:00"),
    ],
)
async def test_ticket_of_a_session_holds_from_half_an_hour_before_to_a_quarter_after_its_start(
    clocked: House, starts_at: str, first: str, last: str
) -> None:
    await _sell(clocked, starts_at)
    opens, closes = datetime.fromisoformat(first), datetime.fromisoformat(last)
    a_second, window = timedelta(seconds=1), {"from": _with_ms(first), "until": _with_ms(last)}

    reasons = {}
    for at in (opens - a_second, opens, closes, closes + a_second):
        answer = await _shown(clocked, at.isoformat())
        reasons[at] = answer["reason"]
        assert answer["ticket"]["window"] == window
        assert answer["ticket"]["windows"] == [window]

    assert [*reasons.values()] == ["too_early", None, None, "too_late"]
    async with clocked.central.acquire() as sql:
        view = await sql.fetchrow(
            "SELECT valid_from, valid_until FROM composteur.ticket_window WHERE code = 'T1'"
        )
    assert view is not None
    assert (view["valid_from"], view["valid_until"]) == (opens, closes)


async def test_last_second_holds_to_its_end(clocked: House) -> None:
    await _sell(clocked, "2026-06-13T14:00:00+02:00")

    assert (await _shown(clocked, "2026-06-13T13:29:59.999+02:00"))["reason"] == "too_early"
    assert (await _shown(clocked, "2026-06-13T14:15:00.999+02:00"))["reason"] is None


async def test_moved_session_moves_the_window_and_leaves_the_stamp(clocked: House) -> None:
    await _sell(clocked, "2026-06-13T14:00:00+02:00")
    await _shown(clocked, "2026-06-13T14:00:00+02:00", mode="stamp")

    await clocked.sell("UPDATE composteur.session SET starts_at = starts_at - interval '2 hours'")
    await Feed(clocked.central, clocked.admin, SITE).catch_up()
    answer = await _shown(clocked, "2026-06-13T14:00:01+02:00")

    assert answer["reason"] == "too_late"
    assert answer["ticket"]["window"]["until"] == "2026-06-13T12:15:00.000+02:00"
    assert answer["ticket"]["stamps"]["first_at"] == "2026-06-13T14:00:00.000+02:00"


def _with_ms(text: str) -> str:
    return f"{text[:19]}.000{text[19:]}"
