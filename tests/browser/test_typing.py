"""What somebody is writing is never taken away by an answer or an event that comes meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import IN_ITS_LOOP, Desk, a_desk
from tests.browser.test_setup import TEXT, SetUp, setup
from tests.integration.http.conftest import House

pytestmark = IN_ITS_LOOP

__all__ = ("setup",)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@asynccontextmanager
async def held(page: Page, pattern: str) -> AsyncIterator[None]:
    """Hold the answers to what is asked of these addresses back until the block is left."""
    let_go = asyncio.Event()
    asked = asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await let_go.wait()
        await route.continue_()

    await page.route(pattern, hold)
    yield
    async with asyncio.timeout(10):
        await asked.wait()
    async with page.expect_response(pattern):
        let_go.set()
    await page.unroute(pattern, hold)


def day(page: Page, name: str) -> Locator:
    return page.locator(".day", has_text=name)


async def drawn(page: Page, element: Locator, from_hour: float, to_hour: float) -> None:
    """Drag along a day's line of hours."""
    box = await element.locator(".track").bounding_box()
    assert box is not None
    for hour, act in ((from_hour, page.mouse.down), (to_hour, page.mouse.up)):
        await page.mouse.move(
            box["x"] + box["width"] * hour / 30, box["y"] + box["height"] / 2, steps=3
        )
        await act()


# --- set-up


async def test_seven_days_typed_without_a_pause_are_all_applied(setup: SetUp) -> None:
    page = setup.page
    await setup.open("plannings")
    for turn in range(3):
        for number in range(7):
            await page.locator(".day input").nth(number).fill(f"{turn + 7}:{number:02}-18")
            await page.keyboard.press("Tab")

    await setup.apply()

    week = (await setup.tables())["planning"][0]["week"]
    assert week == {name: [f"09:{number:02}-18:00"] for number, name in enumerate(WEEK)}


async def test_an_answer_that_comes_while_a_day_is_written_leaves_it_as_it_is(setup: SetUp) -> None:
    page = setup.page
    await setup.open("plannings")
    tuesday = day(page, "Tuesday").locator("input")
    async with held(page, "**/v1/site/draft"):
        await day(page, "Monday").locator("input").fill("9-12")
        await page.keyboard.press("Tab")
        await tuesday.fill("8-1")
    await expect(page.locator(".pending .state")).to_contain_text("can be applied")

    await expect(tuesday).to_have_value("8-1")
    await page.keyboard.type("1")
    await page.keyboard.press("Tab")
    await expect(tuesday).to_have_value("08:00-11:00")
    await setup.apply()
    week = (await setup.tables())["planning"][0]["week"]
    assert (week["mon"], week["tue"]) == (["09:00-12:00"], ["08:00-11:00"])


async def test_days_dragged_moved_and_typed_during_a_check_are_all_applied(setup: SetUp) -> None:
    page = setup.page
    await setup.open("plannings")
    async with held(page, "**/v1/site/draft"):
        await day(page, "Monday").locator("input").fill("9-12")  # left for the mouse, without Tab
        await drawn(page, day(page, "Wednesday"), 9, 12)
        await day(page, "Tuesday").locator(".bar").focus()
        await page.keyboard.press("Shift+ArrowRight")
        await page.click("fieldset button:has-text('Add a day')")
        await page.locator(".exception input").first.fill("2027-12-24")
        await day(page, "Sunday").locator("input").fill("22-2")
        await drawn(page, day(page, "Friday"), 14, 18)
    await setup.apply()

    [planning] = (await setup.tables())["planning"]
    assert planning["week"] == {
        "mon": ["09:00-12:00"],
        "tue": ["10:00-18:15"],
        "wed": ["09:00-12:00"],
        "fri": ["14:00-18:00"],
        "sat": ["10:00-20:00"],
        "sun": ["22:00-02:00"],
    }
    assert planning["exception"] == [{"date": "2027-12-24", "exclude": ["00:00-24:00"]}]


