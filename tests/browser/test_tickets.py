"""One ticket at an operator's desk: found, stamped, taken back, destroyed; with real stores."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import IN_ITS_LOOP, Desk

pytestmark = IN_ITS_LOOP


def fact(desk: Desk, name: str) -> Locator:
    return desk.page.locator(f"[data-fact='ticket.{name}']")


async def open_ticket(desk: Desk, code: str) -> None:
    await desk.enter("#tickets")
    await desk.page.fill("[name=find]", code)
    await desk.page.press("[name=find]", "Enter")
    await expect(desk.page.locator("#ticket")).to_have_attribute("data-code", code)


async def test_ticket_is_stamped_taken_back_and_stamped_again(any_desk: Desk) -> None:
    page = any_desk.page
    await any_desk.sell("T1", holder="Ada")
    await open_ticket(any_desk, "T1")
    await expect(fact(any_desk, "holder")).to_have_text("Ada")

    await page.click("#act-stamp")
    await expect(page.locator("#verdict.yes")).to_be_visible()
    await expect(fact(any_desk, "stamps")).to_contain_text("1")
    await page.click("#act-stamp")
    await expect(page.locator("#verdict.no")).to_be_visible()
    await page.click("#act-undo")
    await page.fill("dialog [name=why]", "wrong door")
    await page.click("dialog button[type=submit]")
    await page.locator(".toast.yes").first.wait_for()
    await page.click("#act-stamp")

    await expect(page.locator("#verdict.yes")).to_be_visible()
    await expect(page.locator(".whole tbody tr")).to_have_count(4)


async def test_looking_says_what_would_happen_and_consumes_nothing(desk: Desk) -> None:
    await desk.sell("T1", valid_from="2099-01-01T00:00:00Z")
    await open_ticket(desk, "T1")

    await desk.page.click("#act-check")

    await expect(desk.page.locator("#verdict")).to_contain_text("Refused · Too early")
    await expect(fact(desk, "stamps")).to_contain_text("0 of 1")


async def test_operator_lets_in_all_the_same_with_a_reason(any_desk: Desk) -> None:
    page = any_desk.page
    await any_desk.sell("T1")
    await any_desk.scan("T1")
    await open_ticket(any_desk, "T1")
    await page.click("#act-override")
    await expect(page.locator("dialog button[type=submit]")).to_be_disabled()

    await page.fill("dialog [name=why]", "lost the other half")
    await page.click("dialog button[type=submit]")

    await expect(page.locator("#verdict.yes")).to_be_visible()
    await expect(page.locator(".whole tbody tr").first).to_contain_text("lost the other half")


async def test_destroying_asks_for_a_typed_word_and_is_for_ever(any_desk: Desk) -> None:
    page = any_desk.page
    await any_desk.sell("T1")
    await open_ticket(any_desk, "T1")
    await page.click("#act-destroy")
    yes = page.locator("dialog button[type=submit]")
    await expect(yes).to_be_disabled()
    word = await page.locator("dialog label").last.inner_text()

    await page.fill("dialog [name=typed]", word.split()[-1])
    await yes.click()

    await expect(fact(any_desk, "destroyed_at")).to_be_visible()
    await expect(page.locator("#act-destroy")).to_be_disabled()
    await page.click("#act-stamp")
    await expect(page.locator("#verdict.no")).to_be_visible()


async def test_tickets_are_found_by_holder(desk: Desk) -> None:
    await desk.sell("T1", holder="Ada Lovelace")
    await desk.sell("T2", holder="Charles Babbage")
    await desk.enter("#tickets")
    await desk.page.click("[data-way=holder]")
    await desk.page.fill("[name=find]", "lovelace")
    await desk.page.press("[name=find]", "Enter")

    await expect(desk.page.locator("tbody tr")).to_have_count(1)
    await desk.page.click("tbody a")

    await expect(desk.page.locator("#ticket")).to_have_attribute("data-code", "T1")


async def test_code_nobody_sold_is_told_in_words(desk: Desk) -> None:
    await desk.enter("#tickets")
    await desk.page.fill("[name=find]", "NOBODY")
    await desk.page.press("[name=find]", "Enter")

    await expect(desk.page.locator("#find [role=alert]")).to_contain_text("no such ticket")


async def test_scan_in_the_feed_leads_to_its_ticket(desk: Desk) -> None:
    await desk.sell("T1")
    await desk.scan("T1")
    await desk.page.locator("#scans a").first.click()

    await expect(desk.page.locator("#ticket")).to_have_attribute("data-code", "T1")
