"""The audit's way into the database: once each, in order, over every absence."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.central.connection import Central
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import StoreUnavailable
from gateway.venue import acts as module
from gateway.venue.acts import Acts, keep_moving, move, newest
from gateway.venue.tasks import kept_going
from tests.integration.entitlements.faults import a_valkey
from tests.integration.operations.processes import Process, a_process, until

NOWHERE = "postgresql://nobody:nothing@/nothing?host=/nowhere"


@pytest.fixture
async def one(redis_url: str) -> AsyncIterator[Process]:
    async with a_process(redis_url) as one:
        yield one


async def stored(central: Central) -> list[tuple[str, str]]:
    rows = await central.fetch("audit.newest", "museum", None, 1000)
    return [(row["who"], row["on"]) for row in reversed(rows)]


async def test_acts_arrive_once_each_and_in_order(one: Process, database_url: str) -> None:
    acts = one.operations.acts
    expected = [(f"op-{number % 3}", f"thing-{number}") for number in range(1200)]
    async with Central(database_url) as central:
        for who, thing in expected:
            acts.note(who, "command", thing, number=1, nothing=None)
        assert await acts.settled(20)

        # two first processes of two gateways move at once
        await asyncio.gather(*(move(one.admin, central) for _ in range(4)))
        while await move(one.admin, central):
            pass

        assert await stored(central) == expected[-1000:]
        assert await one.admin.client.xlen("{museum}acts") == 0
        found, whole = await newest(one.admin, central, after=None, limit=1)
        assert (found[0].on, found[0].details, whole) == ("thing-1199", {"number": 1}, True)


async def test_without_the_database_acts_wait_and_are_shown(
    one: Process, database_url: str
) -> None:
    acts = one.operations.acts
    async with Central(NOWHERE) as away, Central(database_url) as central:
        async with kept_going(moving=lambda: keep_moving(one.admin, away)):
            acts.note("op", "mode", "hall")
            assert await acts.settled()
            await asyncio.sleep(0.7)
            found, whole = await newest(one.admin, away, after=None, limit=10)
            assert ([act.on for act in found], whole) == (["hall"], False)

        async with kept_going(moving=lambda: keep_moving(one.admin, central)):
            async with asyncio.timeout(5):
                while await stored(central) != [("op", "hall")]:  # noqa: ASYNC110 - polled
                    await asyncio.sleep(0.05)


async def test_answer_that_the_store_gave_in_vain_makes_no_second_act(
    one: Process, database_url: str
) -> None:
    acts = one.operations.acts
    acts.note("op", "mode", "hall")
    await acts.settled()
    ((_, act),) = await module.waiting(one.admin, 10)
    text = orjson.dumps(act._asdict())
    await one.admin.client.xadd("{museum}acts", {"a": text})
    async with Central(database_url) as central:
        await move(one.admin, central)
        await one.admin.client.xadd("{museum}acts", {"a": text})
        await move(one.admin, central)

        assert await stored(central) == [("op", "hall")]


async def test_act_that_the_database_refuses_stops_no_other(
    one: Process, database_url: str
) -> None:
    acts = one.operations.acts
    acts.note("op", "mode", "before")
    acts.note("op", "mode", "bad\0name")
    acts.note("op", "mode", "after")
    await acts.settled()
    async with Central(database_url) as central:
        assert await move(one.admin, central) == 3
        assert await stored(central) == [("op", "before"), ("op", "after")]


async def test_acts_are_kept_while_the_store_is_away() -> None:
    async with a_valkey() as valkey, a_process(valkey.url) as one:
        acts = one.operations.acts
        valkey.kill()
        await until(lambda: not one.operations.bus.up)
        acts.note("op", "command", "gate")
        assert not await acts.settled(0.2)

        assert await acts.settled(20)

        ((_, act),) = await module.waiting(one.admin, 10)
        assert (act.who, act.on) == ("op", "gate")


async def test_acts_of_one_millisecond_keep_their_order() -> None:
    admin: Any = None
    acts = Acts(admin, lambda: 1_763_759_123_456)
    for number in range(50):
        acts.note("op", "mode", str(number))

    names = [act.id for act in acts._waiting]
    assert names == sorted(set(names))


async def test_neither_store_nor_database_is_no_answer() -> None:
    admin = StoreAdmin("unix:///nowhere/store", "museum")
    async with Central(NOWHERE) as away:
        with pytest.raises(StoreUnavailable):
            await newest(admin, away, after=None, limit=10)
    await admin.close()
