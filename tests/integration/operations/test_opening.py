"""When spaces are open, decided over HTTP at the very second, over periods and clock changes."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config import Site
from gateway.entitlements.store import Settled
from gateway.errors import StoreUnavailable
from gateway.venue.occupancy import Lease
from tests.integration.http.conftest import House, a_house
from tests.integration.http.test_contract import ask, put, scan
from tests.integration.operations.processes import PARIS, SetStore, a_process, until

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_POOL = Site.model_validate(
    {
        "site": {"id": "museum", "timezone": "Europe/Paris"},
        "period": [{"id": "works", "days": ["2027-03-22..2027-03-26"]}],
        "planning": [
            {
                "id": "opening",
                "week": {day: ["10:00-20:00"] for day in WEEK},
                "periods": {"works": {}},
                "exception": [
                    {"date": "2027-03-24", "include": ["14:00-16:00"], "capacity": 2},
                    {"date": "2027-06-01", "exclude": ["12:00-13:00"]},
                ],
            },
            {"id": "night", "week": {"sat": ["22:00-03:30"]}},
        ],
        "space": [
            {"id": "pool", "planning": "opening", "capacity": 100},
            {"id": "sauna", "parent": "pool", "capacity": 5},
            {"id": "bar", "planning": "night"},
            {"id": "club", "planning": "opening", "first_in": ["staff"]},
            {"id": "spa", "anti_passback": "hard", "anti_passback_reset": "04:00"},
        ],
        "equipment": [
            {"id": "door", "space": "pool", "direction": "both"},
            {"id": "sauna-door", "space": "sauna"},
            {"id": "bar-door", "space": "bar"},
            {"id": "club-door", "space": "club"},
            {"id": "spa-door", "space": "spa", "direction": "both"},
        ],
    }
)


@asynccontextmanager
async def a_pool(redis_url: str, database_url: str) -> AsyncIterator[tuple[House, SetStore]]:
    store = SetStore(redis_url, "museum", PARIS, wall=time.time)
    store.at = ms(datetime(2027, 1, 10, 9, 0, tzinfo=PARIS))
    async with a_house(redis_url, database_url, store, site=A_POOL) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, label, max_stamps) VALUES ('pass', 'Pass', NULL),"
            " ('staff', 'Staff', NULL)",
        )
        await house.admin.put_products(
            await house.central.fetch("feed.products", ["pass", "staff"], [1, 1])
        )
        await put(house, "PASS", product="pass", persons=1)
        await put(house, "STAFF", product="staff")
        yield house, store


@pytest.fixture
async def pool(redis_url: str, database_url: str) -> AsyncIterator[tuple[House, SetStore]]:
    async with a_pool(redis_url, database_url) as pool:
        yield pool


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def wall(text: str, zone: ZoneInfo = PARIS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


async def decided(house: House, store: SetStore, at: datetime, reader: str = "door") -> str:
    """Scan at an instant; say granted, or why not."""
    store.at = ms(at)
    answer = await scan(house, "PASS", "scanner", reader=reader)
    return str(answer["reason"] or answer["decision"])


BOUNDARIES = [
    # a day of the week
    ("2027-01-11T10:00:00", "door", "opens"),
    ("2027-01-11T20:00:00", "door", "closes"),
    # what lies within is closed with it
    ("2027-01-12T10:00:00", "sauna-door", "opens"),
    ("2027-01-12T20:00:00", "sauna-door", "closes"),
    # before, in and after a period of closed days; an exception opens two hours of it
    ("2027-03-21T20:00:00", "door", "closes"),
    ("2027-03-24T14:00:00", "door", "opens"),
    ("2027-03-24T16:00:00", "door", "closes"),
    ("2027-03-27T10:00:00", "door", "opens"),
    # the clocks go forward on 28 March at 02:00: a night is an hour shorter, the next day begins
    # an hour earlier in UTC
    ("2027-03-27T22:00:00", "bar-door", "opens"),
    ("2027-03-28T03:30:00", "bar-door", "closes"),
    ("2027-03-28T10:00:00", "door", "opens"),
    # an exception takes an hour away
    ("2027-06-01T12:00:00", "door", "closes"),
    ("2027-06-01T13:00:00", "door", "opens"),
    # the clocks go back on 31 October at 03:00
    ("2027-10-30T22:00:00", "bar-door", "opens"),
    ("2027-10-31T03:30:00", "bar-door", "closes"),
    ("2027-10-31T20:00:00", "door", "closes"),
]


async def test_decisions_are_right_on_both_sides_of_each_boundary(
    pool: tuple[House, SetStore],
) -> None:
    house, store = pool
    second = timedelta(seconds=1)
    for text, reader, what in BOUNDARIES:
        boundary = wall(text).astimezone(UTC)
        before, after = (
            ("space_closed", "granted") if what == "opens" else ("granted", "space_closed")
        )

        assert await decided(house, store, boundary - second, reader) == before, text
        assert await decided(house, store, boundary - second / 1000, reader) == before, text
        assert await decided(house, store, boundary, reader) == after, text
        assert await decided(house, store, boundary + second, reader) == after, text


async def test_whole_period_is_closed_but_for_its_exception(pool: tuple[House, SetStore]) -> None:
    house, store = pool
    opened = [
        hour.astimezone(PARIS)
        for hour in _hours("2027-03-21T00:00:00", "2027-03-28T00:00:00")
        if await decided(house, store, hour) == "granted"
    ]

    assert {each.day for each in opened} == {21, 24, 27}
    assert [each.hour for each in opened if each.day == 24] == [14, 15]
    assert [each.hour for each in opened if each.day == 27] == list(range(10, 20))


async def test_exit_is_never_refused_for_the_hour(pool: tuple[House, SetStore]) -> None:
    house, store = pool
    store.at = ms(wall("2027-01-11T21:00:00"))

    answer = await scan(house, "PASS", "scanner", reader="door", direction="exit")

    assert answer["decision"] == "granted"


async def test_spaces_show_open_and_closed_and_the_capacity_of_the_day(
    pool: tuple[House, SetStore],
) -> None:
    house, store = pool

    async def shown(text: str) -> dict[str, Any]:
        store.at = ms(wall(text))
        house.services.operations.opening.turn()
        _, listed = await ask(house, "GET", "/v1/spaces", "viewer")
        return {space["id"]: (space["open"], space["capacity"]) for space in listed["items"]}

    assert (await shown("2027-01-11T12:00:00"))["pool"] == (True, 100)
    assert (await shown("2027-01-11T12:00:00"))["sauna"] == (True, 5)
    assert (await shown("2027-01-11T21:00:00"))["pool"] == (False, 100)
    assert (await shown("2027-01-11T21:00:00"))["sauna"] == (False, 5)
    assert (await shown("2027-03-24T15:00:00"))["pool"] == (True, 2)
    assert (await shown("2027-03-25T09:00:00"))["pool"] == (False, 100)


async def test_capacity_of_an_exception_refuses(pool: tuple[House, SetStore]) -> None:
    house, store = pool
    store.at = ms(wall("2027-03-24T14:30:00"))
    await asyncio.sleep(1.2)  # the timer sees that the clock was put
    for code in ("A", "B", "C"):
        await put(house, code, product="pass")
    async with asyncio.timeout(5):
        while await house.admin.client.hget("{museum}spaces", "pool") != b"|2|r|o|0":  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    decisions = [await scan(house, code, "scanner", reader="door") for code in ("A", "B", "C")]

    assert [each["reason"] for each in decisions] == [None, None, "space_full"]
    await until(
        lambda: (
            "space_full.pool"
            in [each["id"] for each in house.services.operations.alarms.documents()]
        )
    )


async def test_space_waits_for_the_first_of_its_staff_each_day(
    pool: tuple[House, SetStore], redis_url: str
) -> None:
    house, store = pool

    async def at(text: str, code: str) -> str:
        store.at = ms(wall(text))
        answer = await scan(house, code, "scanner", reader="club-door")
        return str(answer["reason"] or answer["decision"])

    assert await at("2027-01-11T09:00:00", "STAFF") == "space_closed", "by the planning, for all"
    assert await at("2027-01-11T10:00:00", "PASS") == "space_closed"
    assert await at("2027-01-11T10:00:01", "STAFF") == "granted"
    assert await at("2027-01-11T10:00:02", "PASS") == "granted"
    async with a_process(redis_url, A_POOL) as other:
        assert isinstance(other.store, SetStore)
        other.store.at = store.at
        other.operations.opening.turn()
        await until(lambda: "c" not in other.flags("club-door"))
    assert await at("2027-01-12T10:00:00", "PASS") == "space_closed"
    assert await at("2027-01-12T10:01:00", "STAFF") == "granted"
    assert await at("2027-01-12T10:02:00", "PASS") == "granted"


async def test_check_by_staff_opens_nothing(pool: tuple[House, SetStore]) -> None:
    house, store = pool
    store.at = ms(wall("2027-01-11T10:30:00"))

    looked = await scan(house, "STAFF", "scanner", reader="club-door", mode="check")
    public = await scan(house, "PASS", "scanner", reader="club-door")

    assert looked["decision"] == "granted"
    assert public["reason"] == "space_closed"


async def test_anti_passback_forgets_at_its_hour(pool: tuple[House, SetStore]) -> None:
    house, store = pool

    async def enter(text: str) -> str:
        store.at = ms(wall(text))
        await asyncio.sleep(1.3)  # the first process has told the store
        answer = await scan(house, "PASS", "scanner", reader="spa-door")
        return str(answer["reason"] or answer["decision"])

    assert await enter("2027-01-11T11:00:00") == "granted"
    assert await enter("2027-01-11T12:00:00") == "already_inside"
    assert await enter("2027-01-12T03:59:00") == "already_inside"
    assert await enter("2027-01-12T04:01:10") == "granted"
    assert await enter("2027-01-12T15:00:00") == "already_inside"


async def test_who_has_been_inside_too_long_is_counted_out(
    redis_url: str, database_url: str
) -> None:
    site = Site.model_validate(
        {
            "site": {"id": "museum", "timezone": "Europe/Paris"},
            "space": [{"id": "garden", "dwell_min": 30}],
            "equipment": [{"id": "door", "space": "garden"}],
        }
    )
    store = SetStore(redis_url, "museum", PARIS, wall=time.time)
    start = store.at = ms(wall("2027-01-11T11:00:00"))
    async with a_house(redis_url, database_url, store, site=site) as house:
        occupancies = house.services.operations.occupancies

        async def inside() -> int:
            return next(each.inside for each in await house.admin.spaces() if each.id == "garden")

        async def wave(persons: int) -> None:
            body = {"direction": "entry", "persons": persons}
            assert (await ask(house, "POST", "/v1/spaces/garden/count", "operator", body))[0] == 200
            await occupancies.look()

        await wave(3)
        store.at = start + 20 * 60_000
        await wave(2)
        assert await inside() == 5
        store.at = start + 31 * 60_000
        await occupancies.look()
        assert await inside() == 2
        store.at = start + 60 * 60_000
        await occupancies.look()
        await occupancies.look()
        assert await inside() == 0
        rows = await house.admin.recent(10)
        assert [(row.kind, row.direction, row.persons) for row in rows][:2] == [
            ("c", "x", "2"),
            ("c", "x", "3"),
        ]


async def test_who_is_taken_to_have_left_is_counted_out_once_although_the_answer_is_lost(
    redis_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site.model_validate(
        {
            "site": {"id": "museum", "timezone": "Europe/Paris"},
            "space": [{"id": "garden", "dwell_min": 30}],
            "equipment": [{"id": "door", "space": "garden"}],
        }
    )
    store = SetStore(redis_url, "museum", PARIS, wall=time.time)
    start = store.at = ms(wall("2027-01-11T11:00:00"))
    async with a_house(redis_url, database_url, store, site=site) as house:
        occupancies = house.services.operations.occupancies
        for minutes, persons in ((0, 3), (20, 2)):
            store.at = start + minutes * 60_000
            body = {"direction": "entry", "persons": persons}
            await ask(house, "POST", "/v1/spaces/garden/count", "operator", body)
            await occupancies.look()
        count = store.count

        async def count_unheard(*what: Any, **facts: Any) -> Settled:
            await count(*what, **facts)
            raise StoreUnavailable

        monkeypatch.setattr(store, "count", count_unheard)
        store.at = start + 31 * 60_000
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await occupancies.look()
        monkeypatch.undo()
        await occupancies.look()

        left = [row.persons for row in await house.admin.recent(10) if row.direction == "x"]
        assert left == ["3"]
        store.at = start + 51 * 60_000
        await occupancies.look()
        left = [row.persons for row in await house.admin.recent(10) if row.direction == "x"]
        assert left == ["2", "3"]


def _hours(since: str, until: str) -> Iterator[datetime]:
    at, end = wall(since).astimezone(UTC), wall(until).astimezone(UTC)
    while at < end:
        yield at
        at += timedelta(hours=1)


async def test_of_two_gateways_one_counts_people_out(redis_url: str) -> None:
    async with a_process(redis_url) as one, a_process(redis_url) as other:
        mine, theirs = Lease(one.admin, "occupancy"), Lease(other.admin, "occupancy")

        assert [await mine.held(), await theirs.held(), await mine.held()] == [True, False, True]
        await one.admin.client.pexpire("{museum}occupancy", 1)
        await asyncio.sleep(0.05)
        assert [await theirs.held(), await mine.held()] == [True, False]
