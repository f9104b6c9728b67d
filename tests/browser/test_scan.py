"""What a steward does at the handheld page, mostly without a mouse; with real stores behind it."""

import base64
import io
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import segno
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, Page, Playwright, expect

from gateway.central.code_keys import CodeKeyTable
from gateway.entitlements.code_keys import CodeKeyShelf
from gateway.tickets.codes import signed
from gateway.tickets.codes.keys import Kind
from gateway.venue.code_desk import CodeDesk
from tests.browser.conftest import (
    ABROAD,
    ARGUMENTS,
    CHROMIUM,
    IN_ITS_LOOP,
    VIOLATIONS,
    Desk,
    a_desk,
    fixture,
)
from tests.integration.http.conftest import SITE, House

pytestmark = IN_ITS_LOOP


@fixture
async def station(browser: Browser, house: House) -> AsyncIterator[Desk]:
    """A steward's handheld at the door, whose reader carries the list."""
    async with a_desk(browser, house, "door", "/scan") as desk:
        await desk.sell("T1", holder="Ada")
        yield desk


@fixture(params=[{}, ABROAD], ids=["english-desktop", "french-phone"])
async def any_station(
    browser: Browser, house: House, request: pytest.FixtureRequest
) -> AsyncIterator[Desk]:
    async with a_desk(browser, house, "door", "/scan", **request.param) as desk:
        await desk.sell("T1", holder="Ada")
        yield desk


async def typed(page: Page, code: str) -> None:
    """Type as a hardware scanner does: fast, then Enter."""
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")


async def shows(desk: Desk, kind: str, *texts: str) -> None:
    result = desk.page.locator("#result")
    await expect(result).to_have_class(f"result {kind}")
    for text in texts:
        await expect(result).to_contain_text(text)


async def carried(desk: Desk, count: int) -> None:
    await expect(desk.page.locator("#carried")).to_contain_text(str(count))


# --- with the gateway


async def test_scan_has_colour_symbol_and_word(any_station: Desk) -> None:
    await typed(any_station.page, "T1")
    await shows(any_station, "yes", "✓", "Day ticket", "Ada")

    await any_station.page.click("#act-next")  # else it is the same reading within three seconds
    await typed(any_station.page, "T1")

    await shows(any_station, "no", "✕")
    await expect(any_station.page.locator("#result .big")).to_contain_text(
        "Already used"
        if await any_station.page.evaluate("document.documentElement.lang") == "en"
        else "Déjà utilisé"
    )


async def test_scanner_needs_no_mouse_between_tickets(station: Desk) -> None:
    await station.sell("T2")
    await station.page.evaluate("document.activeElement.blur()")
    for code in ("T1", "NOBODY", "T2"):
        await typed(station.page, code)
        await expect(station.page.locator("#result .code").last).to_have_text(code)

    await expect(station.page.locator("#recent > li")).to_have_count(3)
    await expect(station.page.locator("#code")).to_be_focused()
    await expect(station.page.locator("#code")).to_have_value("")


async def test_same_code_read_twice_at_once_is_one_scan(station: Desk) -> None:
    await typed(station.page, "T1")
    await shows(station, "yes")

    await typed(station.page, "T1")

    await shows(station, "yes")
    await expect(station.page.locator("#recent > li")).to_have_count(1)


async def test_looking_first_shows_the_ticket_and_then_stamps(station: Desk) -> None:
    await station.page.uncheck("#automatic")
    await station.page.focus("#code")
    await typed(station.page, "T1")
    await shows(station, "yes", "Valid", "0 of 1")

    await station.page.click("#act-stamp")

    await shows(station, "yes", "Granted", "1 of 1")


async def test_link_from_a_till_opens_on_its_ticket_and_stamps_nothing(station: Desk) -> None:
    await station.page.goto("/scan?code=T1")

    await shows(station, "yes", "Valid", "0 of 1")


async def test_exit_is_chosen_with_one_press(station: Desk) -> None:
    await typed(station.page, "T1")
    await shows(station, "yes")
    await station.page.click("[data-direction=exit]")
    await station.page.click("#act-next")
    await station.page.focus("#code")
    await typed(station.page, "T1")

    await shows(station, "yes")
    [hall, _] = await station.house.admin.spaces()
    assert hall.inside == 0


