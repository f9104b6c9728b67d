"""The demonstration from beginning to end: a gateway, a shop, visitors, and a proof at the end."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import aiohttp
import asyncpg
from rich.console import Console

from gateway.demo import museum, osdp_door, screen, wired
from gateway.demo.books import Books, Window
from gateway.demo.child import Child, GatewayEnded, gateway, run_command
from gateway.demo.gates import Gate, over_mqtt
from gateway.demo.handhelds import Handheld
from gateway.demo.http_gates import over_http
from gateway.demo.keyring import ADMIN, DemoFailed, Keys
from gateway.demo.posts import Posts
from gateway.demo.seller import DESTROY, Shop
from gateway.demo.signs import SignGate
from gateway.demo.visitors import Crowd
from gateway.venue import run_file
from gateway.venue.run_file import Running

STATE = Path("state") / "demo"
PORT = 8080
ANY_PORT = 0
KNOWN_WITHIN_S = 20.0
GATES_WITHIN_S = 10.0
LOOK_S = 0.02

_OPENED = asyncio.Event()


@dataclass(slots=True)
class Stage:
    """What the play is played on, once all is open."""

    child: Child
    http: aiohttp.ClientSession
    keys: Keys
    shop: Shop
    gates: Mapping[str, Gate]
    crowd: Crowd
    window: Window
    books: Books


async def play(rate: float, seconds: float | None, *, wire: museum.Wire) -> bool:
    """Run the demonstration; return whether its books balance at the end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _stop_or_leave, stop)
    playing = asyncio.create_task(_play(rate, seconds, stop, wire), name="demo-play")
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


async def _play(rate: float, seconds: float | None, stop: asyncio.Event, wire: museum.Wire) -> bool:
    console = screen.make_console()
    steps = screen.Steps(console)
    folder = STATE.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_a_second(folder)
    site_file = folder / "site.toml"
    console.print("A museum opens; its data is kept in state/demo.", highlight=False)
    async with AsyncExitStack() as stack:
        turnstile = await stack.enter_async_context(wired.turnstile(folder))
        door = await stack.enter_async_context(osdp_door.door(folder))
        cables = turnstile.cables
        if door is not None:
            cables = replace(cables, readers=(door.line.socket.path, door.keys))
        on_wires: list[SignGate] = [turnstile, *([door] if door is not None else [])]
        text = partial(museum.site_file, rate=rate, wire=wire, cables=cables)
        child = await _gateway(stack, text, site_file, steps)
        steps.done("gateway, entitlement store and central database")
        stage = await _open(stack, child, site_file, rate, wire, on_wires, steps)
        tickets = await _tickets_to_try(stage)
        steps.done(f"{stage.shop.on_shelf} tickets sold, and known at the gates")
        screen.print_things_to_try(console, child.url, stage.keys[museum.OPERATOR], tickets)
        _OPENED.set()
        counts = stage.crowd.counts
        board = screen.Board(console, counts, stage.gates, rate)
        await _run(stage, board, stop, seconds, rate)
        rooms = await stage.books.close(stage.window, counts)
        status, verdict = await run_command("verify", "--site", str(site_file))
        standing = stage.window.standing
        screen.print_summary(console, counts, standing, rooms, verdict)
        await child.stop()  # before the gates: that they go is no alarm
    _say_goodbye(console)
    agreed = standing.disturbed or not any(room.differs for room in rooms.values())
    return status == 0 and agreed and not counts.surprises


async def _gateway(
    stack: AsyncExitStack, text: Callable[[int], str], site_file: Path, steps: screen.Steps
) -> Child:
    """Start the gateway at the usual port, or at any free one where that is taken."""
    if _is_free(PORT):
        _write(site_file, text(PORT))
        try:
            return await stack.enter_async_context(gateway(site_file, steps.say))
        except GatewayEnded:
            if _is_free(PORT):
                raise  # else somebody has taken it in between
    _write(site_file, text(ANY_PORT))
    return await stack.enter_async_context(gateway(site_file, steps.say))


