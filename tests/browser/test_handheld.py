"""What a steward does at the handheld page, mostly without a mouse."""

import pytest
from playwright.async_api import Page, expect

from gateway.people.roles import Role
from tests.browser.conftest import log_in
from tests.unit.http.doubles import Venue


@pytest.fixture
async def station(page: Page) -> Page:
    await log_in(page, "/scan")
    await page.fill("#reader", "north-1")
    await page.focus("#code")
    return page


async def _typed(page: Page, code: str) -> None:
    """Type as a hardware scanner does: fast, then Enter."""
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")


async def test_granted_scan_has_colour_symbol_and_word(station: Page, venue: Venue) -> None:
    await _typed(station, "TICKET")

    result = station.locator("#result")
    await expect(result).to_contain_text("✓")
    await expect(result).to_contain_text("Granted")
    await expect(result).to_contain_text("Day ticket")
    await expect(result).to_have_class("result yes")
    assert venue.store.calls[0][1][2]["check"] is False


async def test_refused_scan_says_why(station: Page) -> None:
    await _typed(station, "NOBODY")

    await expect(station.locator("#result")).to_contain_text("✕")
    await expect(station.locator("#result")).to_contain_text("Unknown ticket")


async def test_scanner_needs_no_mouse_between_tickets(station: Page) -> None:
    for code in ("TICKET", "NOBODY", "USED"):
        await _typed(station, code)

    await expect(station.locator("#recent > li")).to_have_count(3)
    await expect(station.locator("#result")).to_contain_text("Family pass")
    await expect(station.locator("#code")).to_be_focused()
    await expect(station.locator("#code")).to_have_value("")


async def test_keys_typed_anywhere_go_to_the_field(station: Page) -> None:
    await station.locator("body").click(position={"x": 5, "y": 5})
    await station.evaluate("document.activeElement.blur()")
    await _typed(station, "TICKET")

    await expect(station.locator("#result")).to_contain_text("Granted")


async def test_looking_consumes_nothing(station: Page, venue: Venue) -> None:
    await station.fill("#code", "TICKET")
    await station.click("#check")

    await expect(station.locator("#result")).to_contain_text("Valid")
    assert venue.store.calls[0][1][2]["check"] is True


async def test_exit_is_chosen_with_one_press(station: Page, venue: Venue) -> None:
    await station.click("[data-direction=exit]")
    await _typed(station, "TICKET")

    await expect(station.locator("#result")).to_contain_text("Granted")
    assert venue.store.calls[0][1][1].direction == "exit"


async def test_destroying_asks_twice_and_keeps_by_default(station: Page, venue: Venue) -> None:
    await _typed(station, "TICKET")
    await station.click("#destroy")
    await expect(station.locator("#confirm")).to_contain_text("for ever")
    await station.keyboard.press("Enter")
    assert [call[0] for call in venue.store.calls] == ["scan"]

    await station.click("#destroy")
    await station.fill("#why", "stolen")
    await station.click("#confirm .danger")

    await expect(station.locator("#result")).to_contain_text("Destroyed")
    assert venue.store.calls[-1][1] == ("TICKET", {"operator": "operator", "reason": "stolen"})


async def test_steward_without_the_right_cannot_destroy(page: Page) -> None:
    await log_in(page, "/scan", Role.SCANNER)
    await page.fill("#reader", "north-1")
    await page.fill("#code", "TICKET")
    await page.press("#code", "Enter")

    await expect(page.locator("#result")).to_contain_text("Granted")
    await expect(page.locator("#destroy")).to_be_hidden()


async def test_silent_store_is_not_a_refusal(station: Page, venue: Venue) -> None:
    venue.store.silent = True
    await _typed(station, "TICKET")

    await expect(station.locator("#result")).to_contain_text("No answer")
    await expect(station.locator("#result")).to_have_class("result wait")


async def test_lost_answer_is_asked_again_with_the_same_nonce(station: Page, venue: Venue) -> None:
    await station.route("**/v1/scans", lambda route: route.abort(), times=1)
    await _typed(station, "TICKET")

    await expect(station.locator("#result")).to_contain_text("Granted")
    assert len(venue.store.calls) == 1


async def test_nothing_is_cut_off_at_360_pixels(station: Page) -> None:
    await station.set_viewport_size({"width": 360, "height": 740})
    await _typed(station, "TICKET")
    await expect(station.locator("#result")).to_contain_text("Granted")

    assert await station.evaluate("document.documentElement.scrollWidth") <= 360