async def test_destroying_asks_and_is_for_ever(browser: Browser, house: House) -> None:
    async with a_desk(browser, house, "operator", "/scan") as desk:
        await desk.sell("T1")
        await desk.page.select_option("select[name=reader]", "door")
        await desk.page.focus("#code")
        await typed(desk.page, "T1")
        await desk.page.click("#act-destroy")
        await desk.page.locator("dialog").wait_for()
        await desk.page.keyboard.press("Escape")
        await expect(desk.page.locator("dialog")).to_have_count(0)
        await shows(desk, "yes")

        await desk.page.click("#act-destroy")
        await desk.page.fill("dialog [name=why]", "stolen")
        await desk.page.click("dialog .danger")

        await shows(desk, "wait", "Destroyed")


async def test_steward_without_the_right_cannot_destroy(station: Desk) -> None:
    await typed(station.page, "T1")
    await shows(station, "yes")

    await expect(station.page.locator("#act-destroy")).to_have_count(0)


async def test_lost_answer_is_asked_again_and_stamps_once(station: Desk) -> None:
    await station.page.route("**/v1/scans", lambda route: route.abort(), times=1)
    await typed(station.page, "T1")

    await shows(station, "yes", "1 of 1")


@pytest.mark.parametrize("facts", [{}, ABROAD], ids=["english-desktop", "french-phone"])
async def test_nothing_is_cut_off_and_nothing_bars_anybody(
    browser: Browser, house: House, facts: dict[str, str]
) -> None:
    async with a_desk(browser, house, "door", "/scan", **facts) as desk:
        await desk.sell("T1", persons=24, audience="group", holder="Collège Jean-Moulin, 4e B")
        for code in ("", "T1", "NOBODY"):
            if code:
                await typed(desk.page, code)
                await desk.page.locator("#recent > li", has_text=code).wait_for()
            found = await Axe().run(desk.page, options=VIOLATIONS)
            wide = await desk.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )

            assert found.violations_count == 0, found.generate_report()
            assert wide <= 0


# --- the camera


