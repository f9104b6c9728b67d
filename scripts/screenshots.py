"""Draw the pictures of `docs/screens`: every screen in English and French, light and dark.

Run it as ``make screenshots`` (it needs Chromium); names of screens draw these alone. It opens the
demonstration in a temporary folder, waits until visitors have made real figures, and photographs
what operators see. Look at the pictures before you commit them. The names of visitors are invented.
"""

import asyncio
import io
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

PICTURES = Path(__file__).parent.parent / "docs" / "screens"
DESKTOP = ViewportSize(width=1600, height=1000)
TALL = ViewportSize(width=1600, height=1500)
TABLET = ViewportSize(width=820, height=1100)
PHONE = ViewportSize(width=390, height=844)
GAP = 12
"""Between the pictures of telephones, which stand side by side in one file."""
ADDRESS = re.compile(rb"dashboard\s+(http://\S+)")
HOURS = "", *(["9:30-18"] * 2), "9:30-21", *(["9:30-18"] * 3)
"""Of a week in which Mondays are closed."""
VISITORS_A_SECOND = 4
FIGURES_AFTER_S = 150.0
"""Trends are of whole minutes."""
PAUSE_S = 0.3
CLOSES_WITHIN_S = 20.0
COLOURS = 64
"""A picture keeps twice as many, so many, or half: as many as leave the repository small."""
MOST_BYTES = 100_000

WRITTEN = {
    "en": ("Paid at the desk, the till is away", "School class", "Stolen"),
    "fr": ("Payé au guichet, caisse en panne", "Classe de CM2", "Volé"),
}
"""What people write as a reason."""
HOLIDAYS = (
    ("summer", "Summer", "Été", "2026-07-04..2026-08-31", "#b3541e"),
    ("winter", "Winter", "Hiver", "2026-02-07..2026-02-22", "#2b6cb0"),
)

type Theme = Literal["light", "dark"]
PEOPLE: tuple[tuple[str, Theme], ...] = (
    ("en-GB", "light"), ("en-GB", "dark"), ("fr-FR", "light"), ("fr-FR", "dark"),
)  # fmt: skip


