"""What an operator sees on the dashboard."""

from playwright.async_api import Page, expect

from gateway.http.services import HealthReport
from gateway.people.roles import Role
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


async def test_gates_show_their_state_and_follow_an_operator(page: Page, venue: Venue) -> None:
    await log_in(page)
    gate = page.locator("[data-gate=north-1]")
    await expect(gate).to_contain_text("✓ Ready")

    await gate.get_by_role("button", name="Lock").click()

    await expect(gate).to_contain_text("✕ Locked")
    assert venue.operations.modes.mode("north-1", "entry") == "locked"
    await gate.get_by_role("button", name="Normal").click()
    await expect(gate).to_contain_text("✓ Ready")


async def test_barrier_goes_up_while_its_gate_is_open(page: Page, venue: Venue) -> None:
    await log_in(page)
    gate = page.locator("[data-gate=north-1]")
    await expect(gate).not_to_have_class("gate opened")

    venue.operations.panel.note("north-1", state="released", counters={"entry": 31, "exit": 17})

    await expect(gate).to_have_class("gate opened")
    await expect(gate).to_contain_text("→ Released")
    await expect(gate).to_contain_text("entry 31 · exit 17")
    venue.operations.panel.note("north-1", state="idle")
    await expect(gate).to_have_class("gate")


async def test_viewer_sees_gates_and_alarms_and_has_no_buttons(page: Page, venue: Venue) -> None:
    venue.operations.alarms.raise_("forced", equipment="north-1")
    await log_in(page, who=Role.VIEWER)

    await expect(page.locator("[data-alarm]")).to_contain_text("⚠ Forced")
    await expect(page.locator("[data-gate=north-1]")).to_be_visible()
    await expect(page.locator("main .acts button:visible")).to_have_count(0)


async def test_alarm_appears_is_acknowledged_and_goes_when_it_is_over(
    page: Page, venue: Venue
) -> None:
    await log_in(page)
    await expect(page.locator("#alarms-part")).to_be_hidden()

    venue.operations.alarms.raise_("forced", equipment="north-1", direction="entry", text="bang")
    alarm = page.locator("[data-alarm='forced.north-1.entry']")
    await expect(alarm).to_contain_text("bang")
    await alarm.get_by_role("button", name="Acknowledge").click()
    await expect(alarm).to_contain_text("seen by operator")

    venue.operations.alarms.clear("forced", equipment="north-1", direction="entry")
    await expect(alarm).to_have_count(0)


async def test_evacuation_takes_two_steps_to_begin_and_two_to_end(page: Page, venue: Venue) -> None:
    await log_in(page)
    hall = page.locator("[data-space=hall]")

    await hall.get_by_role("button", name="Evacuate…").click()
    await page.keyboard.press("Escape")
    assert venue.operations.evacuation.spaces == []
    await hall.get_by_role("button", name="Evacuate…").click()
    await page.locator("#sure .yes-do").click()

    banner = page.locator("#evacuation")
    await expect(banner).to_contain_text("⚠ EVACUATION · Great hall")
    await expect(hall).to_contain_text("⚠ EVACUATION")
    await banner.get_by_role("button", name="Return to service…").click()
    await page.locator("#sure .yes-do").click()
    await expect(page.locator("#said")).to_contain_text("nobody has set the space to normal")
    await banner.get_by_role("button", name="It is clear").click()
    await page.locator("#sure .yes-do").click()
    await banner.get_by_role("button", name="Return to service…").click()
    await page.locator("#sure .yes-do").click()
    await expect(banner).to_be_hidden()
    assert venue.operations.evacuation.spaces == []


async def test_dashboard_speaks_french(page: Page, venue: Venue) -> None:
    venue.operations.alarms.raise_("tailgating", equipment="north-1", direction="entry")
    await log_in(page)
    await page.click("#languages [lang=fr]")

    await expect(page.locator("[data-alarm]")).to_contain_text("Deux pour un")
    await expect(page.locator("[data-gate=north-1]")).to_contain_text("Verrouiller")