async def _open(  # noqa: PLR0917  # all that a museum needs
    stack: AsyncExitStack,
    child: Child,
    site_file: Path,
    rate: float,
    wire: museum.Wire,
    on_wires: Sequence[SignGate],
    steps: screen.Steps,
) -> Stage:
    """Set up keys, handhelds, gates and the shop."""
    http = await stack.enter_async_context(
        aiohttp.ClientSession(child.url, connector=aiohttp.TCPConnector(limit=64))
    )
    keys = Keys(http, site_file)
    await keys.load()
    posts = museum.handhelds(rate)
    spoken = [gate.id for gate in museum.OF_OURS] if wire == "http" else []
    await keys.make([*posts, *spoken])
    await keys.make_operator(museum.OPERATOR, museum.DESK)
    handhelds = [Handheld(reader, space, keys[reader]) for reader, space in posts.items()]
    steps.done(f"keys for {len(handhelds)} handhelds")
    running = run_file.find(site_file.parent)
    if running is None:
        raise DemoFailed("The gateway has gone.")
    window = Window(http, keys)
    gates = await _gates(stack, running, http, keys, window, on_wires)
    spoken_over = "HTTP and WebSocket" if wire == "http" else "MQTT"
    by_osdp = ", 1 door with OSDP readers" if len(on_wires) > 1 else ""
    ours = len(gates) - len(on_wires)
    steps.done(f"{ours} gates over {spoken_over}, 1 on serial lines and Modbus{by_osdp}")
    shop = Shop(await stack.enter_async_context(_database(running.postgres)), rate)
    await shop.open()
    await _send_home(window, http, keys)
    engines = [reader for gate in museum.GATES for reader in gate.readers.values()]
    books = await Books.opened(shop.connection, [*posts, *gates, *engines])
    crowd = Crowd(http, shop, Posts(gates, handhelds), window)
    return Stage(child, http, keys, shop, gates, crowd, window, books)


async def _gates(  # noqa: PLR0917  # on either side of a gate
    stack: AsyncExitStack,
    running: Running,
    http: aiohttp.ClientSession,
    keys: Keys,
    window: Window,
    on_wires: Sequence[SignGate],
) -> Mapping[str, Gate]:
    """Have the gates connect, and wait until the gateway knows that they are there."""
    wires = [name for gate in on_wires for name in (gate.id, *gate.readers)]
    if running.mqtt is None:
        spoken = {gate: keys[gate.id] for gate in museum.OF_OURS}
        gates = await stack.enter_async_context(over_http(http, spoken, keys[ADMIN]))
        reached = wires
    else:
        gates = await stack.enter_async_context(over_mqtt(museum.OF_OURS, running.mqtt))
        reached = [*wires, *gates]
    try:
        async with asyncio.timeout(GATES_WITHIN_S):
            for gate in gates.values():
                await gate.up.wait()
            while True:
                equipment = (await window.look()).equipment
                if all(equipment[name]["link"] == "up" for name in reached):
                    break
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise DemoFailed("The gates do not reach the gateway.") from None
    return {**gates, **{gate.id: gate for gate in on_wires}}


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
    while True:
        await asyncio.sleep(board.pause_s)
        board.show(await stage.window.look())


async def _tickets_to_try(stage: Stage) -> list[screen.ToTry]:
    """Sell three tickets for the person at the terminal, use one and destroy another."""
    shop = stage.shop
    valid, used, destroyed = await shop.sell(museum.Product.DAY, 3)
    await shop.connection.execute(DESTROY, [destroyed])
    await _until_known(stage.http, stage.keys, [valid, used, destroyed])
    await _stamp(stage.http, stage.keys, used)
    counts = stage.crowd.counts
    counts.scans, counts.granted = 1, 1
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
                await asyncio.sleep(LOOK_S)


async def _stamp(http: aiohttp.ClientSession, keys: Keys, code: str) -> None:
    headers = keys.bearing(museum.OPERATOR)
    async with http.post("/v1/scans", json={"code": code}, headers=headers) as response:
        answer = await response.json()
    if answer.get("decision") != "granted":
        raise DemoFailed(f"A good ticket was refused: {answer}")


async def _send_home(window: Window, http: aiohttp.ClientSession, keys: Keys) -> None:
    """Count out the visitors of an earlier run, take back what it had set and seen."""
    admin = keys.bearing(ADMIN)
    for space in (await window.look()).spaces:
        if space["parent"] and (persons := space["inside"]):
            out = {"direction": "exit", "persons": persons, "reason": "an earlier run"}
            await _post(http, f"/v1/spaces/{space['id']}/count", out, admin)
        if space["mode"] != "normal":
            await _post(http, f"/v1/spaces/{space['id']}/mode", {"mode": "normal"}, admin)
            await _post(http, "/v1/evacuation/ack", {}, admin)
    for name, each in window.standing.equipment.items():
        if set(each["modes"].values()) - {"normal", None}:
            await _post(http, f"/v1/equipment/{name}/command", {"command": "normal"}, admin)
    async with http.get("/v1/alarms", headers=admin) as response:
        alarms = (await response.json())["items"]
    for alarm in alarms:
        await _post(http, f"/v1/alarms/{quote(alarm['id'], safe='')}/ack", {}, admin)
    window.standing.disturbed = False


async def _post(
    http: aiohttp.ClientSession, path: str, body: dict[str, object], headers: dict[str, str]
) -> None:
    async with http.post(path, json=body, headers=headers):
        pass


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


def _write(site_file: Path, text: str) -> None:
    site_file.write_text(text, encoding="utf-8")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True