@dataclass(slots=True)
class Museum:
    """The demonstration, open."""

    url: str
    keys: dict[str, str]
    names: list[str] = field(
        default_factory=lambda: ["Camille Roux", "Amira Haddad", "Jonas Weber", "Ana Sousa"]
    )

    async def ask(self, page: Page, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask the gateway something as an admin."""
        headers = {
            "Authorization": f"Bearer {self.keys['demo-admin']}",
            "Idempotency-Key": secrets.token_hex(8),
        }
        if path == "/v1/scans":
            del headers["Idempotency-Key"]
        answer = await page.request.fetch(
            self.url + path, method=method, headers=headers, data=body
        )
        if not answer.ok:
            sys.exit(f"{method} {path}: {await answer.text()}")
        found: dict[str, Any] = await answer.json()
        return found

    async def sell(self, page: Page, **columns: object) -> str:
        """Sell a ticket; return its code."""
        code = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(26))
        self.names.append(self.names.pop(0))
        sold = {"product": "day-ticket", "holder": self.names[0], "order_ref": "W-20417"}
        await self.ask(page, "PUT", f"/v1/tickets/{code}", sold | columns)
        return code


async def login(page: Page, _house: Museum) -> None:
    """Show what stands before everything else."""
    await page.click("#logout")
    await page.wait_for_selector("#login")


async def overview(page: Page, _house: Museum) -> None:
    """Show the venue at a glance."""
    await page.goto("/")
    await page.wait_for_selector(".scan a")
    await page.wait_for_selector(".chart canvas")


async def lower(page: Page, house: Museum) -> None:
    """Show what stands below: the day's course, the last scans, what is behind it all."""
    await overview(page, house)
    await page.evaluate("document.querySelector('.at-machines').scrollIntoView({ block: 'end' })")


async def ticket(page: Page, house: Museum) -> None:
    """Show a ticket that was let in, refused the second time, and is looked at."""
    code = await house.sell(page)
    scan = {"code": code, "reader": "desk", "direction": "entry"}
    await house.ask(page, "POST", "/v1/scans", scan)
    await house.ask(page, "POST", "/v1/scans", scan)
    await page.goto(f"/#tickets/{code}")
    await page.select_option("[name=reader]", "desk")
    await page.click("#act-check")
    await page.wait_for_selector("#verdict")


async def audit(page: Page, house: Museum) -> None:
    """Show who did what: there are some acts of each kind."""
    code = await house.sell(page, status="unpaid")
    scan = {"code": code, "reader": "desk", "direction": "entry"}
    french = await page.evaluate("document.documentElement.lang") == "fr"
    paid, pupils, stolen = WRITTEN["fr" if french else "en"]
    override = {"override": {"reason": paid}}
    await house.ask(page, "POST", "/v1/scans", scan | override)
    count = {"direction": "entry", "persons": 24, "reason": pupils}
    await house.ask(page, "POST", "/v1/spaces/collection/count", count)
    command = {"command": "open"}
    await house.ask(page, "POST", "/v1/equipment/group-door/command", command)
    await house.ask(page, "POST", f"/v1/tickets/{code}/destroy", {"reason": stolen})
    await page.goto("/#audit")
    await page.wait_for_selector("table tbody tr")


async def reports(page: Page, _house: Museum) -> None:
    """Show a report of today."""
    await page.goto("/reports")
    await page.wait_for_selector("table tbody tr")


async def visitor(page: Page, house: Museum) -> None:
    """Show a visitor's own ticket, whose code changes."""
    code = await house.sell(page)
    await page.goto((await house.ask(page, "GET", f"/v1/tickets/{code}/page"))["path"])
    await page.wait_for_selector("svg.symbol")


# --- set-up


async def part(page: Page, name: str) -> None:
    """Open a part of the set-up, without what was changed before."""
    await page.goto("about:blank")  # a draft is of one visit
    await page.goto(f"/setup#{name}")
    await page.wait_for_selector(f".tabs a[href='#{name}'][aria-current]")


async def spaces(page: Page, _house: Museum) -> None:
    """Show how a space is set up."""
    await part(page, "spaces")
    await page.click("#space-collection > summary")


async def equipment(page: Page, _house: Museum) -> None:
    """Show a gate on its board, found by its test, and how it is set up."""
    await part(page, "equipment")
    await page.click("#look")
    await page.click("#equipment-collection-gate-1 > summary")
    await page.click("#equipment-collection-gate-1 .test button")
    await page.wait_for_selector("#equipment-collection-gate-1 .test .state.yes")


async def plannings(page: Page, _house: Museum) -> None:
    """Show a week that somebody is about to set up."""
    await part(page, "plannings")
    await page.fill(".add input", "museum-hours")
    await page.press(".add input", "Enter")
    days = page.locator(".day input")
    for number, hours in enumerate(HOURS):
        await days.nth(number).fill(hours)
        await page.keyboard.press("Tab")
    await page.click("fieldset .acts button")


async def periods(page: Page, _house: Museum) -> None:
    """Show holidays on the year, and days just dragged over."""
    await part(page, "periods")
    french = await page.evaluate("document.documentElement.lang") == "fr"
    for id_, english, name, days, color in HOLIDAYS:
        await page.fill(".add input", id_)
        await page.press(".add input", "Enter")
        await page.click(f"#period-{id_} > summary")
        written = {"name": name if french else english, "days": days, "color": color}
        for key, value in written.items():
            await page.fill(f"#period-{id_} [name={key}]", value)
            await page.keyboard.press("Tab")
        await page.click(f"#period-{id_} > summary")
    await page.evaluate("scrollTo(0, 0)")


async def keys(page: Page, _house: Museum) -> None:
    """Show who has a key, and how one is made."""
    await part(page, "keys")
    await page.wait_for_selector("table tbody tr")


async def general(page: Page, _house: Museum) -> None:
    """Show what there is once."""
    await part(page, "general")


async def file(page: Page, _house: Museum) -> None:
    """Show the site file."""
    await part(page, "file")


async def difference(page: Page, house: Museum) -> None:
    """Show what is about to change in the file, before it does."""
    await plannings(page, house)
    await page.click(".tabs a[href='#spaces']")
    await page.click("#space-collection > summary")
    await page.select_option("#space-collection [name=planning]", "museum-hours")
    await page.fill("#space-collection [name=capacity]", "220")
    await page.click("#review")
    await page.wait_for_selector(".difference")


# --- a handheld


async def scanned(page: Page, code: str) -> None:
    """Type a code at the handheld, which is ready."""
    await page.fill("#code", code)
    await page.press("#code", "Enter")
    await page.wait_for_selector("#result:not(.idle):not(.busy)")


async def granted(page: Page, house: Museum) -> None:
    """Show a ticket that is let in."""
    code = await house.sell(page)
    await page.goto("/scan")
    await page.wait_for_selector("#carried")
    await scanned(page, code)


async def refused(page: Page, house: Museum) -> None:
    """Show the same ticket the second time."""
    await granted(page, house)
    code = await page.locator("#result dd .code").inner_text()
    await page.click("#act-next")
    await scanned(page, code)


async def offline(page: Page, house: Museum) -> None:
    """Show a ticket that the handheld lets in by itself, the gateway being away."""
    code = await house.sell(page)
    await page.goto("/scan")
    await expect(page.locator("#carried")).to_contain_text(re.compile(r"\d"))
    await page.context.set_offline(True)
    await page.wait_for_selector("#reach.wait")
    await scanned(page, code)


@dataclass(frozen=True, slots=True)
class Screen:
    """A picture: how it comes about, of which size, by whose key."""

    show: Callable[[Page, Museum], Awaitable[None]]
    size: ViewportSize = field(default_factory=lambda: DESKTOP)
    key: str = "demo-admin"

    @property
    def narrow(self) -> bool:
        """Whether its four pictures fit side by side into one."""
        return self.size == PHONE


SCREENS = {
    "overview": Screen(overview, TALL),
    "overview-below": Screen(lower, TALL),
    "alarms": Screen(overview, TABLET),
    "overview-phone": Screen(overview, PHONE),
    "ticket": Screen(ticket),
    "reports": Screen(reports),
    "audit": Screen(audit),
    "handheld-granted": Screen(granted, PHONE, "operator"),
    "handheld-refused": Screen(refused, PHONE, "operator"),
    "handheld-offline": Screen(offline, PHONE, "operator"),
    "visitor": Screen(visitor, PHONE),
    "setup-spaces": Screen(spaces),
    "setup-equipment": Screen(equipment, TALL),
    "setup-plannings": Screen(plannings, TALL),
    "setup-periods": Screen(periods, TALL),
    "setup-keys": Screen(keys),
    "setup-general": Screen(general, TALL),
    "setup-file": Screen(file),
    "setup-difference": Screen(difference),
    "login": Screen(login),
}


async def main(names: list[str]) -> None:
    """Open the museum, wait, and photograph."""
    if unknown := set(names) - set(SCREENS):
        sys.exit(f"no such screen: {', '.join(unknown)}; there are {', '.join(SCREENS)}")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no chromium on the PATH")
    PICTURES.mkdir(exist_ok=True)
    async with museum() as house, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        print(f"the museum is open; visitors come for {FIGURES_AFTER_S:.0f} s", flush=True)
        await carry(browser, house)
        await asyncio.sleep(FIGURES_AFTER_S)
        for name in names or SCREENS:
            pictures = [
                await photograph(browser, house, SCREENS[name], language, theme)
                for language, theme in PEOPLE
            ]
            keep(name, pictures)
        await browser.close()


async def carry(browser: Browser, house: Museum) -> None:
    """Allow the handheld at the desk to decide alone."""
    page = await browser.new_page()
    revision = (await house.ask(page, "GET", "/v1/site"))["revision"]
    change = {"table": "equipment", "id": "desk", "values": {"carries": True}}
    draft = await house.ask(
        page, "POST", "/v1/site/draft", {"revision": revision, "changes": [change]}
    )
    await house.ask(page, "PUT", "/v1/site", {"revision": revision, "text": draft["text"]})
    await page.close()


async def photograph(
    browser: Browser, house: Museum, screen: Screen, language: str, theme: Theme
) -> Image.Image:
    """Log in, show the screen, and take its picture."""
    context = await browser.new_context(
        base_url=house.url,
        locale=language,
        color_scheme=theme,
        viewport=screen.size,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await log_in(context, house.keys[screen.key])
    await page.goto("/")
    await page.wait_for_selector("#logout")
    await screen.show(page, house)
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(1_500)
    picture = await page.screenshot()
    await context.close()
    return Image.open(io.BytesIO(picture)).convert("RGB")


async def log_in(context: BrowserContext, key: str) -> None:
    """Get the cookie of the log-in."""
    await context.request.post("/v1/login", headers={"Authorization": f"Bearer {key}"})


def keep(name: str, pictures: list[Image.Image]) -> None:
    """Write the four pictures of a screen: one beside the other, or each in a file."""
    if SCREENS[name].narrow:
        width, height = pictures[0].size
        strip = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, height), "#808080")
        for place, picture in enumerate(pictures):
            strip.paste(picture, (place * (width + GAP), 0))
        write(name, strip)
        return
    for (language, theme), picture in zip(PEOPLE, pictures, strict=True):
        write(f"{name}-{language[:2]}-{theme}", picture)


def write(name: str, picture: Image.Image) -> None:
    """Write a picture in few colours."""
    path = PICTURES / f"{name}.png"
    for colours in (2 * COLOURS, COLOURS, COLOURS // 2):
        few = picture.quantize(
            colours, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
        )  # keeps the amber of three alarms on a page of green
        few.save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path.name}  {path.stat().st_size / 1e3:.0f} kB", flush=True)


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
            await close(process, Path(folder) / "state" / "demo" / "run.json")
        await unread


async def close(process: asyncio.subprocess.Process, running: Path) -> None:
    """End the demonstration without the proof of its books: what we did is not in them.

    Asked twice it leaves at once, and its gateway a moment later.
    """
    for _ in range(2):
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await asyncio.sleep(PAUSE_S)
    await process.wait()
    async with asyncio.timeout(CLOSES_WITHIN_S):
        while await asyncio.to_thread(running.exists):  # noqa: ASYNC110 - it is polled
            await asyncio.sleep(PAUSE_S)


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
    asyncio.run(main(sys.argv[1:]))
