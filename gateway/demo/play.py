"""The demonstration from beginning to end: a gateway, a shop, visitors, and a proof at the end."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from rich.console import Console

from gateway.demo import museum, screen
from gateway.demo.child import Child, gateway, run_command
from gateway.demo.keyring import ADMIN, DemoFailed, Keys
from gateway.demo.seller import DESTROY, Shop
from gateway.demo.visitors import Crowd, Handheld
from gateway.venue import run_file

STATE = Path("state") / "demo"
PORT = 8080
KNOWN_WITHIN_S = 20.0

_OPENED = asyncio.Event()


@dataclass(slots=True)
class Stage:
    """What the play is played on, once all is open."""

    child: Child
    http: aiohttp.ClientSession
    keys: Keys
    shop: Shop
    crowd: Crowd


async def play(rate: float, seconds: float | None) -> bool:
    """Run the demonstration; return whether its books balance at the end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _stop_or_leave, stop)
    playing = asyncio.create_task(_play(rate, seconds, stop), name="demo-play")
    stopping = asyncio.create_task(stop.wait(), name="demo-stop")
    try:
        await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set() and not _OPENED.is_set():
            playing.cancel()  # still opening: leave it at that
        return await playing
    except asyncio.CancelledError:
        _say_goodbye(screen.make_console())
        return True
    finally:
        stopping.cancel()


async def _play(rate: float, seconds: float | None, stop: asyncio.Event) -> bool:
    console = screen.make_console()
    steps = screen.Steps(console)
    folder = STATE.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_a_second(folder)
    site_file = folder / "site.toml"
    site_file.write_text(museum.site_file(_free_port(), rate), encoding="utf-8")
    console.print("A museum opens; its data is kept in state/demo.", highlight=False)
    async with AsyncExitStack() as stack:
        child = await stack.enter_async_context(gateway(site_file, steps.say))
        steps.done("gateway, entitlement store and central database")
        stage = await _open(stack, child, site_file, rate, steps)
        tickets = await _tickets_to_try(stage)
        steps.done(f"{stage.shop.on_shelf} tickets sold, and known at the gates")
        screen.print_things_to_try(console, child.url, stage.keys[museum.DESK], tickets)
        _OPENED.set()
        await _run(stage, screen.Board(console, stage.crowd.counts, rate), stop, seconds, rate)
        spaces = await _spaces(stage.http, stage.keys)
        status, verdict = await run_command("verify", "--site", str(site_file))
        screen.print_summary(console, stage.crowd.counts, spaces, verdict)
    _say_goodbye(console)
    return status == 0 and not stage.crowd.counts.surprises


async def _open(
    stack: AsyncExitStack, child: Child, site_file: Path, rate: float, steps: screen.Steps
) -> Stage:
    """Set up keys, handhelds and the shop."""
    http = await stack.enter_async_context(
        aiohttp.ClientSession(child.url, connector=aiohttp.TCPConnector(limit=64))
    )
    keys = Keys(http, site_file)
    await keys.load()
    posts = museum.handhelds(rate)
    await keys.make([museum.DESK, *posts])
    handhelds = [Handheld(reader, space, keys[reader]) for reader, space in posts.items()]
    steps.done(f"keys for {len(handhelds)} handhelds")
    running = run_file.find(site_file.parent)
    if running is None:
        raise DemoFailed("The gateway has gone.")
    shop = Shop(await stack.enter_async_context(_database(running.postgres)), rate)
    await shop.open()
    await _send_home(http, keys)
    return Stage(child, http, keys, shop, Crowd(http, shop, handhelds))


