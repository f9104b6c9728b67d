"""What an operator sees on the dashboard, and does there; with real stores behind it."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from controllers.commands import Alarm
from tests.browser.conftest import ABROAD, IN_ITS_LOOP, VIOLATIONS, Desk, a_desk
from tests.integration.http.conftest import House

pytestmark = IN_ITS_LOOP


async def confirmed(page: Page) -> None:
    """Say yes to the question on the screen."""
    box = page.locator("dialog")
    await box.locator("button[type=submit]").click()


async def inside(desk: Desk, space: str, persons: str) -> None:
    await expect(desk.page.locator(f"[data-space={space}] .inside")).to_contain_text(persons)


# --- logging in


async def test_log_in_box_tells_how_to_make_a_key(page: Page) -> None:
    await page.goto("/")

    await expect(page.locator("#login")).to_contain_text(
        "composteur key create --role operator --name NAME"
    )
    await expect(page.locator("#logout")).to_have_count(0)


async def test_key_that_is_not_known_is_told_in_words(page: Page) -> None:
    await page.goto("/")
    await page.fill("#key", "nonsense")
    await page.press("#key", "Enter")

    await expect(page.locator("#login [role=alert]")).to_contain_text("not known")


async def test_key_opens_a_session(page: Page) -> None:
    await page.goto("/")
    await page.fill("#key", "secret-of-the-viewer")
    await page.press("#key", "Enter")

    await expect(page.locator("#logout")).to_be_visible()
    await expect(page.locator(".who")).to_have_text("viewer")


async def test_session_survives_a_reload_and_ends_at_log_out(desk: Desk) -> None:
    await desk.page.reload()
    await expect(desk.page.locator("[data-space=hall]")).to_be_visible()

    await desk.page.click("#logout")

    await expect(desk.page.locator("#login")).to_be_visible()


# --- what it shows


async def test_scans_are_shown_and_counted_as_they_happen(desk: Desk) -> None:
    await desk.sell("T1")
    assert (await desk.scan("T1"))["decision"] == "granted"

    await inside(desk, "hall", "1")
    await expect(desk.page.locator("[data-space=hall] .inside")).to_contain_text("of 300")
    await expect(desk.page.locator("#scans > li").first).to_contain_text("Granted")
    await expect(desk.page.locator("#granted")).to_have_text("1")
    await desk.scan("T1")
    await expect(desk.page.locator("#scans > li").first).to_contain_text("✕")
    await expect(desk.page.locator("#scans > li").first).to_contain_text("Refused · Already used")
    await expect(desk.page.locator("[data-reason=no_stamps_left]")).to_contain_text("Already used")
    await expect(desk.page.locator("[data-gate=door] .last")).to_contain_text("Already used")
    await expect(desk.page.locator("#health")).to_contain_text("✓")


async def test_two_tabs_show_the_same(desk: Desk) -> None:
    other = await desk.context.new_page()
    await other.goto("/")
    await desk.sell("T1", persons=4)
    await desk.scan("T1", persons=4)

    await inside(desk, "hall", "4")
    await expect(other.locator("[data-space=hall] .inside")).to_contain_text("4")


async def test_feed_is_filtered_and_the_filter_kept(desk: Desk) -> None:
    await desk.sell("T1")
    await desk.scan("T1")
    await desk.scan("T1")
    await expect(desk.page.locator("#scans > li")).to_have_count(2)

    await desk.page.click("[data-filter=denied]")

    await expect(desk.page.locator("#scans > li")).to_have_count(1)
    await desk.page.reload()
    await expect(desk.page.locator("#scans > li")).to_have_count(1)
    await desk.page.select_option("#feed-reader", "lane")
    await expect(desk.page.locator("#scans-none")).to_contain_text("No such scan")


async def test_arrivals_are_told_in_figures_beside_the_curve(desk: Desk) -> None:
    await expect(desk.page.locator("#course [data-figure=today]")).to_have_text("0")
    await expect(desk.page.locator(".chart canvas")).to_be_visible()


async def test_webhooks_are_seen_to_wait_to_fail_and_to_be_told(any_desk: Desk) -> None:
    calls = {"taken_s": None, "failing": None, "waiting": 0, "oldest_s": 0, "set_aside": 0}
    any_desk.house.services.operations.vitals.read = lambda: {
        "database": True, "unsent_s": 0.1, "late": 0, "clock_ms": 0,
        "webhooks": [
            calls | {"id": "till", "taken_s": 7},
            calls | {"id": "account", "waiting": 3, "oldest_s": 120, "failing": "HTTP 503 in 3 ms"},
            calls | {"id": "office", "taken_s": 9, "set_aside": 2},
        ],
    }  # fmt: skip
    machines = any_desk.page.locator("#machines")
    await expect(machines).to_contain_text("Webhook account", timeout=15_000)

    lines = machines.locator("dt:has-text('Webhook') + dd")
    for line, symbol, figure in zip(range(3), "✓✕!", ("7 s", "3", "2"), strict=True):
        await expect(lines.nth(line)).to_contain_text(symbol)
        await expect(lines.nth(line)).to_contain_text(figure)
    await expect(lines.nth(1)).to_contain_text("HTTP 503 in 3 ms")


async def test_lost_network_is_told_and_what_was_missed_is_there_afterwards(desk: Desk) -> None:
    await inside(desk, "hall", "0")
    await desk.context.set_offline(True)
    await expect(desk.page.locator("#stale")).to_contain_text("No connection to the gateway")
    await desk.sell("T1")
    await desk.scan("T1")

    await desk.context.set_offline(False)

    await inside(desk, "hall", "1")
    await expect(desk.page.locator("#stale")).to_have_count(0)


@pytest.mark.parametrize("facts", [{}, ABROAD], ids=["english-desktop", "french-phone"])
async def test_nothing_is_cut_off_and_nothing_bars_anybody(
    browser: Browser, house: House, facts: dict[str, Any]
) -> None:
    house.services.operations.alarms.raise_(Alarm.FORCED, equipment="lane", text="bang")
    async with a_desk(
        browser, house, color_scheme="dark" if facts else "light", reduced_motion="reduce", **facts
    ) as desk:
        await desk.sell("T1")
        await desk.scan("T1")
        for place in ("", "#tickets/T1", "#audit"):
            await desk.enter(place)
            await desk.page.locator("main .card").first.wait_for()
            found = await Axe().run(desk.page, options=VIOLATIONS)
            wide = await desk.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )

            assert found.violations_count == 0, found.generate_report()
            assert wide <= 0, place


async def test_language_follows_the_browser_and_can_be_switched(desk: Desk) -> None:
    await expect(desk.page.locator("#h-inside")).to_have_text("Inside now")

    await desk.page.click("button[lang=fr]")

    await expect(desk.page.locator("#h-inside")).to_have_text("Présents")
    await desk.page.reload()
    await expect(desk.page.locator("#h-inside")).to_have_text("Présents")


async def test_documentation_lists_every_call(page: Page) -> None:
    await page.goto("/docs")

    await expect(page.locator("#calls > details").first).to_contain_text("/v1/scans")
    assert await page.locator("#calls > details").count() >= 19


# --- what an operator does


async def test_gate_is_locked_and_set_back(any_desk: Desk) -> None:
    gate = any_desk.page.locator("[data-gate=door]")

    await gate.locator("[data-act=lock]").click()
    await expect(gate.locator(".ways .state.no").first).to_be_visible()
    await expect(any_desk.page.locator(".toast.yes")).to_be_visible()
    await gate.locator("[data-act=normal]").click()

    await expect(gate.locator(".ways")).to_have_count(0)


async def test_persons_waved_through_are_counted(any_desk: Desk) -> None:
    hall = any_desk.page.locator("[data-space=hall]")
    await hall.locator(".acts button").first.click()
    await any_desk.page.fill("dialog [name=persons]", "7")
    await any_desk.page.fill("dialog [name=why]", "school class")
    await confirmed(any_desk.page)

    await inside(any_desk, "hall", "7")


async def test_evacuation_takes_two_steps_to_begin_and_two_to_end(any_desk: Desk) -> None:
    page, evacuation = any_desk.page, any_desk.house.services.operations.evacuation
    begin = page.locator("[data-space=hall] .acts button.alert")
    await begin.click()
    await expect(page.locator("dialog .points li")).to_have_count(5)
    await page.keyboard.press("Escape")
    assert evacuation.spaces == []

    await begin.click()
    await confirmed(page)
    assert evacuation.spaces == []
    await confirmed(page)

    banner = page.locator("#evacuation")
    await expect(banner).to_contain_text("⚠")
    await expect(banner).to_contain_text("Great hall")
    await banner.locator("button.danger").click()
    await confirmed(page)
    await expect(page.locator(".toast.no")).to_be_visible()  # nobody has said that it is clear
    await banner.locator("button").first.click()
    await confirmed(page)
    await banner.locator("button.danger").click()
    await confirmed(page)
    await expect(banner).to_have_count(0)
    assert evacuation.spaces == []


async def test_alarm_appears_is_acknowledged_and_goes_when_it_is_over(any_desk: Desk) -> None:
    alarms = any_desk.house.services.operations.alarms
    alarms.raise_(Alarm.FORCED, equipment="lane", direction="entry", text="bang")
    alarm = any_desk.page.locator("[data-alarm='forced.lane.entry']")
    await expect(alarm).to_contain_text("bang")

    await alarm.locator("[data-act=ack]").click()
    await expect(alarm).to_contain_text("operator")

    alarms.clear(Alarm.FORCED, equipment="lane", direction="entry")
    await expect(alarm).to_have_count(0)


async def test_alarms_that_hold_are_all_in_sight_and_the_others_a_press_away(desk: Desk) -> None:
    alarms = desk.house.services.operations.alarms
    for kind in (Alarm.FORCED, Alarm.TAILGATING, Alarm.WRONG_WAY, Alarm.HELD_OPEN):
        for gate in ("door", "lane"):
            alarms.raise_(kind, equipment=gate)
            if kind is not Alarm.FORCED:
                alarms.clear(kind, equipment=gate)
    shown = desk.page.locator("[data-alarm]")
    await expect(desk.page.locator("#alarms-all")).to_contain_text("5 more")
    await expect(shown).to_have_count(3)
    await expect(desk.page.locator("[data-alarm].no")).to_have_count(2)

    await desk.page.click("#alarms-all")

    await expect(shown).to_have_count(8)


async def test_viewer_sees_everything_and_has_no_buttons(browser: Browser, house: House) -> None:
    house.services.operations.alarms.raise_(Alarm.FORCED, equipment="lane")
    async with a_desk(browser, house, "viewer") as desk:
        await expect(desk.page.locator("[data-alarm]")).to_contain_text("Forced")
        await expect(desk.page.locator("[data-gate=door]")).to_be_visible()
        await expect(desk.page.locator("main .acts button")).to_have_count(0)


async def test_what_people_did_is_listed(desk: Desk) -> None:
    await desk.page.locator("[data-gate=door] [data-act=lock]").click()
    await desk.page.locator(".toast.yes").wait_for()

    await desk.enter("#audit")

    row = desk.page.locator("tbody tr").first
    await expect(row).to_contain_text("operator")
    await expect(row).to_contain_text("Gate")
    await expect(row).to_contain_text("told: lock")
