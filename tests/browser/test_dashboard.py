"""What an operator sees on the dashboard."""

from playwright.async_api import Page, expect

from gateway.http.services import HealthReport
from tests.browser.conftest import log_in
from tests.unit.http.doubles import Venue, an_event


async def test_log_in_box_tells_how_to_make_a_key(page: Page) -> None:
    await page.goto("/")

    await expect(page.locator("#login")).to_contain_text(
        "composteur key create --role operator --name NAME"
    )
    await expect(page.locator("#page")).to_be_hidden()


async def test_key_that_is_not_known_is_told_in_words(page: Page) -> None:
    await page.goto("/")
    await page.fill("#key", "nonsense")
    await page.press("#key", "Enter")

    await expect(page.locator("#login [role=alert]")).to_contain_text("not known")


async def test_dashboard_shows_spaces_scans_and_refusals(page: Page) -> None:
    await log_in(page)

    await expect(page.locator("[data-space=hall] .inside")).to_contain_text("212")
    await expect(page.locator("[data-space=hall] .inside")).to_contain_text("of 300")
    await expect(page.locator("#scans > li").first).to_contain_text("✕")
    await expect(page.locator("#scans > li").first).to_contain_text("Refused · Already used")
    await expect(page.locator("#scans > li").nth(1)).to_contain_text("✓")
    await expect(page.locator("#granted")).to_have_text("4,211")
    await expect(page.locator("[data-reason=too_early]")).to_contain_text("Too early")
    await expect(page.locator("#health")).to_contain_text("✓ Ready")


async def test_scan_appears_as_it_happens(page: Page, venue: Venue) -> None:
    await log_in(page)
    await expect(page.locator("#scans > li")).to_have_count(3)
    venue.admin.rows.insert(0, an_event("1-10-0", reader="vault-1"))
    venue.admin.inside["vault"] = 18

    await expect(page.locator("#scans > li").first).to_contain_text("vault-1")
    await expect(page.locator("[data-space=vault] .inside")).to_contain_text("18")


async def test_missing_database_is_told_in_words(page: Page, venue: Venue) -> None:
    venue.health = HealthReport(ready=True, degraded=["database_unavailable"], durability="always")
    await log_in(page)

    await expect(page.locator("#stale")).to_contain_text("central database away")


async def test_language_follows_the_browser_and_can_be_switched(page: Page) -> None:
    await log_in(page)
    await page.click("#languages [lang=fr]")

    await expect(page.locator("#h-inside")).to_have_text("Présents")
    await expect(page.locator("#scans > li").first).to_contain_text("Refusé · Déjà utilisé")
    await page.reload()
    await expect(page.locator("#h-inside")).to_have_text("Présents")


async def test_session_survives_a_reload_and_ends_at_log_out(page: Page) -> None:
    await log_in(page)
    await page.reload()
    await expect(page.locator("[data-space=hall]")).to_be_visible()

    await page.click("#logout")

    await expect(page.locator("#login")).to_be_visible()


async def test_nothing_is_cut_off_at_360_pixels(page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await log_in(page)
    await expect(page.locator("[data-space=hall]")).to_be_visible()

    wide = await page.evaluate("document.documentElement.scrollWidth")

    assert wide <= 360


async def test_documentation_lists_every_call(page: Page) -> None:
    await page.goto("/docs")

    await expect(page.locator("#calls > details").first).to_contain_text("/v1/scans")
    assert await page.locator("#calls > details").count() >= 19
