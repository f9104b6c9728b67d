"""A visitor's own ticket in a browser: the code changes, is let in, and goes on without network."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import zxingcpp
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, Page, expect

from gateway.central.code_keys import CodeKeyTable
from gateway.entitlements.code_keys import CodeKeyShelf
from gateway.tickets.codes import rotating
from gateway.tickets.codes.keys import Kind
from gateway.venue.code_desk import CodeDesk
from tests.browser.conftest import ABROAD, IN_ITS_LOOP, VIOLATIONS, fixture
from tests.integration.http.conftest import SITE, House

pytestmark = IN_ITS_LOOP

REFERENCE = "ABCDEFGHIJKLMNOPQRSTUVWXY2"
TELEPHONE = {"locale": "en-GB", "viewport": {"width": 390, "height": 844}}


@dataclass
class Visitor:
    """Somebody with a ticket on a telephone."""

    page: Page
    house: House
    keys: CodeDesk

    async def code(self) -> str:
        await expect(self.page.locator("svg.symbol")).to_be_visible()
        code = await self.page.locator("svg.symbol").get_attribute("data-code")
        assert code is not None
        return code

    async def scan(self, code: str) -> str:
        answer = await self.house.client.post(
            "/v1/scans", json={"code": code}, headers=self.house.bearer("door")
        )
        found: dict[str, Any] = await answer.json()
        return str(found["reason"] or found["decision"])


@asynccontextmanager
async def a_visitor(browser: Browser, house: House, **telephone: Any) -> AsyncIterator[Visitor]:
    """Open the page whose address an admin was told; any error in it fails the test."""
    desk = CodeDesk(
        CodeKeyTable(house.central, SITE), CodeKeyShelf(house.admin),
        lambda: time.time_ns() // 1_000_000, secrets.token_bytes,
    )  # fmt: skip
    await desk.create(Kind.ROTATING)
    await house.services.operations.codes.look()
    admin = house.bearer("admin")
    sold = {"product": "day", "holder": "Ada"}
    await house.client.put(f"/v1/tickets/{REFERENCE}", json=sold, headers=admin)
    answer = await house.client.get(f"/v1/tickets/{REFERENCE}/page", headers=admin)
    path = (await answer.json())["path"]
    address = str(house.client.make_url("")).rstrip("/")
    context = await browser.new_context(base_url=address, **(TELEPHONE | telephone))
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda told: wrong.append(told.text) if "Content Security" in told.text else None,
    )
    await page.goto(path)
    yield Visitor(page, house, desk)
    await context.close()
    assert wrong == []


@fixture
async def visitor(browser: Browser, house: House) -> AsyncIterator[Visitor]:
    async with a_visitor(browser, house) as visitor:
        yield visitor


async def test_code_on_the_screen_is_let_in_once(visitor: Visitor) -> None:
    code = await visitor.code()

    assert code.startswith(f"C2:{REFERENCE}.")
    assert await visitor.scan(code) == "granted"
    assert await visitor.scan(code) in {"stale_code", "no_stamps_left"}


async def test_screen_is_read_by_a_reader(visitor: Visitor, tmp_path: Any) -> None:
    code = await visitor.code()
    await visitor.page.locator("svg.symbol").screenshot(path=tmp_path / "screen.png")

    image = Image.open(tmp_path / "screen.png").convert("L")
    view = memoryview(image.tobytes()).cast("B", (image.height, image.width))
    found = zxingcpp.read_barcode(view)

    assert found is not None
    assert found.text == code


async def test_code_changes_with_its_step_also_without_network(visitor: Visitor) -> None:
    before = await visitor.code()
    await visitor.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await visitor.page.context.set_offline(True)
    await visitor.page.reload()

    await expect(visitor.page.locator(".network")).to_contain_text("No network")
    await visitor.page.clock.install(time=time.time() + rotating.STEP_S)
    await visitor.page.clock.run_for(2000)

    await expect(visitor.page.locator("svg.symbol")).not_to_have_attribute("data-code", before)
    assert await visitor.scan(await visitor.code()) == "granted"


async def test_destroyed_ticket_shows_no_code(visitor: Visitor) -> None:
    await visitor.code()
    await visitor.house.client.post(
        f"/v1/tickets/{REFERENCE}/destroy", json={}, headers=visitor.house.bearer("operator")
    )

    await visitor.page.reload()

    await expect(visitor.page.locator(".gone")).to_contain_text("destroyed")
    await expect(visitor.page.locator("svg.symbol")).to_have_count(0)


async def test_address_that_was_never_given_shows_nothing(visitor: Visitor) -> None:
    await visitor.page.goto(f"/t/{REFERENCE}-AAAAAAAAAAAAAAAA")

    await expect(visitor.page.locator("main")).to_contain_text("belongs to no ticket")


@pytest.mark.parametrize("telephone", [{}, ABROAD | {"color_scheme": "dark"}], ids=["en", "fr"])
async def test_page_is_accessible(browser: Browser, house: House, telephone: Any) -> None:
    async with a_visitor(browser, house, **telephone) as visitor:
        await visitor.code()

        found = await Axe().run(visitor.page, options=VIOLATIONS)

        assert found.response["violations"] == []
