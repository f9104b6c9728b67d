"""The handheld page's part of the rule passes the vectors that every engine passes."""

import json
from typing import Any

from playwright.async_api import Page

from gateway.tickets.carried import carried
from gateway.tickets.scan import AntiPassback, Direction
from tests.browser.conftest import IN_ITS_LOOP
from tests.vectors.loading import FOLDER, Case, read_cases

pytestmark = IN_ITS_LOOP

LIVE = ("malformed", "replays", "override", "out_of_service", "lane_busy", "free", "closed")
"""What a scan is told of here and now, and no list can know."""
CODES = ("bad_signature", "stale_code")
BEYOND = {"evacuation", "space_closed", "space_full", "store_unavailable", "not_inside"}
"""Reasons of the venue's state at this moment."""


def knows(case: Case) -> bool:
    """Tell whether a case is about a ticket, and not about the venue's state at this moment."""
    scan, entitlement = case.scan, case.entitlement
    told = any(getattr(scan, name) for name in (*LIVE, *CODES)) or scan.step is not None
    modes = {space.mode for space in case.venue.around(scan.space)}
    return not (
        told
        or case.recorded
        or case.venue.loading
        or entitlement.ticket is None
        or entitlement.product is None
        or modes != {"normal"}
        or case.expect["reason"] in BEYOND
    )


def row_of(case: Case) -> dict[str, Any]:
    ticket, product = case.entitlement.ticket, case.entitlement.product
    assert ticket is not None
    assert product is not None
    spaces = case.venue.spaces
    at = spaces.get(case.scan.space)
    return carried(
        ticket,
        product,
        case.entitlement.sessions,
        case.entitlement.state,
        case.venue.chain(case.scan.space),
        refuses_inside=at is not None and at.anti_passback is AntiPassback.HARD,
    )


async def judged(page: Page, cases: list[Case]) -> list[dict[str, Any]]:
    """Have the page's own rule decide cases, each with its row of the list."""
    await page.goto("/docs")
    asked = [
        {
            "row": row_of(case),
            "scan": {"direction": case.scan.direction, "persons": case.scan.persons},
            "now": case.scan.now,
        }
        for case in cases
    ]
    found: list[dict[str, Any]] = await page.evaluate(
        """async (asked) => {
            const { decide } = await import("/static/scan/rule.js");
            return asked.map(({ row, scan, now }) => decide(row, scan, now));
        }""",
        asked,
    )
    return found


async def test_page_never_contradicts_the_rule(page: Page) -> None:
    cases = [case for case in read_cases() if knows(case)]
    found = await judged(page, cases)

    for case, said in zip(cases, found, strict=True):
        if said["decision"] != "unsure":
            assert (said["decision"], said["reason"]) == (
                case.expect["decision"],
                case.expect["reason"],
            ), case.name
            if said["decision"] == "granted" and case.scan.direction is Direction.ENTRY:
                assert said["persons"] == case.expect.get("persons", said["persons"]), case.name


async def test_page_decides_most_of_what_can_be_known(page: Page) -> None:
    cases = [case for case in read_cases() if knows(case)]
    found = await judged(page, cases)

    decided = sum(said["decision"] != "unsure" for said in found)
    assert len(cases) >= 150  # of the vectors, those that are about a ticket
    assert decided >= len(cases) // 2


async def test_page_reads_codes_as_the_gateway_does(page: Page) -> None:
    cases = json.loads((FOLDER / "codes.json").read_text(encoding="utf-8"))
    whole = [
        case for case in cases if not any(0xD800 <= ord(each) <= 0xDFFF for each in case["text"])
    ]
    await page.goto("/docs")

    found = await page.evaluate(
        """async (texts) => {
            const { canonical } = await import("/static/scan/reference.js");
            return texts.map(canonical);
        }""",
        [case["text"] for case in whole],
    )

    assert found == [case["canonical"] for case in whole]
