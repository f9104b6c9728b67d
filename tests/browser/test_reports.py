"""The office's reports in a browser: asked, read, opened, taken as files, printed; real stores."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from gateway.central.reports.tables import reports
from gateway.central.streamer import Streamer
from tests.browser.conftest import ABROAD, IN_ITS_LOOP, VIOLATIONS, Desk, a_desk, fixture
from tests.integration.http.conftest import House, a_streamer

pytestmark = IN_ITS_LOOP

COME = 3
EVENTS = COME + 1
"""One of those who came is refused a second time."""


@pytest.fixture(scope="session", autouse=True)
def _reports_read() -> None:
    """Read the reports before a loop runs; a server reads them in a thread."""
    reports()


@fixture
async def streaming(house: House) -> AsyncIterator[Streamer]:
    async with a_streamer(house) as streamer:
        yield streamer


@fixture
async def day(house: House, streaming: Streamer) -> House:
    """A day with a session of three tickets that came and one that did not."""
    await house.sell(
        "INSERT INTO composteur.session (id, product, starts_at, ends_at, label, places)"
        " VALUES ('s1', 'day', now() - interval '1 min', now() + interval '1 h', 'Morning', 10)"
    )
    for number in range(COME + 1):
        await house.sell(
            "INSERT INTO composteur.ticket (code, product, session, holder)"
            f" VALUES ('T{number}', 'day', 's1', 'Holder {number}')"
        )
    await house.admin.put_sessions(await house.central.fetch("feed.sessions", ["s1"], [1]))
    codes = [f"T{number}" for number in range(COME + 1)]
    await house.admin.put_tickets(
        await house.central.fetch("feed.tickets", codes, [1] * len(codes))
    )
    for number in (*range(COME), 0):
        answer = await house.client.post(
            "/v1/scans",
            json={"code": f"T{number}", "reader": "door", "direction": "entry"},
            headers=house.bearer("scanner"),
        )
        assert answer.status == 200
    async with asyncio.timeout(10):
        while streaming.counted < EVENTS:  # noqa: ASYNC110 - it is polled
            await asyncio.sleep(0.02)
    return house


@asynccontextmanager
async def office(
    browser: Browser, house: House, who: str = "operator", **facts: Any
) -> AsyncIterator[Desk]:
    async with a_desk(browser, house, who, "/reports", **facts) as desk:
        yield desk


async def show(desk: Desk, name: str, **given: str) -> None:
    query = "&".join(f"{key}={value}" for key, value in given.items())
    await desk.page.goto(f"/reports#{name}?{query}")
    await expect(desk.page.locator(f"#answer[data-report={name}]")).to_be_visible()


async def total(desk: Desk, column: str, figure: str) -> None:
    await expect(desk.page.locator(f"#answer [data-total={column}]")).to_have_text(figure)


async def test_figures_add_up_and_open_to_the_events_they_count(
    browser: Browser, day: House
) -> None:
    async with office(browser, day) as desk:
        await show(desk, "stamps")
        await total(desk, "stamps", f"{COME}")

        await desk.page.locator("#answer tbody button.link").first.click()

        opened = desk.page.locator("#opened")
        await expect(opened.locator("tbody tr")).to_have_count(COME)
        await expect(opened.locator("[data-total=stamps]")).to_have_text(f"{COME}")
        await expect(opened.locator("tbody")).to_contain_text("T0")
        await expect(opened.locator("h2")).to_be_focused()


async def test_a_filter_narrows_the_figures_and_stands_in_the_address(
    browser: Browser, day: House
) -> None:
    async with office(browser, day) as desk:
        await show(desk, "attendance")
        await total(desk, "entries", f"{COME}")

        await desk.page.select_option("#ask [name=space]", "vault")
        await desk.page.click("#ask button.main")

        await expect(desk.page.locator("#answer")).to_contain_text("Nothing in this period")
        assert "space=vault" in desk.page.url
        await desk.page.go_back()
        await total(desk, "entries", f"{COME}")


async def test_chosen_columns_are_those_of_the_table(browser: Browser, day: House) -> None:
    async with office(browser, day) as desk:
        await show(desk, "arrivals")
        await desk.page.click(".columns summary")
        for name in "session", "expected", "come":
            await desk.page.click(f"[data-column={name}]")
        await desk.page.click("#ask button.main")

        await expect(desk.page.locator("#answer thead th")).to_have_text(
            ["Session", "Expected", "Come"]
        )
        await total(desk, "come", f"{COME}")


async def test_files_hold_what_is_shown_in_the_language_of_the_page(
    browser: Browser, day: House, tmp_path: Path
) -> None:
    async with office(browser, day) as desk:
        await desk.page.click("button[lang=fr]")
        await show(desk, "stamps")
        files = {}
        for kind in "csv", "xlsx":
            async with desk.page.expect_download() as coming:
                await desk.page.click(f"[data-format={kind}]")
            files[kind] = tmp_path / f"report.{kind}"
            await (await coming.value).save_as(files[kind])

    text = await asyncio.to_thread(files["csv"].read_text)
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["product"], row["stamps"]) == ("day", f"{COME}")
    book = await asyncio.to_thread(openpyxl.load_workbook, files["xlsx"])
    head, *_, totals = book[book.sheetnames[0]].values
    assert (head[0], totals[0], totals[2]) == ("Produit", "Total", COME)


async def test_the_door_list_is_reached_from_the_missing_and_goes_on_paper(
    browser: Browser, day: House
) -> None:
    async with office(browser, day) as desk:
        page = desk.page
        await show(desk, "arrivals")
        await total(desk, "missing", "1")

        await page.locator("#answer tbody a", has_text="1").last.click()

        await expect(page.locator("[data-session=s1]")).to_contain_text("missing 1")
        await expect(page.locator("[data-session=s1] tbody tr")).to_have_count(1)
        await expect(page.locator("[data-session=s1] tbody")).to_contain_text(f"Holder {COME}")
        await page.emulate_media(media="print")
        await expect(page.locator("#print")).to_be_hidden()
        await expect(page.locator("#ask")).to_be_hidden()
        await expect(page.locator("[data-session=s1]")).to_be_visible()


async def test_a_viewer_sees_figures_and_nobodys_name(browser: Browser, day: House) -> None:
    async with office(browser, day, "viewer") as desk:
        await show(desk, "ticket-stamps")

        await total(desk, "stamps", f"{COME}")
        await expect(desk.page.locator("#answer")).not_to_contain_text("Holder")
        await expect(desk.page.locator(".tabs")).not_to_contain_text("Door list")
        await show(desk, "arrivals")
        await total(desk, "come", f"{COME}")
        await expect(desk.page.locator("#answer tbody a")).to_have_count(0)


async def test_asked_again_the_figures_are_those_of_now(browser: Browser, day: House) -> None:
    async with office(browser, day) as desk:
        await show(desk, "refusals")
        await desk.page.click("#ask button.main")
        await total(desk, "refusals", "1")
        await desk.scan("T1")

        figure = desk.page.locator("#answer [data-total=refusals]")
        async with asyncio.timeout(10):
            while await figure.inner_text() != "2":
                await desk.page.click("#ask button.main")
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("facts", [{}, ABROAD], ids=["english-desktop", "french-phone"])
async def test_nothing_is_cut_off_and_nothing_bars_anybody(
    browser: Browser, day: House, facts: dict[str, Any]
) -> None:
    async with office(browser, day, color_scheme="dark" if facts else "light", **facts) as desk:
        for name in ("attendance", "stamps", "arrivals", "ticket-stamps", "door-list", "refusals"):
            await show(desk, name)
            if name == "stamps":
                await desk.page.locator("#answer tbody button.link").first.click()
                await desk.page.locator("#opened tbody tr").first.wait_for()
            found = await Axe().run(desk.page, options=VIOLATIONS)
            wide = await desk.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )

            assert found.violations_count == 0, found.generate_report()
            assert wide <= 0, name