async def _run(
    stage: Stage, board: screen.Board, stop: asyncio.Event, seconds: float | None, rate: float
) -> None:
    """Let visitors come until somebody says stop, or the time is over."""
    visitors = asyncio.create_task(stage.crowd.come(rate), name="demo-visitors")
    work = [
        visitors,
        asyncio.create_task(stage.shop.keep_stocked(), name="demo-shop"),
        asyncio.create_task(_keep_showing(board, stage), name="demo-screen"),
        asyncio.create_task(stage.child.until_ended(), name="demo-gateway"),
        asyncio.create_task(stop.wait(), name="demo-stop"),
    ]
    try:
        done, _ = await asyncio.wait(work, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        stage.crowd.close()
        await visitors
    finally:
        for task in work:
            task.cancel()
        await asyncio.wait(work)
        board.close()


async def _keep_showing(board: screen.Board, stage: Stage) -> None:
    spaces: Sequence[dict[str, Any]] = []
    while True:
        await asyncio.sleep(board.pause_s)
        with suppress(aiohttp.ClientError, TimeoutError):
            spaces = await _spaces(stage.http, stage.keys)
        board.show(spaces)


async def _tickets_to_try(stage: Stage) -> list[screen.ToTry]:
    """Sell three tickets for the person at the terminal, use one and destroy another."""
    shop = stage.shop
    valid, used, destroyed = await shop.sell(museum.Product.DAY, 3)
    await shop.connection.execute(DESTROY, [destroyed])
    await _until_known(stage.http, stage.keys, [valid, used, destroyed])
    await _stamp(stage.http, stage.keys, used)
    counts = stage.crowd.counts
    counts.scans, counts.granted, counts.entered[museum.Space.COLLECTION] = 1, 1, 1
    return [
        screen.ToTry("valid", valid, "granted, the first time"),
        screen.ToTry("used", used, "no_stamps_left, with time and reader of its stamp"),
        screen.ToTry("destroyed", destroyed, "destroyed, with its date"),
    ]


async def _until_known(http: aiohttp.ClientSession, keys: Keys, codes: Sequence[str]) -> None:
    """Wait until the gateway knows tickets just sold."""
    async with asyncio.timeout(KNOWN_WITHIN_S):
        for code in codes:
            while True:
                async with http.get(f"/v1/tickets/{code}", headers=keys.bearing(ADMIN)) as response:
                    if response.status == 200:  # noqa: PLR2004  # OK, as everywhere
                        break
                await asyncio.sleep(0.02)


async def _stamp(http: aiohttp.ClientSession, keys: Keys, code: str) -> None:
    headers = keys.bearing(museum.DESK)
    async with http.post("/v1/scans", json={"code": code}, headers=headers) as response:
        answer = await response.json()
    if answer.get("decision") != "granted":
        raise DemoFailed(f"A good ticket was refused: {answer}")


async def _send_home(http: aiohttp.ClientSession, keys: Keys) -> None:
    """Count out the visitors of an earlier run."""
    for space in await _spaces(http, keys):
        if space["parent"] and (persons := space["inside"]):
            async with http.post(
                f"/v1/spaces/{space['id']}/count",
                json={"direction": "exit", "persons": persons, "reason": "an earlier run"},
                headers=keys.bearing(ADMIN),
            ):
                pass


async def _spaces(http: aiohttp.ClientSession, keys: Keys) -> list[dict[str, Any]]:
    async with http.get("/v1/spaces", headers=keys.bearing(ADMIN)) as response:
        response.raise_for_status()
        answer = await response.json()
    items: list[dict[str, Any]] = answer["items"]
    return items


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def _stop_or_leave(stop: asyncio.Event) -> None:
    """Stop in order; at the second time of asking leave at once (the gateway notices)."""
    if stop.is_set():
        os._exit(1)
    stop.set()


def _say_goodbye(console: Console) -> None:
    console.print("All that was started has stopped.", highlight=False)


def _refuse_a_second(folder: Path) -> None:
    if running := run_file.find(folder):
        raise DemoFailed(f"A demonstration runs here already, at {running.http}.")


def _free_port() -> int:
    """Return the usual port, or any free one where it is taken."""
    for port in (PORT, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            probe.listen()
            found: int = probe.getsockname()[1]
            return found
    raise DemoFailed("There is no free port.")
