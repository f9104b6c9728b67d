"""How long until a granted scan is counted in the central database, and seen on the dashboard.

One scan at a time, from its answer on. The dashboard thins scans to 20 a second, so it is watched
in quiet; the database is also watched while 1,000 scans a second go through.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import aiohttp
import orjson

from loadtest.client import Connection
from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.live import visitors
from loadtest.plan import Plan
from loadtest.samples import Spread
from loadtest.site import READER
from loadtest.sql import statement
from loadtest.stand import Stand, StandFailed, temporary_stand

RATE = 1_000.0
WITHIN_S = 10.0


async def run(plan: Plan) -> list[Figure]:
    """Follow single scans to the database and to the live events."""
    durability = plan.durabilities[-1]
    scans = 30 if plan.quick else 300
    storm_tickets = int(RATE * (scans * 0.5 + 60))
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, 2 * scans + storm_tickets)
        viewer = await stand.make_key("viewer")
        database, dashboard = await _in_quiet(stand, viewer, scans)
        async with visitors(stand, rate=RATE, first=2 * scans, seed=plan.seed) as storm:
            busy = await _followed(stand, range(scans, 2 * scans))
            outcome = await storm.leave()
        wrong = await stand.verify()
    target = at_most(1)

    def figure(what: str, times: list[float], void: str) -> Figure:
        spread = Spread.of_seconds(times)
        note = f"p50 {spread.p50:.0f} ms, most {spread.most:.0f} ms, {spread.count} scans"
        return Figure(
            "counted", what, spread.p99 / 1_000, "s", target, durability, note, wrong or void
        )

    return [
        figure("granted → counted in the database, p99", database, ""),
        figure("granted → counted in the database at 1,000 scans/s, p99", busy, outcome.void),
        figure("granted → on the dashboard, p99", dashboard, "" if dashboard else "nothing seen"),
    ]


async def _in_quiet(stand: Stand, viewer: str, scans: int) -> tuple[list[float], list[float]]:
    seen: dict[str, float] = {}
    async with _live(stand, viewer, seen):
        granted: dict[str, float] = {}
        database = await _followed(stand, range(scans), granted)
        await asyncio.sleep(1)
    return database, [seen[event] - at for event, at in granted.items() if event in seen]


async def _followed(
    stand: Stand, numbers: range, granted: dict[str, float] | None = None
) -> list[float]:
    """Scan these tickets one by one; return the seconds until each was in the database."""
    times = []
    connection = await Connection.open(stand.place)
    for number in numbers:
        code = code_of(number)
        body = orjson.dumps({"code": code, "reader": READER, "nonce": code})
        answer = orjson.loads((await connection.ask(stand.requests.scan(body))).body)
        begun = time.perf_counter()
        if answer.get("decision") != "granted":
            raise StandFailed(f"not granted: {answer}")
        if granted is not None:
            granted[answer["event"]] = begun
        while not await stand.sql.fetchval(statement("counted"), answer["event"]):
            if time.perf_counter() - begun > WITHIN_S:
                raise StandFailed(f"{answer['event']} is not in the database")
            await asyncio.sleep(0.002)
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(0.05)
    connection.close()
    return times


@contextlib.asynccontextmanager
async def _live(stand: Stand, key: str, seen: dict[str, float]) -> AsyncIterator[None]:
    """Note when each event of a scan arrives at a dashboard."""
    ready = asyncio.Event()

    async def watch() -> None:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
            session.get(f"{stand.url}/v1/live", timeout=aiohttp.ClientTimeout()) as response,
        ):
            response.raise_for_status()
            async for line in response.content:
                ready.set()
                if line.startswith(b"data:"):
                    for event in _events(orjson.loads(line[5:])):
                        seen.setdefault(event, time.perf_counter())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch(), name="dashboard")
        async with asyncio.timeout(10):
            await ready.wait()
        try:
            yield
        finally:
            task.cancel()


def _events(content: object) -> list[str]:
    """Find every event id in a message, however it is wrapped."""
    if isinstance(content, list):
        return [event for item in content for event in _events(item)]
    if isinstance(content, dict):
        own = [content[name] for name in ("event", "event_id") if name in content]
        found = [event for value in content.values() for event in _events(value)]
        return [event for event in own if isinstance(event, str)] + found
    return []
