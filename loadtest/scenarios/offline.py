"""How long a hundred thousand offline scans take to upload, with visitors passing.

A thousand to a batch, one batch after the other, with a handheld's own key; every item must come
back granted and without conflict, and be counted.
"""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta

import aiohttp
import orjson

from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.live import visitors
from loadtest.plan import Plan
from loadtest.site import OFFLINE_READER
from loadtest.stand import OK, Stand, StandFailed, temporary_stand

BATCH = 1_000
LIVE_TICKETS = 60_000
TOO_MANY = 429


async def run(plan: Plan) -> list[Figure]:
    """Upload the scans of a long offline afternoon."""
    durability = plan.durabilities[-1]
    scans = 5_000 if plan.quick else 100_000
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, scans + LIVE_TICKETS)
        key = await stand.make_key("scanner", reader=OFFLINE_READER)
        async with visitors(stand, rate=plan.live_rate, first=scans, seed=plan.seed) as storm:
            begun = time.perf_counter()
            conflicts, longest_s = await _upload(stand, key, scans)
            lasted_s = time.perf_counter() - begun
            outcome = await storm.leave()
        counted_s = await stand.wait_for_counted(scans + outcome.outcomes.get("granted", 0))
        wrong = await stand.verify()
        wrong = wrong or (f"{conflicts} conflicts where there are none" if conflicts else "")
    return [
        Figure(
            "offline",
            f"{scans:,} offline scans uploaded",
            lasted_s,
            "s",
            at_most(60),
            durability,
            f"{scans / lasted_s:,.0f} scans/s, the longest batch {longest_s * 1_000:.0f} ms; "
            f"all counted {counted_s:.2f} s later",
            wrong,
        ),
        Figure(
            "offline",
            f"live p99 at {plan.live_rate:g} scans/s meanwhile",
            outcome.latency.p99,
            "ms",
            at_most(20),
            durability,
            f"p50 {outcome.latency.p50:.2f} ms, most {outcome.latency.most:.0f} ms, "
            f"{outcome.late} sends late, {outcome.sent:,} scans",
            wrong or outcome.void,
            outcome.as_json(),
        ),
    ]


async def _upload(stand: Stand, key: str, scans: int) -> tuple[int, float]:
    """Send all batches; return the number of conflicts, and the longest time of a batch."""
    conflicts = 0
    longest_s = 0.0
    since = datetime.now(UTC) - timedelta(hours=4)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for first in range(0, scans, BATCH):
            items = [
                {
                    "code": code_of(number),
                    "nonce": uuid.uuid4().hex,
                    "at": (since + timedelta(milliseconds=100 * number)).isoformat(),
                    "decided": "granted",
                    "direction": "entry",
                    "persons": 1,
                }
                for number in range(first, min(first + BATCH, scans))
            ]
            begun = time.perf_counter()
            answers = await _send(session, f"{stand.url}/v1/scans/batch", orjson.dumps(items))
            longest_s = max(longest_s, time.perf_counter() - begun)
            for answer in answers:
                if answer.get("decision") != "granted":
                    raise StandFailed(f"an offline scan was not taken: {answer}")
                conflicts += answer.get("conflict") is not None
    return conflicts, longest_s


async def _send(session: aiohttp.ClientSession, url: str, body: bytes) -> list[dict[str, object]]:
    """Send one batch; the same again, with its Idempotency-Key, when told to come back later."""
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    while True:
        async with session.post(url, data=body, headers=headers) as response:
            content = await response.read()
            if response.status == OK:
                items: list[dict[str, object]] = orjson.loads(content)["items"]
                return items
            if response.status != TOO_MANY:
                raise StandFailed(f"{response.status} {content[:500]!r}")
            await asyncio.sleep(float(response.headers["Retry-After"]))