async def test_what_is_changed_while_the_file_is_written_stays_to_be_applied(setup: SetUp) -> None:
    page = setup.page
    await setup.open("plannings")
    await drawn(page, day(page, "Monday"), 9, 12)
    async with held(page, "**/v1/site"):
        await page.click("#review")
        await page.click("#apply")
        await drawn(page, day(page, "Friday"), 14, 18)
        await day(page, "Sunday").locator("input").fill("1")
    await page.wait_for_selector(".toast.yes")
    await expect(page.locator(".pending")).to_contain_text("1 change not applied")
    await expect(day(page, "Sunday").locator("input")).to_have_value("1")

    await page.keyboard.type("0-12")
    await page.click("#review")
    await expect(page.locator(".difference")).to_contain_text('fri = ["14:00-18:00"]')
    await page.click("#apply")
    await expect(page.locator(".pending")).to_have_count(0)
    week = (await setup.tables())["planning"][0]["week"]
    assert [week[name] for name in ("mon", "fri", "sun")] == [
        ["09:00-12:00"], ["14:00-18:00"], ["10:00-12:00"],
    ]  # fmt: skip


async def test_review_pressed_at_once_waits_for_the_last_change(setup: SetUp) -> None:
    page = setup.page
    await page.click("#space-hall > summary")
    await page.fill("#space-hall [name=capacity]", "250")
    await page.press("#space-hall [name=capacity]", "Tab")
    await expect(page.locator(".pending .state")).to_contain_text("can be applied")
    async with held(page, "**/v1/site/draft"):
        await page.fill("#space-hall [name=name]", "Hall")
        await page.click("#review")  # leaves the field, and so changes it
        await expect(page.locator("dialog")).to_contain_text("being checked")
        await expect(page.locator("#apply")).to_be_disabled()

    await expect(page.locator(".difference")).to_contain_text('+name = "Hall"')
    await page.click("#apply")
    await page.wait_for_selector(".toast.yes")
    [hall, *_] = (await setup.tables())["space"]
    assert (hall["name"], hall["capacity"]) == ("Hall", 250)


async def test_changes_hold_on_a_file_that_somebody_else_has_changed(setup: SetUp) -> None:
    page = setup.page
    await page.click("#space-hall > summary")
    await page.fill("#space-hall [name=capacity]", "250")
    await page.press("#space-hall [name=capacity]", "Tab")
    await expect(page.locator(".pending .state")).to_contain_text("can be applied")
    theirs = TEXT.replace('"Summer"', '"Été"')
    await asyncio.to_thread(setup.file.write_text, theirs)
    await page.click("#review")
    await page.click("#apply")
    await expect(page.locator(".toast.no")).to_contain_text("changed")

    await setup.apply()

    assert await asyncio.to_thread(setup.file.read_text) == theirs.replace("= 300 ", "= 250 ")


async def test_a_check_that_got_no_answer_is_asked_for_again(setup: SetUp) -> None:
    page = setup.page
    await page.route("**/v1/site/draft", lambda route: route.abort(), times=1)
    await page.click("#space-hall > summary")
    await page.fill("#space-hall [name=capacity]", "250")
    await page.press("#space-hall [name=capacity]", "Tab")
    await expect(page.locator(".pending .state.no")).to_be_visible()

    await expect(page.locator(".pending .state")).to_contain_text("can be applied")


async def test_hours_that_are_none_stay_to_be_mended_and_are_told(setup: SetUp) -> None:
    page = setup.page
    await setup.open("plannings")
    monday = day(page, "Monday").locator("input")
    await monday.fill("9h-midi")
    await page.keyboard.press("Tab")

    await expect(page.locator(".pending .state")).to_contain_text("1 error")
    await expect(monday).to_have_value("9h-midi")
    await expect(monday).to_have_attribute("aria-invalid", "true")
    await monday.fill("9-12")
    await page.keyboard.press("Tab")
    await expect(page.locator(".pending .state")).to_contain_text("can be applied")


