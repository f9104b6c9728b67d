"""A headless Chromium before a gateway's HTTP face with stand-ins behind it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from config import Site
from gateway.entitlements.library import library
from gateway.http.application import build_application
from tests.conftest import nothing_left_in_the_loop
from tests.integration.http.conftest import SITE, House, a_house
from tests.unit.http.doubles import Venue

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


fixture = partial(pytest_asyncio.fixture, loop_scope="session")
"""Of what lives in the browser's loop. A browser takes longer to start than most tests take: all
share one, and so one loop (`IN_ITS_LOOP` marks them)."""

IN_ITS_LOOP = pytest.mark.asyncio(loop_scope="session")


@fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    await browser.close()


@fixture
async def _nothing_left_in_the_loop(browser: Browser) -> AsyncIterator[None]:
    async with nothing_left_in_the_loop():
        yield


@fixture
async def address() -> AsyncIterator[str]:
    services = Venue().services(asyncio.get_running_loop().time)
    async with TestServer(build_application(services)) as server:
        yield str(server.make_url("")).rstrip("/")


@fixture
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


@dataclass
class Desk:
    """The operators' page in a browser, before a gateway with real stores."""

    page: Page
    house: House
    context: BrowserContext

    async def enter(self, place: str = "") -> None:
        await self.page.goto(f"/{place}")
        await self.page.wait_for_selector("#logout")

    async def scan(self, code: str, **facts: Any) -> dict[str, Any]:
        """Scan a ticket as a handheld does."""
        answer = await self.house.client.post(
            "/v1/scans",
            json={"code": code, "reader": "door", "direction": "entry"} | facts,
            headers=self.house.bearer("scanner"),
        )
        found: dict[str, Any] = await answer.json()
        return found

    async def sell(self, code: str, **columns: Any) -> None:
        answer = await self.house.client.put(
            f"/v1/tickets/{code}",
            json={"product": "day"} | columns,
            headers=self.house.bearer("admin"),
        )
        assert answer.status in {200, 201}, await answer.text()


async def log_in(context: BrowserContext, house: House, who: str) -> None:
    """Get the cookie that the log-in gets, without its page."""
    address = house.client.make_url("/v1/login")
    answer = await context.request.post(str(address), headers=house.bearer(who))
    assert answer.ok, await answer.text()


@asynccontextmanager
async def a_desk(
    browser: Browser, house: House, who: str = "operator", path: str = "/", **facts: Any
) -> AsyncIterator[Desk]:
    """Log somebody in at a page that fails its test on any error, and on requests to elsewhere."""
    address = str(house.client.make_url("")).rstrip("/")
    context = await browser.new_context(**{"locale": "en-GB", "base_url": address} | facts)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda told: wrong.append(told.text) if "Content Security" in told.text else None,
    )
    page.on(
        "request",
        lambda request: None if request.url.startswith(address) else wrong.append(request.url),
    )
    await log_in(context, house, who)
    await page.goto(path)
    await page.wait_for_selector("#logout")
    yield Desk(page, house, context)
    await context.close()
    assert wrong == []


A_SITE = Site.model_validate(
    {
        "site": {"id": SITE, "name": "Museum", "timezone": "Europe/Paris"},
        "space": [
            {"id": "hall", "name": "Great hall", "capacity": 300},
            {"id": "vault", "name": "Vault", "parent": "hall"},
        ],
        "equipment": [
            {
                "id": "door",
                "space": "hall",
                "direction": "both",
                "carries": True,
                "local_policy": "signed",
            },
            {"id": "lane", "space": "hall", "direction": "both", "count_on": "passage"},
        ],
    }
)


@fixture
async def house(redis_url: str, database_url: str) -> AsyncIterator[House]:
    await asyncio.to_thread(library)  # reads files, which no loop of ours may
    async with a_house(redis_url, database_url, site=A_SITE) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, label) VALUES ('day', 'Day ticket')",
        )
        await house.admin.put_products(await house.central.fetch("feed.products", ["day"], [1]))
        yield house


@fixture
async def desk(browser: Browser, house: House) -> AsyncIterator[Desk]:
    async with a_desk(browser, house) as desk:
        yield desk


VIOLATIONS = {"resultTypes": ["violations"]}
"""Of axe-core: what it found right is not written out, which takes longer than to find it."""

ABROAD = {"locale": "fr-FR", "viewport": {"width": 390, "height": 844}}
"""Another language, on a phone."""


@fixture(params=[{}, ABROAD], ids=["english-desktop", "french-phone"])
async def any_desk(
    browser: Browser, house: House, request: pytest.FixtureRequest
) -> AsyncIterator[Desk]:
    async with a_desk(browser, house, **request.param) as desk:
        yield desk
