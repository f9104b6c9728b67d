"""A headless Chromium before a gateway's HTTP face with stand-ins behind it."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from gateway.http.application import build_application
from gateway.people.roles import Role
from tests.unit.http.doubles import SECRETS, Venue, a_view, an_event

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:  # no package index has one, and CI installs nothing but a broker
                item.add_marker(pytest.mark.skip("no chromium here: apt-get install chromium"))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def venue() -> Venue:
    """A museum in the middle of its day."""
    venue = Venue()
    venue.admin.inside = {"hall": 212, "vault": 17}
    venue.admin.tally = {"granted": 4211, "no_stamps_left": 31, "too_early": 12, "wrong_space": 3}
    refused = {"decision": "d", "reason": "no_stamps_left", "ticket_code": "KRSXG5CTNVZA2"}
    venue.admin.rows = [
        an_event("1-9-0", **refused),
        an_event("1-8-0", persons="24"),
        an_event("1-7-0", direction="x"),
    ]
    venue.store.tickets["USED"] = a_view("USED", label="Family pass", persons=4)
    return venue


@pytest.fixture
async def address(venue: Venue) -> AsyncIterator[str]:
    services = venue.services(asyncio.get_running_loop().time)
    async with TestServer(build_application(services)) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    """A page that fails its test on any error in it, and on any request to elsewhere."""
    context = await browser.new_context(locale="en-GB", base_url=address)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if "Content Security" in message.text else None,
    )
    page.on(
        "request",
        lambda request: None if request.url.startswith(address) else wrong.append(request.url),
    )
    yield page
    await context.close()
    assert wrong == []


async def log_in(page: Page, path: str = "/", who: Role = Role.OPERATOR) -> None:
    """Open a page and log in."""
    await page.goto(path)
    await page.fill("#key", SECRETS[who])
    await page.press("#key", "Enter")
    await page.wait_for_selector("#page:not([hidden])")
