"""How long until a change in the central database is valid at the gate.

A seller writes one ticket; from the commit on, the gate is asked (without stamping) until it would
let the ticket in. The same again while a million changed rows are taken in, with visitors passing.
That the million are in is known from 500 of them, drawn at random and looked at over HTTP.
"""

import asyncio
import random
import time

import orjson

from loadtest.client import Connection
from loadtest.codes import TAG, code_of
from loadtest.figures import Figure, at_most
from loadtest.live import visitors
from loadtest.plan import Plan
from loadtest.samples import Spread
from loadtest.site import READER
from loadtest.sql import statement
from loadtest.stand import OK, Stand, StandFailed, temporary_stand

SINGLES_TAG = "COMPOSTEURONEBYONE"
SAMPLE = 500
WITHIN_S = 60.0
LIVE_TICKETS = 150_000


async def run(plan: Plan) -> list[Figure]:
    """Change one ticket at a time, in quiet and while a million changes are taken in."""
    durability = plan.durabilities[-1]
    singles = 30 if plan.quick else 500
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, plan.tickets + LIVE_TICKETS)
        gate = await Connection.open(stand.place)
        quiet = Spread.of_seconds(
            [await _one_change(stand, gate, number) for number in range(singles)]
        )
        plan.say(f"  one change: {quiet}")
        async with visitors(
            stand, rate=plan.live_rate, first=plan.tickets, seed=plan.seed
        ) as storm:
            await asyncio.sleep(0.5)
            times, written_s, taken_in_s = await _during_mass_change(plan, stand, gate, singles)
            outcome = await storm.leave()
        gate.close()
        wrong = await stand.verify()
    busy = Spread.of_seconds(times)
    rows = f"{plan.tickets:,} changed rows"
    return [
        Figure(
            "feed",
            "change in the central database → valid at the gate, p99",
            quiet.p99,
            "ms",
            at_most(250),
            durability,
            f"p50 {quiet.p50:.1f} ms, most {quiet.most:.1f} ms, {quiet.count} changes",
            wrong,
        ),
        Figure(
            "feed",
            f"the same while {rows} are taken in, longest",
            busy.most / 1_000,
            "s",
            at_most(1),
            durability,
            f"p50 {busy.p50:.0f} ms, {busy.count} changes; the seller wrote for {written_s:.1f} s, "
            f"all in {taken_in_s:.1f} s after the commit",
            wrong,
        ),
        Figure(
            "feed",
            f"live p99 at {plan.live_rate:g} scans/s while {rows} are taken in",
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


async def _one_change(stand: Stand, gate: Connection, number: int) -> float:
    """Sell one ticket; return the seconds from the commit until it is valid."""
    code = code_of(number, SINGLES_TAG)
    body = orjson.dumps({"code": code, "reader": READER, "mode": "check"})
    request = stand.requests.scan(body)
    await stand.sql.execute(statement("one_ticket"), code)
    begun = time.perf_counter()
    while True:
        answer = await gate.ask(request)
        passed_s = time.perf_counter() - begun
        if answer.status == OK and orjson.loads(answer.body)["decision"] == "granted":
            return passed_s
        if passed_s > WITHIN_S:
            raise StandFailed(f"a ticket is not valid after {WITHIN_S:.0f} s: {answer}")
        await asyncio.sleep(0.001)


async def _during_mass_change(
    plan: Plan, stand: Stand, gate: Connection, first: int
) -> tuple[list[float], float, float]:
    """Change all tickets in one statement; meanwhile sell single ones. Return their times."""
    numbers = random.Random(plan.seed).sample(range(plan.tickets), min(SAMPLE, plan.tickets))
    unchanged = [code_of(number) for number in numbers]
    seller = await stand.another_sql_connection()
    begun = time.perf_counter()
    await seller.execute(statement("change_all"), TAG, 0, plan.tickets, timeout=600)
    written_s = time.perf_counter() - begun
    await seller.close()
    committed = time.perf_counter()
    times: list[float] = []
    while unchanged:
        times.append(await _one_change(stand, gate, first + len(times)))
        while unchanged and await _holder(stand, gate, unchanged[-1]) == "Changed":
            unchanged.pop()
        if time.perf_counter() - committed > 10 * WITHIN_S:
            raise StandFailed(f"{len(unchanged)} of {SAMPLE} tickets have not changed")
        await asyncio.sleep(0.1)
    return times, written_s, time.perf_counter() - committed


async def _holder(stand: Stand, gate: Connection, code: str) -> str:
    answer = await gate.ask(stand.requests.get(f"/v1/tickets/{code}"))
    if answer.status != OK:
        return ""
    return str(orjson.loads(answer.body).get("holder")).split(" ", maxsplit=1)[0]
