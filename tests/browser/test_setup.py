"""The set-up pages: the site file changed in a browser, with real stores behind it."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

import config
from gateway.entitlements.library import library
from gateway.venue.lookout import Seen
from tests.browser.conftest import IN_ITS_LOOP, VIOLATIONS, fixture, log_in
from tests.integration.http.conftest import House, a_house

pytestmark = IN_ITS_LOOP

PARTS = ("spaces", "equipment", "plannings", "periods", "keys", "general", "file")
TEXT = """\
[site]
id = "museum"
name = "Museum"
timezone = "Europe/Paris"

[stores]
mqtt = "embedded"

[[space]]
id = "hall"
name = "Great hall"
capacity = 300                # as the fire service allows
planning = "opening"

[[space]]
id = "vault"
parent = "hall"

# --- when it is open
[[period]]
id = "summer"
name = "Summer"
days = ["2027-07-01..2027-08-31"]

[[planning]]
id = "opening"
week = { tue = ["10:00-18:00"], sat = ["10:00-20:00"] }

[[equipment]]
id = "door"
space = "hall"
direction = "both"

[[equipment]]
id = "vault-door"
space = "vault"
"""


@dataclass
class SetUp:
    """The pages in a browser, and the file behind them."""

    page: Page
    house: House
    file: Path

    async def open(self, part: str) -> None:
        await self.page.goto(f"/setup#{part}")
        await self.page.wait_for_selector(f".tabs a[href='#{part}'][aria-current]")

    async def tables(self) -> dict[str, Any]:
        return tomllib.loads(await asyncio.to_thread(self.file.read_text))

    async def apply(self) -> None:
        await self.page.click("#review")
        await self.page.click("#apply")
        await self.page.wait_for_selector(".toast.yes")

    async def drag(self, from_: Any, to: Any) -> None:
        """Drag from the middle of one element to the middle of another."""
        await from_.scroll_into_view_if_needed()
        for element, act in ((from_, "down"), (to, "up")):
            box = await element.bounding_box()
            assert box is not None
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            await self.page.mouse.move(x, y, steps=4)
            await getattr(self.page.mouse, act)()


@fixture
async def setup(
    browser: Browser, redis_url: str, database_url: str, tmp_path: Path
) -> AsyncIterator[SetUp]:
    file = tmp_path / "site.toml"
    await asyncio.to_thread(file.write_text, TEXT)
    site = await asyncio.to_thread(config.load, file)
    await asyncio.to_thread(library)
    async with a_house(redis_url, database_url, site=site, file=file) as house:
        address = str(house.client.make_url("")).rstrip("/")
        context = await browser.new_context(locale="en-GB", base_url=address)
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda told: wrong.append(told.text) if "Content Security" in told.text else None,
        )
        await log_in(context, house, "admin")
        await page.goto("/setup")
        await page.wait_for_selector(".setup")
        yield SetUp(page, house, file)
        await context.close()
        assert wrong == []


async def test_a_changed_space_is_reviewed_applied_and_can_be_taken_back(setup: SetUp) -> None:
    page = setup.page
    await page.click("#space-hall > summary")
    await page.fill("#space-hall [name=capacity]", "250")
    await page.press("#space-hall [name=capacity]", "Tab")
    await page.click("#review")
    difference = page.locator(".difference")

    await expect(difference).to_contain_text("-capacity = 300")
    await expect(difference).to_contain_text("+capacity = 250                # as the fire service")
    await page.click("#apply")
    await page.wait_for_selector(".toast.yes")
    assert (await setup.tables())["space"][0]["capacity"] == 250
    assert setup.house.services.spaces["hall"].capacity == 250

    await setup.open("file")
    await page.click("#back")
    await page.click("#apply")
    await expect(page.locator("#text")).to_have_value(TEXT)
    assert await asyncio.to_thread(setup.file.read_text) == TEXT


async def test_what_is_wrong_is_told_at_its_field_and_cannot_be_applied(setup: SetUp) -> None:
    page = setup.page
    await page.click("#space-hall > summary")
    await page.fill("#space-hall [name=capacity]", "many")
    await page.press("#space-hall [name=capacity]", "Tab")

    await expect(page.locator("#space-hall .field.wrong")).to_contain_text("found 'many'")
    await expect(page.locator(".pending .state")).to_contain_text("1 error")
    await page.click("#review")
    await expect(page.locator("#apply")).to_be_disabled()
    await page.press("dialog", "Escape")
    await page.click(".pending button:has-text('Undo')")
    await expect(page.locator(".pending")).to_have_count(0)


async def test_a_week_is_dragged_moved_by_keys_and_typed(setup: SetUp) -> None:
    page = setup.page
    await setup.open("plannings")
    monday = page.locator(".day", has_text="Monday")
    box = await monday.locator(".track").bounding_box()
    assert box is not None

    def at(hour: float) -> tuple[float, float]:
        return box["x"] + box["width"] * hour / 30, box["y"] + box["height"] / 2

    await page.mouse.move(*at(9))
    await page.mouse.down()
    await page.mouse.move(*at(12), steps=5)
    await page.mouse.up()
    await expect(monday.locator("input")).to_have_value("09:00-12:00")
    await page.locator(".day", has_text="Tuesday").locator(".bar").focus()
    await page.keyboard.press("Shift+ArrowRight")
    await page.locator(".day", has_text="Saturday").locator("input").fill("22-2")
    await page.keyboard.press("Tab")
    await setup.apply()

    assert (await setup.tables())["planning"][0]["week"] == {
        "mon": ["09:00-12:00"],
        "tue": ["10:00-18:15"],
        "sat": ["22:00-02:00"],
    }


async def test_days_are_dragged_into_a_period_and_out_of_it(setup: SetUp) -> None:
    page = setup.page
    await setup.open("periods")
    while await page.inner_text("#h-year") != "2027":
        await page.click("[aria-label='The year after']")

    first, last = (page.locator(f"[data-day='2027-09-0{day}']") for day in (1, 3))
    await setup.drag(first, last)
    await page.locator("[data-day='2027-07-01']").focus()
    await page.keyboard.press("Space")
    await setup.apply()

    assert (await setup.tables())["period"][0]["days"] == ["2027-07-02..2027-09-03"]


async def test_tables_are_added_removed_and_devices_described(setup: SetUp) -> None:
    page = setup.page

    async def look() -> list[Seen]:
        return [Seen("mqtt", "north-2", {}, equipment="north-2", online=True)]

    setup.house.services.look = look
    await page.fill(".add input", "annex")
    await page.press(".add input", "Enter")
    await page.click("#space-vault > summary")
    await page.click("#space-vault button:has-text('Remove')")
    await page.click("dialog button.danger")
    await setup.open("equipment")
    await expect(page.locator(".pending .state")).to_contain_text("1 error")
    await page.click("#equipment-vault-door > summary")
    await page.select_option("#equipment-vault-door [name=space]", "annex")
    await page.click("#look")
    await page.click(".device button")
    await setup.apply()

    tables = await setup.tables()
    assert [space["id"] for space in tables["space"]] == ["hall", "annex"]
    assert tables["controller"] == [{"id": "mqtt-gates", "driver": "mqtt"}]
    assert [each["id"] for each in tables["equipment"]] == ["door", "vault-door", "north-2"]


async def test_a_key_is_shown_once_and_revoked(setup: SetUp) -> None:
    page = setup.page
    await setup.open("keys")
    await page.fill("form [maxlength='64']", "till-7")
    await page.click("form button.main")
    made = await page.inner_text("#new-key")
    await page.click("dialog button.main")

    row = page.locator("tr[data-row='till-7']")
    await expect(row).to_contain_text("scanner")
    assert made not in await page.content()
    await row.locator("button").click()
    await page.click("dialog button.danger")
    await expect(row).to_have_count(0)


async def test_pages_are_accessible_in_both_languages_and_say_what_may_not_be_changed(
    setup: SetUp,
) -> None:
    page = setup.page
    file = setup.house.services.site_file
    assert file is not None
    file.read_only = True
    await page.reload()
    themes: dict[str, Literal["light", "dark"]] = {"en": "light", "fr": "dark"}
    for language, theme in themes.items():
        await page.emulate_media(color_scheme=theme)
        await page.click(f"button[lang={language}]")
        for part in PARTS:
            await setup.open(part)
            await page.evaluate(
                "document.querySelectorAll('details').forEach((one) => one.open = true)"
            )
            found = await Axe().run(page, options=VIOLATIONS)
            assert found.violations_count == 0, (language, part, found.generate_report())
    await expect(page.locator(".banner")).to_contain_text("--read-only")
    await expect(page.locator("#save")).to_have_count(0)
