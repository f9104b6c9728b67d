"""Thousands of scans through several gateways: each ticket once, whatever the timing."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from tests.system import crowd
from tests.system.gateways import SITE, Gateway, settings_of

READERS = 64
WITH_A_GATE = f"""{SITE}
[[controller]]
id = "gates"
driver = "http"

[[equipment]]
id = "gate"
kind = "turnstile"
space = "hall"
direction = "entry"
controller = "gates"
count_on = "passage"
"""


def fleet(make_gateway: Callable[..., Gateway], count: int = 3, site: str = SITE) -> list[Gateway]:
    """Run several gateways on one pair of stores."""
    first = make_gateway("first", site).start().with_key()
    others = []
    for number in range(2, count + 1):
        other = make_gateway(f"gateway-{number}", settings_of(first, site)).start()
        other.key = first.key
        others.append(other)
    return [first, *others]


async def one_grant_each(gateways: list[Gateway], rounds: int) -> None:
    codes = await crowd.sell(gateways[0], rounds)
    async with crowd.a_client(gateways[0].key) as client:
        for code in codes:
            answers = await asyncio.gather(
                *(
                    crowd.scan(client, gateways[turn % len(gateways)].url, code, nonce=f"{turn}")
                    for turn in range(READERS)
                )
            )
            assert Counter(answer.word for answer in answers) == {
                "granted": 1,
                "no_stamps_left": READERS - 1,
            }
    assert "✓" in await asyncio.to_thread(gateways[-1].run, "verify")


async def test_a_ticket_is_granted_once_by_three_gateways(
    make_gateway: Callable[..., Gateway],
) -> None:
    await one_grant_each(await asyncio.to_thread(fleet, make_gateway), 20)


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_ticket_is_granted_once_by_three_gateways_200_times(
    make_gateway: Callable[..., Gateway],
) -> None:
    await one_grant_each(await asyncio.to_thread(fleet, make_gateway), 200)


async def test_one_nonce_makes_one_event_and_never_stamps_again(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateways = await asyncio.to_thread(fleet, make_gateway)
    codes = await crowd.sell(gateways[0], 10)
    async with crowd.a_client(gateways[0].key) as client:

        async def all_at_once(code: str) -> list[crowd.Answer]:
            return await asyncio.gather(
                *(
                    crowd.scan(client, gateways[turn % 3].url, code, nonce="the same")
                    for turn in range(READERS)
                )
            )

        for code in codes:
            answers = await all_at_once(code)
            assert {answer.word for answer in answers} == {"granted"}
            assert len({answer.event for answer in answers}) == 1
            assert sum(not answer.replayed for answer in answers) == 1

        undone = codes[0]
        status, _ = await asyncio.to_thread(
            gateways[1].ask, "POST", f"/v1/tickets/{undone}/undo", {"reason": "test"}
        )
        assert status == 200
        again = await all_at_once(undone)
        assert {(answer.word, answer.replayed) for answer in again} == {("granted", True)}
        assert "✓" in await asyncio.to_thread(gateways[2].run, "verify")
        (row,) = await crowd.rows(
            gateways[0], "SELECT made FROM composteur.ticket_state WHERE code = $1", undone
        )
        assert row["made"] == 0
        fresh = await crowd.scan(client, gateways[2].url, undone, nonce="another")
        assert (fresh.word, fresh.replayed) == ("granted", False)
    events = await crowd.rows(
        gateways[0],
        "SELECT ticket_code, count(*) AS scans FROM composteur.scan_event"
        " WHERE kind = 'scan' AND ticket_code <> $1 GROUP BY ticket_code",
        undone,
    )
    assert {row["scans"] for row in events} == {1}


async def test_a_nonce_used_again_after_an_annul_does_not_stamp_again(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateways = await asyncio.to_thread(fleet, make_gateway, 2, WITH_A_GATE)
    (code,) = await crowd.sell(gateways[0], 1)
    async with crowd.a_client(gateways[0].key) as client:

        async def present(gateway: Gateway, nonce: str) -> crowd.Answer:
            return await crowd.scan(client, gateway.url, code, nonce=nonce, reader="gate")

        first = await present(gateways[0], "the same")
        assert (first.word, first.replayed) == ("granted", False)
        status, act = await asyncio.to_thread(
            gateways[1].ask, "POST", f"/v1/scans/{first.event}/annul"
        )
        assert (status, act["of"]) == (200, first.event)

        again = await asyncio.gather(
            *(present(gateways[turn % 2], "the same") for turn in range(READERS))
        )
        assert {(answer.word, answer.replayed, answer.event) for answer in again} == {
            ("granted", True, first.event)
        }
        _, spaces = await asyncio.to_thread(gateways[0].ask, "GET", "/v1/spaces")
        assert [(space["inside"], space["reserved"]) for space in spaces["items"]] == [(0, 0)]
        assert "✓" in await asyncio.to_thread(gateways[0].run, "verify")
        (state,) = await crowd.rows(
            gateways[0], "SELECT made FROM composteur.ticket_state WHERE code = $1", code
        )
        assert state["made"] == 0
        events = await crowd.rows(
            gateways[0],
            "SELECT kind, counted_stamps FROM composteur.scan_event ORDER BY kind",
        )
        assert [tuple(event) for event in events] == [("annulled", 0), ("scan", 0)]

        fresh = await present(gateways[1], "another")
        assert (fresh.word, fresh.replayed) == ("granted", False)
        assert fresh.event != first.event
        once_more = await present(gateways[0], "the same")
        assert (once_more.replayed, once_more.event) == (True, first.event)
