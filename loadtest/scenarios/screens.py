"""How much a browser loads before a page is of use, and how long that takes on a thin connection.

A headless Chromium with nothing kept (it must be on the PATH; playwright, of the environment for
tests, drives it) opens each page over a connection slowed by the browser itself: 1.6 Mbit/s down,
0.75 Mbit/s up, 150 ms there and back, what its tools call slow 4G. The baseline is an answer of
ours that is one line, over the same connection. Of use means that the key can be typed.
"""

import shutil
from importlib import import_module
from statistics import median
from typing import Any

from loadtest.figures import Figure, at_most
from loadtest.plan import Plan
from loadtest.stand import Stand, temporary_stand

PAGES = ("/", "/scan", "/setup")
BARE = "/healthz"
ROUNDS = 3
MOST_KB = 300.0
MOST_S = 2.0
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
WATCH = """(() => {
  const look = () => document.querySelector(%s)
    ? (window.ofUse = performance.now()) : requestAnimationFrame(look);
  look();
})()"""
"""Note in the page itself when it is of use: what drives the browser is too slow to say."""
PATIENCE_MS = 20_000.0


async def run(plan: Plan) -> list[Figure]:
    """Open every page several times; figures are medians."""
    plan.say("screens")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("no chromium on the PATH")
    play: Any = import_module("playwright.async_api")
    figures: list[Figure] = []
    async with (
        temporary_stand(command=plan.command, parent=plan.folder) as stand,
        play.async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        bare_s = median([(await _first(browser, stand, BARE, "body"))[0] for _ in range(ROUNDS)])
        for path in PAGES:
            seen = [await _first(browser, stand, path, "#key") for _ in range(ROUNDS)]
            figures += _figures(path, median(s for s, _ in seen), seen[0][1], bare_s)
        await browser.close()
    return figures


async def _first(browser: Any, stand: Stand, path: str, wanted: str) -> tuple[float, int]:
    """Return the seconds until the page is of use, and the bytes that came for all of it."""
    context = await browser.new_context(base_url=stand.url, service_workers="block")
    page = await context.new_page()
    await page.add_init_script(WATCH % repr(wanted))
    wire = await context.new_cdp_session(page)
    came = 0

    def count(event: dict[str, Any]) -> None:
        nonlocal came
        came += int(event["encodedDataLength"])

    wire.on("Network.loadingFinished", count)
    await wire.send("Network.enable")
    await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await wire.send("Network.emulateNetworkConditions", SLOW)
    await page.goto(path, wait_until="commit")
    await page.wait_for_selector(wanted, timeout=PATIENCE_MS)
    lasted_ms = await page.evaluate("window.ofUse")
    await page.wait_for_load_state("networkidle")
    await context.close()
    return float(lasted_ms) / 1e3, came


def _figures(path: str, seconds: float, came: int, bare_s: float) -> list[Figure]:
    note = f"a line of text {bare_s:.2f} s: {seconds / bare_s:.1f} ×"
    return [
        Figure("screens", f"{path} first load, compressed", came / 1e3, "kB", at_most(MOST_KB)),
        Figure(
            "screens",
            f"{path} of use on a thin connection (1.6 Mbit/s, 150 ms)",
            seconds,
            "s",
            at_most(MOST_S),
            note=note,
        ),
    ]