@fixture
async def filming(playwright: Playwright, tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser whose camera looks at the code of T1."""
    picture = io.BytesIO()
    segno.make("T1", error="m").save(picture, kind="png", scale=12, border=6)
    frame = Image.new("RGB", (640, 480), "white")
    frame.paste(Image.open(picture).convert("RGB"), (150, 60))
    film = tmp_path / "camera.mjpeg"
    frame.save(film, "JPEG", quality=90)
    arguments = [
        *ARGUMENTS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    await browser.close()


async def test_code_shown_to_the_camera_is_stamped(filming: Browser, house: House) -> None:
    async with a_desk(filming, house, "door", "/scan", permissions=["camera"]) as desk:
        await desk.sell("T1")
        await desk.page.click("#camera")

        await shows(desk, "yes", "Granted", "1 of 1")
        await expect(desk.page.locator("#recent > li")).to_have_count(1)
        await desk.page.click("#camera")
        await expect(desk.page.locator("video")).to_have_count(0)


# --- without the gateway


async def offline(desk: Desk) -> None:
    await desk.context.set_offline(True)
    await expect(desk.page.locator("#reach")).to_have_class("state wait")


async def test_without_network_the_list_decides_and_the_scan_goes_up_later(
    any_station: Desk,
) -> None:
    page = any_station.page
    await page.reload()
    await carried(any_station, 1)
    await offline(any_station)

    await typed(page, "T1")
    await shows(any_station, "yes", "✓", "⚠")
    await expect(page.locator("#queue")).to_contain_text("1")
    await page.click("#act-next")
    await typed(page, "T1")
    await shows(any_station, "no", "✕")
    await expect(page.locator("#queue")).to_contain_text("2")

    await any_station.context.set_offline(False)

    await expect(page.locator("#queue")).to_have_class("state idle", timeout=15_000)
    view = await any_station.house.store.look("T1")
    assert view is not None
    assert view.made == 1


async def test_a_ticket_looked_at_without_network_can_then_be_stamped(station: Desk) -> None:
    page = station.page
    await page.reload()
    await carried(station, 1)
    await offline(station)
    await page.uncheck("#automatic")
    await page.focus("#code")
    await typed(page, "T1")
    await shows(station, "yes", "Valid", "⚠")
    await expect(page.locator("#queue")).to_have_class("state idle")

    await page.click("#act-stamp")

    await shows(station, "yes", "Granted")
    await expect(page.locator("#queue")).to_contain_text("1")


async def test_page_opens_without_network_and_keeps_its_queue(station: Desk) -> None:
    page = station.page
    await page.reload()
    await carried(station, 1)
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await carried(station, 1)
    await offline(station)
    await typed(page, "T1")
    await shows(station, "yes")

    await page.reload()

    await expect(page.locator("#queue")).to_contain_text("1 scan waits")
    await page.click("#act-next") if await page.locator("#act-next").count() else None
    await typed(page, "T1")
    await shows(station, "no", "Already used")


async def test_ticket_nobody_here_knows_is_decided_by_the_steward(station: Desk) -> None:
    await station.page.reload()
    await carried(station, 1)
    await offline(station)
    await typed(station.page, "NOBODY")
    await shows(station, "ask", "Not on the list")

    await station.page.click("#refuse")

    await shows(station, "no", "Unknown ticket")
    await expect(station.page.locator("#queue")).to_contain_text("1")


async def test_conflict_is_shown_until_somebody_has_seen_it(station: Desk) -> None:
    page = station.page
    await page.reload()
    await carried(station, 1)
    await offline(station)
    await typed(page, "T1")
    await shows(station, "yes")
    await station.scan("T1", reader="lane")  # at another gate, meanwhile

    await station.context.set_offline(False)

    await expect(page.locator("#conflicts")).to_contain_text("T1", timeout=15_000)
    await expect(page.locator("#conflicts")).to_contain_text("Already used")
    await page.locator("#conflicts button").click()
    await expect(page.locator("#conflicts")).to_have_count(0)


async def test_two_tabs_upload_each_scan_once(station: Desk) -> None:
    page = station.page
    await page.reload()
    await carried(station, 1)
    other = await station.context.new_page()
    await other.goto("/scan")
    await other.wait_for_selector("#queue")
    await offline(station)
    await page.bring_to_front()
    await typed(page, "T1")
    await shows(station, "yes")
    await expect(other.locator("#queue")).to_contain_text("1")

    await station.context.set_offline(False)

    await expect(page.locator("#queue")).to_have_class("state idle", timeout=15_000)
    await expect(other.locator("#queue")).to_have_class("state idle")
    view = await station.house.store.look("T1")
    assert view is not None
    assert view.made == 1


async def test_key_bound_to_no_reader_asks_where_it_is_and_goes_on(
    browser: Browser, house: House
) -> None:
    async with a_desk(browser, house, "operator", "/scan") as desk:
        await desk.sell("T1")
        await typed(desk.page, "T1")
        await shows(desk, "wait", "Which reader?")

        await desk.page.select_option("select[name=reader]", "door")

        await shows(desk, "yes", "Granted")


async def test_key_bound_to_no_reader_says_that_nobody_knows(
    browser: Browser, house: House
) -> None:
    async with a_desk(browser, house, "operator", "/scan") as desk:
        await desk.sell("T1")
        await desk.page.select_option("select[name=reader]", "door")
        await desk.page.focus("#code")
        await offline(desk)
        await typed(desk.page, "T1")

        await shows(desk, "wait", "No answer")
        await expect(desk.page.locator("#queue")).to_have_class("state idle")


# --- codes that prove themselves

REFERENCE = "ABCDEFGHIJKLMNOPQRSTUVWXY2"


@fixture
async def signed_code(station: Desk) -> str:
    """A code of a ticket that was sold after the list was carried; the handheld is alone now."""
    house = station.house
    rows, shelf = CodeKeyTable(house.central, SITE), CodeKeyShelf(house.admin)
    desk = CodeDesk(rows, shelf, lambda: time.time_ns() // 1_000_000, secrets.token_bytes)
    key = await desk.create(Kind.ED25519)
    await house.services.operations.codes.look()
    await station.page.reload()
    await carried(station, 1)
    await station.sell(REFERENCE)
    await offline(station)
    return signed.sign(key, signed.Claim(REFERENCE, None, int(time.time()) + 3600))


async def test_signature_vouches_for_a_ticket_the_list_does_not_know(
    station: Desk, signed_code: str
) -> None:
    await typed(station.page, signed_code)
    await shows(station, "yes", "Granted")
    await station.page.wait_for_timeout(3100)  # a second reading, and no longer the first one

    await typed(station.page, signed_code)
    await shows(station, "no", "Already used")

    await station.context.set_offline(False)
    await expect(station.page.locator("#queue")).to_have_class("state idle", timeout=15_000)
    view = await station.house.store.look(REFERENCE)
    assert view is not None
    assert view.made == 1


async def test_forged_signature_is_refused_by_the_handheld_itself(
    station: Desk, signed_code: str
) -> None:
    forged = signed_code[:-1] + ("0" if signed_code[-1] != "0" else "1")

    await typed(station.page, forged)

    await shows(station, "no", "Refused")
    assert await station.page.locator("#result .denied").count() == 1


async def test_page_checks_signatures_as_the_gateway_does(station: Desk, signed_code: str) -> None:
    bits = [(signed_code, "good")]
    for place in range(3, len(signed_code), 7):
        other = "A" if signed_code[place] != "A" else "B"
        bits.append((signed_code[:place] + other + signed_code[place + 1 :], "not good"))
    key = (await CodeKeyShelf(station.house.admin).read())[1][0]
    keys = [{"id": key.id, "public": base64.b64encode(key.public).decode()}]
    await station.context.set_offline(False)

    found = await station.page.evaluate(
        """async ([texts, keys]) => {
            const { prove } = await import("/static/scan/signed.js");
            return Promise.all(texts.map(async (text) => (await prove(text, keys))?.verdict));
        }""",
        [[text for text, _ in bits], keys],
    )

    assert ["good" if verdict == "good" else "not good" for verdict in found] == [
        wanted for _, wanted in bits
    ]


# --- what is heard and felt


SENSED = """() => {
    window.sensed = [];
    navigator.vibrate = (pattern) => sensed.push(pattern.join("-"));
    const Tone = OscillatorNode;
    window.OscillatorNode = function (audio, facts) {
        sensed.push(facts.frequency);
        return new Tone(audio, facts);
    };
}"""


async def test_each_result_is_heard_and_felt_in_its_own_way(station: Desk) -> None:
    await station.page.evaluate(SENSED)
    await typed(station.page, "T1")
    await shows(station, "yes")
    granted = await station.page.evaluate("sensed.splice(0)")
    await typed(station.page, "NOBODY")
    await shows(station, "no")
    refused = await station.page.evaluate("sensed.splice(0)")
    await station.page.uncheck("#sound")
    await station.page.focus("#code")
    await typed(station.page, "NOBODY-ELSE")
    await shows(station, "no")

    assert granted == ["60", 880, 1320]
    assert refused == ["180-80-180", 220, 180]
    assert await station.page.evaluate("sensed") == ["180-80-180"]


async def test_light_is_switched_where_the_camera_has_one(filming: Browser, house: House) -> None:
    async with a_desk(filming, house, "door", "/scan", permissions=["camera"]) as desk:
        await desk.page.evaluate("""() => {
            window.lit = [];
            MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
            MediaStreamTrack.prototype.applyConstraints = async ({ advanced }) =>
                void lit.push(advanced[0].torch);
        }""")
        await desk.page.click("#camera")
        light = desk.page.locator(".film button")
        await light.click()
        await expect(light).to_have_attribute("aria-pressed", "true")
        await light.click()
        await expect(light).to_have_attribute("aria-pressed", "false")

        assert await desk.page.evaluate("lit") == [True, False]
