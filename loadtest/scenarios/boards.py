"""How long a wired turnstile waits: code on a pty → pulse on a Modbus coil; and what polls cost.

Fifty turnstiles, each a scan engine on a pty and a board on Modbus TCP, with a visitor each 1.5 s
(an open loop: time counts from the instant the visitor was due). Then twenty boards whose eight
inputs are read each 40 ms: the CPU of the gateway with nobody there, and whether each passage of
100 ms is in the central database.
"""

import asyncio
import random
import time

from loadtest import processes
from loadtest.codes import code_of
from loadtest.figures import Figure, at_least, at_most
from loadtest.gates import Visitor
from loadtest.generator import LATE_S, Outcome, Tally
from loadtest.plan import Plan
from loadtest.schedule import procession
from loadtest.sql import statement
from loadtest.stand import Stand, temporary_folder, temporary_stand
from loadtest.turnstiles import Turnstile, turnstiles, wired

MANY = 50
POLLED = 20
EVERY_S = 1.5
"""Longer than a pulse and the rest behind it: nobody waits for the one before."""
UP_S = 15.0
PASSED_S = 5.0
POLL_S = 0.04


async def run(plan: Plan) -> list[Figure]:
    """Let visitors through fifty turnstiles; watch twenty boards being polled."""
    durability = plan.durabilities[0]
    figures: list[Figure] = []
    for number in (MANY, POLLED):
        plan.say(f"boards: {number}")
        figures += await _measure(plan, number, durability)
    return figures


async def _measure(plan: Plan, number: int, durability: str) -> list[Figure]:
    each = max(3, int(plan.seconds / EVERY_S))
    async with (
        temporary_folder(plan.folder) as folder,
        turnstiles(number, folder) as made,
        temporary_stand(
            durability=durability, command=plan.command, parent=plan.folder, wired=wired(made)
        ) as stand,
    ):
        await stand.sell(0, number * each)
        await _all_asked(made)
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            core = await _idle(stand, min(10.0, plan.seconds))
            outcome = await _visitors(plan, made, each)
        passages = await _passages(stand, sum(each.passages for each in made))
        wrong = await stand.verify()
    found = f"{number} turnstiles, {outcome.sent:,} codes"
    plan.say(f"  {outcome.latency}; polls cost {core:.3f} of a core")
    if number == POLLED:
        polls = f"{POLLED} boards, 8 inputs each {POLL_S * 1000:.0f} ms"
        return [
            Figure("boards", f"{polls}: CPU of the gateway, nobody there", core * 100,
                   "% of a core", at_most(25), durability, "", wrong),
            Figure("boards", f"{polls}: passages of 100 ms in the database", passages * 100,
                   "%", at_least(100), durability, found, wrong),
        ]  # fmt: skip
    return [
        Figure("boards", f"code on a pty → pulse on a Modbus coil, {MANY} turnstiles, p99",
               outcome.latency.p99, "ms", at_most(20), durability, _told(outcome),
               wrong or outcome.void),
        Figure("boards", "the same: passages of 100 ms in the database", passages * 100,
               "%", at_least(100), durability, found, wrong),
    ]  # fmt: skip


async def _all_asked(made: list[Turnstile]) -> None:
    """Wait until every board is being polled."""
    async with asyncio.timeout(UP_S):
        while any(each.polls < 3 for each in made):  # noqa: ASYNC110, PLR2004 - they are asked
            await asyncio.sleep(0.1)


async def _idle(stand: Stand, seconds: float) -> float:
    """Return the cores that the gateway uses while nobody comes."""
    await asyncio.sleep(1.0)
    before, begun = stand.usage(), time.perf_counter()
    await asyncio.sleep(seconds)
    used = stand.usage().since(before)
    return used.by_family["gateway"] / (time.perf_counter() - begun)


async def _visitors(plan: Plan, made: list[Turnstile], each: int) -> Outcome:
    dice, codes, tally = random.Random(plan.seed), iter(range(len(made) * each)), Tally()
    due = [list(procession(each, EVERY_S, seed=dice.getrandbits(32))) for _ in made]
    begun = time.perf_counter() + LATE_S
    async with asyncio.TaskGroup() as group:
        for turnstile, mine in zip(made, due, strict=True):
            visitors = [Visitor(due_s, code_of(next(codes))) for due_s in mine]
            group.create_task(turnstile.attend(visitors, begun, tally))
    await asyncio.sleep(0.5)  # the last ones walk
    return tally.outcome(1)


async def _passages(stand: Stand, wanted: int) -> float:
    """Return the share of passages that the central database has."""
    until = time.monotonic() + PASSED_S
    while True:
        counted = int(await stand.sql.fetchval(statement("passed")))
        if counted >= wanted or time.monotonic() > until:
            return counted / wanted if wanted else 0.0
        await asyncio.sleep(0.1)


def _told(outcome: Outcome) -> str:
    service = outcome.service
    return (
        f"most {outcome.latency.most:.1f} ms, {outcome.sent:,} codes; "
        f"sent → pulse p50 {service.p50:.2f}, p99 {service.p99:.2f} ms"
    )