async def test_a_file_written_by_hand_outlives_a_walk_to_another_part_and_its_save(
    setup: SetUp,
) -> None:
    page = setup.page
    text = page.locator("#text")
    await setup.open("file")
    await text.fill(TEXT.replace("300", "250"))
    await page.click(".tabs a[href='#spaces']")
    await page.click("#space-hall > summary")
    await expect(page.locator("#space-hall [name=capacity]")).to_be_disabled()
    await page.click(".banner a")
    await expect(text).to_have_value(TEXT.replace("300", "250"))

    async with held(page, "**/v1/site"):
        await page.click("#save")
        await text.press("Control+End")
        await page.keyboard.type("# more")
    await page.wait_for_selector(".toast.yes")

    await expect(text).to_have_value(TEXT.replace("300", "250") + "# more")
    assert await asyncio.to_thread(setup.file.read_text) == TEXT.replace("300", "250")
    async with page.expect_response(lambda response: response.request.method != "GET"):
        await page.click("#save")
    await expect(page.locator("#save")).to_be_disabled()
    assert (await asyncio.to_thread(setup.file.read_text)).endswith("# more")


# --- the dashboard


async def test_an_older_search_shows_nothing_over_a_newer_one(desk: Desk) -> None:
    page = desk.page
    await desk.sell("T1", order_ref="A-1")
    await desk.sell("T2", holder="Ada")
    await desk.enter("#tickets")
    await page.click("[data-way=order]")
    async with held(page, "**/v1/tickets?order=*"):
        await page.fill("[name=find]", "A-1")
        await page.keyboard.press("Enter")
        await page.click("[data-way=holder]")
        await page.fill("[name=find]", "Ada")
        await page.keyboard.press("Enter")
        await expect(page.locator("#find tbody tr")).to_have_count(1)

    await expect(page.locator("#find tbody tr")).to_contain_text("T2")


async def test_a_code_looked_up_leads_nobody_away_who_writes_on(desk: Desk) -> None:
    page = desk.page
    await desk.sell("T1")
    await desk.enter("#tickets")
    async with held(page, "**/v1/tickets/T1"):
        await page.fill("[name=find]", "T1")
        await page.keyboard.press("Enter")
        await page.keyboard.type("7")

    await page.keyboard.press("Enter")
    await expect(page.locator("#find .problem")).to_be_visible()
    await expect(page.locator("[name=find]")).to_have_value("T17")
    await expect(page.locator("#ticket")).to_have_count(0)
    assert page.url.endswith("#tickets")


async def test_a_stamp_pressed_twice_is_one_and_its_answer_stays(desk: Desk) -> None:
    page = desk.page
    await desk.house.sell("UPDATE composteur.product SET max_stamps = 5")
    rows = await desk.house.central.fetch("feed.products", ["day"], [2])
    await desk.house.admin.put_products(rows)
    await desk.sell("T1", persons=2)
    await desk.enter("#tickets/T1")
    await page.fill("[name=persons]", "2")
    async with held(page, "**/v1/scans"):
        await page.dblclick("#act-stamp", force=True)
        await expect(page.locator("#act-stamp")).to_be_disabled()
    await page.route("**/v1/tickets/T1/history*", lambda route: route.abort())
    await expect(page.locator("#verdict")).to_contain_text("Granted")

    await desk.scan("T1", reader="lane", persons=2)  # asks for the ticket anew, in vain
    await expect(page.locator(".problem")).to_be_visible()

    await expect(page.locator("#verdict")).to_contain_text("Granted")
    await expect(page.locator("[name=persons]")).to_have_value("2")
    view = await desk.house.store.look("T1")
    assert view is not None
    assert view.made == 2


