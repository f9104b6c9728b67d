"""Scans of one event-loop turn are one command, and each is decided as if it were alone."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import override

import pytest

from gateway.entitlements.connection import MOST_TOGETHER
from gateway.entitlements.store import Claim, EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.tickets.decision import Decision
from tests.integration.entitlements.bench import NOON, PARIS, Bench, counted


def outcome(answer: Decision | BaseException) -> str:
    """Tell what became of a scan in a word."""
    if isinstance(answer, BaseException):
        return type(answer).__name__
    return answer.reason or "granted"


async def test_scans_of_all_sorts_are_each_decided(bench: Bench) -> None:
    one, two, three = [await bench.a_ticket() for _ in range(3)]
    scan, north = bench.store.scan, bench.place()

    answers = await asyncio.gather(
        scan(one, north, check=True),
        scan(one, north, nonce="n"),
        scan(one, north, nonce="n"),
        scan(one, north),
        scan("NOBODYKNOWSTHIS", north),
        scan(two, bench.place("lane-1", reserves=True)),
        scan(three, bench.place("lane-1", reserves=True)),
        bench.store.malformed(north),
        scan(three, north, flags="c", override="he knows the director", operator="ada"),
        scan(one, bench.place(direction="exit")),
        bench.store.record(one, north, Claim(NOON, granted=True)),
        return_exceptions=True,
    )

    assert [outcome(answer) for answer in answers] == [
        "granted", "granted", "granted", "no_stamps_left", "unknown_ticket", "granted",
        "lane_busy", "malformed_code", "granted", "granted", "granted",
    ]  # fmt: skip
    rows = await bench.events()
    granted = [answer for answer in answers if isinstance(answer, Decision) and answer.event]
    assert {answer.event for answer in granted} == {row.event_id for row in rows}
    assert [row.ticket_code for row in rows] == [
        one, one, "NOBODYKNOWSTHIS", two, three, "", three, one, one,
    ]  # fmt: skip
    assert rows[6].override_reason == "he knows the director"
    assert rows[6].operator == "ada"
    assert counted(rows) == (2, 3)
    assert await bench.inside() == {"hall": 2}
    assert await bench.reserved() == {"hall": 1}


async def test_capacity_holds_within_one_command(bench: Bench) -> None:
    await bench.set_venue(bench.venue)
    await bench.a_space("house", capacity=12)
    await bench.a_space("hall", parent="house", capacity=50)
    await bench.a_space("annex", parent="house")
    codes = [await bench.a_ticket() for _ in range(30)]
    places = [bench.place(), bench.place("lane", "annex"), bench.place("south", "house")]

    answers = await asyncio.gather(
        *(bench.store.scan(code, places[number % 3]) for number, code in enumerate(codes))
    )

    assert [answer.granted for answer in answers] == [True] * 12 + [False] * 18
    assert {answer.reason for answer in answers[12:]} == {"space_full"}
    assert await bench.inside() == {"house": 12, "hall": 4, "annex": 4}


async def test_who_leaves_makes_room_for_the_next_of_the_same_command(bench: Bench) -> None:
    await bench.a_space("hall", capacity=1)
    first, second, third = [await bench.a_ticket() for _ in range(3)]
    assert (await bench.store.scan(first, bench.place())).granted

    answers = await asyncio.gather(
        bench.store.scan(second, bench.place()),
        bench.store.scan(first, bench.place(direction="exit")),
        bench.store.scan(second, bench.place()),
        bench.store.scan(third, bench.place()),
    )

    assert [outcome(answer) for answer in answers] == [
        "space_full", "granted", "granted", "space_full",
    ]  # fmt: skip
    assert await bench.inside() == {"hall": 1}


async def test_reservations_of_one_command_hold_their_lanes_and_places(bench: Bench) -> None:
    await bench.a_space("hall", capacity=2)
    codes = [await bench.a_ticket() for _ in range(4)]

    answers = await asyncio.gather(
        *(
            bench.store.scan(code, bench.place(lane, reserves=True))
            for code, lane in zip(codes, ("a", "a", "b", "c"), strict=True)
        )
    )

    assert [outcome(answer) for answer in answers] == [
        "granted", "lane_busy", "granted", "space_full",
    ]  # fmt: skip
    assert await bench.reserved() == {"hall": 2}


@pytest.mark.parametrize("together", [MOST_TOGETHER, MOST_TOGETHER + 1, 3 * MOST_TOGETHER + 7])
async def test_any_number_of_scans_is_answered_in_order(bench: Bench, together: int) -> None:
    codes = [await bench.a_ticket() for _ in range(together)]

    answers = await asyncio.gather(*(bench.store.scan(code, bench.place()) for code in codes))

    assert [answer.ticket.code for answer in answers if answer.ticket] == codes
    assert [row.ticket_code for row in await bench.events()] == codes
    assert await bench.inside() == {"hall": together}


async def test_error_of_one_scan_is_its_own(bench: Bench) -> None:
    first, third = await bench.a_ticket(), await bench.a_ticket()
    await bench.admin.client.sadd(bench.admin.key("t:BROKEN"), "no record")

    answers = await asyncio.gather(
        *(bench.store.scan(code, bench.place()) for code in (first, "BROKEN", third)),
        return_exceptions=True,
    )

    assert [outcome(answer) for answer in answers] == ["granted", "ReplyError", "granted"]
    assert [row.ticket_code for row in await bench.events()] == [first, third]
    assert await bench.inside() == {"hall": 2}
    assert await bench.admin.tally() == {"granted": 2}


async def test_tally_starts_anew_between_two_scans_of_one_command(bench: Bench) -> None:
    codes = [await bench.a_ticket() for _ in range(5)]
    await bench.store.scan(codes[0], bench.place())

    async def tomorrow(code: str) -> Decision:
        bench.store.time = NOON + 86_400_000
        return await bench.store.scan(code, bench.place())

    await asyncio.gather(
        bench.store.scan(codes[1], bench.place()),
        tomorrow(codes[2]),
        tomorrow(codes[2]),
        tomorrow(codes[3]),
    )

    assert await bench.admin.tally() == {"granted": 2, "no_stamps_left": 1}


class HastyStore(EntitlementStore):
    """A store whose odd callers asked ten seconds ago."""

    asked = 0

    @override
    def now(self) -> int:
        self.asked += 1
        return super().now() - 10_000 * (self.asked % 2)


@pytest.fixture
async def hasty(bench: Bench) -> AsyncIterator[HastyStore]:
    """Open it."""
    store = HastyStore(bench.url, bench.admin.site, PARIS, wall=time.time)
    assert await store.open()
    yield store
    await store.close()


async def test_each_scan_has_its_own_patience(bench: Bench, hasty: HastyStore) -> None:
    codes = [await bench.a_ticket() for _ in range(6)]
    hasty.asked = 0

    answers = await asyncio.gather(
        *(hasty.scan(code, bench.place()) for code in codes), return_exceptions=True
    )

    assert [outcome(answer) for answer in answers] == ["StoreUnavailable", "granted"] * 3
    assert [row.ticket_code for row in await bench.events()] == codes[1::2]
    assert isinstance(answers[0], StoreUnavailable)
