"""One ticket, many readers and gateways, any timing: one grant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from gateway.tickets.decision import Decision
from tests.integration.entitlements.bench import Bench, ClockedStore, counted

GATEWAYS = 3
AT_ONCE = 64
ROUNDS = 200


@pytest.fixture
async def gateways(bench: Bench) -> AsyncIterator[list[ClockedStore]]:
    """Open a connection for each of three gateways."""
    async with AsyncExitStack() as stack:
        stores = []
        for _ in range(GATEWAYS):
            store = ClockedStore(bench.url, bench.admin.site)
            stack.push_async_callback(store.close)
            assert await store.open()
            stores.append(store)
        yield stores


async def rush(
    bench: Bench, gateways: list[ClockedStore], code: str, nonce: str | None
) -> list[Decision]:
    """Scan a ticket 64 times at once: by many readers, or by one with the same nonce."""
    scans = (
        gateways[number % GATEWAYS].scan(
            code, bench.place("north-1" if nonce else f"reader-{number}"), nonce=nonce
        )
        for number in range(AT_ONCE)
    )
    return await asyncio.gather(*scans)


async def test_one_stamp_is_granted_once(bench: Bench, gateways: list[ClockedStore]) -> None:
    for _ in range(ROUNDS):
        code = await bench.a_ticket(stamps=1)

        decisions = await rush(bench, gateways, code, None)

        assert sum(decision.granted for decision in decisions) == 1
        assert {it.reason for it in decisions if not it.granted} == {"no_stamps_left"}
    assert counted(await bench.events()) == (ROUNDS, ROUNDS)
    assert await bench.inside() == {"hall": ROUNDS}


async def test_five_stamps_are_granted_five_times(
    bench: Bench, gateways: list[ClockedStore]
) -> None:
    code = await bench.a_ticket(stamps=5)

    decisions = await rush(bench, gateways, code, None)

    assert sum(decision.granted for decision in decisions) == 5


async def test_same_nonce_at_once_makes_one_event(
    bench: Bench, gateways: list[ClockedStore]
) -> None:
    for _ in range(ROUNDS // 10):
        code = await bench.a_ticket(stamps=None)

        decisions = await rush(bench, gateways, code, "the very same")

        assert all(decision.granted for decision in decisions)
        assert len({decision.event for decision in decisions}) == 1
        assert sum(decision.replayed for decision in decisions) == AT_ONCE - 1
        assert sum(row.ticket_code == code for row in await bench.events()) == 1


async def test_one_lane_holds_one_ticket(bench: Bench, gateways: list[ClockedStore]) -> None:
    place = bench.place("north-1", reserves=True)
    codes = [await bench.a_ticket() for _ in range(AT_ONCE)]

    decisions = await asyncio.gather(
        *(gateways[n % GATEWAYS].scan(code, place) for n, code in enumerate(codes))
    )

    assert sum(decision.granted for decision in decisions) == 1
    assert {it.reason for it in decisions if not it.granted} == {"lane_busy"}


async def test_last_place_is_given_once(bench: Bench, gateways: list[ClockedStore]) -> None:
    await bench.a_space("hall", capacity=1)
    codes = [await bench.a_ticket() for _ in range(AT_ONCE)]

    decisions = await asyncio.gather(
        *(
            gateways[n % GATEWAYS].scan(code, bench.place(f"reader-{n}", reserves=True))
            for n, code in enumerate(codes)
        )
    )

    assert sum(decision.granted for decision in decisions) == 1
    assert {it.reason for it in decisions if not it.granted} == {"space_full"}


async def test_passage_and_deadline_at_once_leave_one_truth(
    bench: Bench, gateways: list[ClockedStore]
) -> None:
    first, second, third = gateways
    for number in range(ROUNDS // 4):
        code = await bench.a_ticket()
        decision = await first.scan(code, bench.place(f"north-{number}", reserves=True))
        assert decision.event is not None
        row = await first.grant(decision.event)
        assert row is not None

        await asyncio.gather(
            first.passage(row),
            second.annul(row),
            third.passage(row),
            return_exceptions=True,
        )

        rows = [it for it in await bench.events() if row.event_id in {it.event_id, it.of}]
        assert counted(rows) == (1, 1), "the person is inside, whichever came first"
    assert await bench.inside() == {"hall": ROUNDS // 4}
    assert await bench.reserved() == {"hall": 0}