async def test_figures_that_arrive_leave_an_open_dialog_as_it_is(desk: Desk) -> None:
    page = desk.page
    await page.locator("[data-space=hall] .acts button").first.click()
    await page.fill("dialog [name=persons]", "1")
    await page.focus("dialog [name=why]")
    await page.keyboard.type("school ")
    await desk.sell("T1")
    await desk.scan("T1")
    await expect(page.locator("[data-space=hall] .inside")).to_contain_text("1")

    await page.keyboard.type("class")

    await expect(page.locator("dialog [name=why]")).to_have_value("school class")
    await expect(page.locator("dialog [name=persons]")).to_have_value("1")


# --- reports


async def test_a_filter_outlives_the_reports_being_learnt_anew(desk: Desk) -> None:
    page = desk.page
    await page.goto("/reports#stamps")
    field = page.locator("#ask [name=product]")
    async with held(page, "**/v1/reports?language=fr"):
        await page.click("button[lang=fr]")
        await field.fill("da")
    await expect(page.locator("#report")).to_contain_text("Compostages")

    await expect(field).to_have_value("da")
    await page.keyboard.type("y")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**product=day*")


async def test_more_rows_of_what_is_asked_no_more_are_not_shown(desk: Desk) -> None:
    page = desk.page
    let_go = asyncio.Event()
    shape: dict[str, Any] = {}

    async def answer(route: Route) -> None:
        if "after=" in route.request.url:
            await let_go.wait()
            await route.fulfill(json=shape | {"rows": [{"product_label": "LATE"}]})
            return
        response = await route.fetch()
        shape.update(await response.json())
        following = None if "space=" in route.request.url else "further"
        await route.fulfill(json=shape | {"next": following})

    await page.route("**/v1/reports/stamps?*", answer)
    await page.goto("/reports#stamps")
    await page.click("#more")
    await expect(page.locator("#more")).to_be_disabled()
    await page.select_option("#ask [name=space]", "vault")
    await page.click("#ask button.main")
    await page.wait_for_url("**space=vault*")
    await expect(page.locator("#more")).to_have_count(0)
    let_go.set()
    await page.unroute_all(behavior="wait")

    await expect(page.locator("#answer")).to_be_visible()
    await expect(page.locator("#answer")).not_to_contain_text("LATE")


# --- a handheld


async def test_persons_said_at_a_look_are_those_of_the_stamp(
    browser: Browser, house: House
) -> None:
    async with a_desk(browser, house, "lane", "/scan") as desk:
        page = desk.page
        await desk.sell("T1", persons=4)
        await page.uncheck("#automatic")
        await page.fill("[name=persons]", "3")
        await page.fill("#code", "T1")
        await page.keyboard.press("Enter")
        await page.click("#act-stamp")

        await expect(page.locator("#result")).to_contain_text("1 of 4 may still enter")


async def test_no_field_is_offered_that_a_list_will_take_the_place_of(
    browser: Browser, house: House
) -> None:
    async with a_desk(browser, house, "scanner", "/scan") as desk:
        page = desk.page
        async with held(page, "**/v1/equipment"):
            await page.reload()
            await expect(page.locator("#settings select")).to_be_disabled()
            await expect(page.locator("input[name=reader]")).to_have_count(0)

        await page.select_option("select[name=reader]", "lane")
        await page.fill("#code", "T1")
        await page.keyboard.press("Enter")
        await expect(page.locator("#result")).to_contain_text("Unknown")


async def test_a_reader_is_written_where_nobody_tells_which_there_are(
    browser: Browser, house: House
) -> None:
    async with a_desk(browser, house, "scanner", "/scan") as desk:
        page = desk.page
        await page.route("**/v1/equipment", lambda route: route.abort())
        await page.reload()
        await page.fill("input[name=reader]", "lane")
        await page.keyboard.press("Tab")
        await page.fill("#code", "T1")
        await page.keyboard.press("Enter")
        await expect(page.locator("#result")).to_contain_text("Unknown")
