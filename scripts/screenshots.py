"""Draw the pictures of `docs/screens`: every screen, in English and light, in French and dark.

Run it as ``make screenshots`` (it needs Chromium). It opens the demonstration in a temporary
folder, waits until visitors have made real figures, and photographs what operators see. Look at the
pictures before you commit them. The names of visitors are invented by the demonstration.
"""

import asyncio
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "screens"
PEOPLE = ("en-GB", "light"), ("fr-FR", "dark")
DESKTOP = {"width": 1600, "height": 1000}
TALL = {"width": 1600, "height": 1500}
PHONE = {"width": 390, "height": 844}
ADDRESS = re.compile(rb"dashboard\s+(http://\S+)")
HOURS = "", *(["9:30-18"] * 2), "9:30-21", *(["9:30-18"] * 3)
"""Of a week in which Mondays are closed."""
VISITORS_A_SECOND = 4
FIGURES_AFTER_S = 60.0
COLOURS = 64
"""A picture keeps so many: screens have few, and the repository stays small."""


@dataclass(frozen=True, slots=True)
class Museum:
    """The demonstration, open."""

    url: str
    keys: dict[str, str]


async def overview(page: Page) -> None:
    """Show the venue at a glance."""
    await page.goto("/")
    await page.wait_for_selector(".scan a")
    await page.wait_for_selector(".chart canvas")


async def ticket(page: Page) -> None:
    """Show one ticket that has just been scanned, with all that happened to it."""
    await overview(page)
    await page.locator(".scan a").first.click()
    await page.wait_for_selector("#ticket")


async def audit(page: Page) -> None:
    """Show who did what."""
    await page.goto("/#audit")
    await page.wait_for_selector("table tbody tr")


async def reports(page: Page) -> None:
    """Show a report of today."""
    await page.goto("/reports")
    await page.wait_for_selector("table tbody tr")


async def visitor(page: Page) -> None:
    """Show a visitor's own ticket, whose code changes."""
    await overview(page)
    for code in await page.locator(".scan a").all_inner_texts():
        answer = await page.request.get(f"/v1/tickets/{code}/page")
        if answer.ok:  # some were never sold
            await page.goto((await answer.json())["path"])
            break
    await page.wait_for_selector("svg.symbol")


async def spaces(page: Page) -> None:
    """Show how a space is set up."""
    await page.goto("/setup#spaces")
    await page.click("#space-collection > summary")


async def plannings(page: Page) -> None:
    """Show a week that somebody is about to set up."""
    await page.goto("/setup#plannings")
    await page.fill(".add input", "museum-hours")
    await page.press(".add input", "Enter")
    days = page.locator(".day input")
    for number, hours in enumerate(HOURS):
        await days.nth(number).fill(hours)
        await page.keyboard.press("Tab")


async def handheld(page: Page) -> None:
    """Show the result of a ticket that was typed at a handheld."""
    await overview(page)
    code = await page.locator(".scan a").first.inner_text()
    await page.goto("/scan")
    await page.select_option("select[name=reader]", "desk")
    await page.fill("#code", code)
    await page.press("#code", "Enter")
    await page.wait_for_selector("#result .facts")


SCREENS: dict[str, tuple[Callable[[Page], Awaitable[None]], dict[str, int]]] = {
    "overview": (overview, TALL),
    "ticket": (ticket, DESKTOP),
    "audit": (audit, DESKTOP),
    "reports": (reports, DESKTOP),
    "spaces": (spaces, DESKTOP),
    "plannings": (plannings, DESKTOP),
    "handheld": (handheld, PHONE),
    "visitor": (visitor, PHONE),
    "overview-phone": (overview, PHONE),
}


async def main() -> None:
    """Open the museum, wait, and photograph."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no chromium on the PATH")
    PICTURES.mkdir(exist_ok=True)
    async with museum() as house, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        print(f"the museum is open; visitors come for {FIGURES_AFTER_S:.0f} s")
        await asyncio.sleep(FIGURES_AFTER_S)
        for language, scheme in PEOPLE:
            for name in SCREENS:
                await photograph(browser, house, name, language, scheme)
        await browser.close()


async def photograph(
    browser: Browser, house: Museum, name: str, language: str, scheme: str
) -> None:
    """Log in, show the screen, and keep what is seen."""
    show, viewport = SCREENS[name]
    context = await browser.new_context(
        base_url=house.url,
        locale=language,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": viewport["width"], "height": viewport["height"]},
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto("/")
    await page.fill("#key", house.keys["demo-admin"])
    await page.press("#key", "Enter")
    await page.wait_for_selector("#logout")
    await show(page)
    await page.wait_for_timeout(1_500)
    picture = await page.screenshot()
    await context.close()
    path = PICTURES / f"{name}-{language[:2]}.png"
    small = (
        Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    )
    small.save(path, optimize=True)
    print(f"{path.name}  {path.stat().st_size / 1e3:.0f} kB")


@asynccontextmanager
async def museum() -> AsyncIterator[Museum]:
    """Run the demonstration in a folder of its own, until the pictures are taken."""
    with tempfile.TemporaryDirectory(prefix="composteur-screens-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.cli", "demo", "--rate", str(VISITORS_A_SECOND)),
            cwd=folder,
            env={**os.environ, "COLUMNS": "120"},
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            url = await address(process)
            unread = asyncio.create_task(said(process))
            await rotating_key(Path(folder) / "state" / "demo" / "site.toml")
            file = Path(folder) / "state" / "demo" / "keys.json"
            yield Museum(url, json.loads(await asyncio.to_thread(file.read_text)))
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await process.wait()
        await unread


async def rotating_key(site: Path) -> None:
    """Make the key that visitors' codes change by."""
    arguments = ("codes", "key", "create", "--kind", "rotating", "--site", str(site))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", *arguments), stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        sys.exit("no key for visitors' codes could be made")


async def said(process: asyncio.subprocess.Process) -> None:
    """Read on, so that the demonstration never waits for us."""
    if process.stdout is not None:
        async for _ in process.stdout:
            pass


async def address(process: asyncio.subprocess.Process) -> str:
    """Read what the demonstration says until it names its address."""
    if process.stdout is not None:
        async for line in process.stdout:
            if found := ADDRESS.search(line):
                return found[1].decode()
    sys.exit("the demonstration did not open")


if __name__ == "__main__":
    asyncio.run(main())
