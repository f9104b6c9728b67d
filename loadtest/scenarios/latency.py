"""How long a visitor waits at 1,000 scans a second, also while the store's file is rewritten.

An open loop: latency counts from the instant the visitor was due. The store holds a million
tickets, so that a rewrite has something to write; rewrites follow each other for the whole run. The
bare handler is timed the same way: what it needs is the floor of this machine and this generator.
"""

import asyncio

from redis.exceptions import ResponseError

from loadtest import processes
from loadtest.codes import code_of
from loadtest.figures import Figure, Target, at_most
from loadtest.generator import Outcome
from loadtest.live import visitors
from loadtest.plan import Plan
from loadtest.scenarios.throughput import bare_handler
from loadtest.stand import Stand, temporary_stand

RATE = 1_000.0
TARGETS = {"p50": at_most(2), "p99": at_most(10), "p99.9": at_most(50)}


async def run(plan: Plan) -> list[Figure]:
    """Time the scans with each durability."""
    figures: list[Figure] = []
    for durability in plan.durabilities:
        plan.say(f"latency: {durability}")
        figures += await _measure(plan, durability)
    return figures


async def _measure(plan: Plan, durability: str) -> list[Figure]:
    turn = int(RATE * plan.seconds * 1.2)
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, max(plan.tickets, 2 * turn))
        size = await stand.answer_length(code_of(0))
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            async with bare_handler(plan, 1, size, plan.first_core) as (bare_url, _):
                bare = await _storm(plan, stand, 0, url=bare_url)
            quiet = await _storm(plan, stand, 0)
            rewriting, rewrites = await _storm_while_rewriting(plan, stand, turn)
        wrong = await stand.verify()
    figures = _figures("bare handler", bare, {})
    figures += _figures("in quiet", quiet, TARGETS, durability=durability, void=wrong)
    note = f"{rewrites} rewrites of the file with {max(plan.tickets, 2 * turn):,} tickets"
    void = wrong or ("" if rewrites else "no rewrite took place")
    return figures + _figures(
        "during rewrites", rewriting, TARGETS, durability=durability, void=void, note=note
    )


async def _storm(plan: Plan, stand: Stand, first: int, *, url: str = "") -> Outcome:
    async with visitors(
        stand, rate=RATE, first=first, lasts_s=plan.seconds, seed=plan.seed, url=url
    ) as storm:
        outcome = await storm.wait()
    plan.say(f"  {'bare   ' if url else 'gateway'} {outcome.latency}")
    return outcome


async def _storm_while_rewriting(plan: Plan, stand: Stand, first: int) -> tuple[Outcome, int]:
    async with asyncio.TaskGroup() as group:
        rewriting = group.create_task(_rewrite(stand), name="rewrites")
        outcome = await _storm(plan, stand, first)
        rewriting.cancel()
    information = await stand.store.info("persistence")
    while information["aof_rewrite_in_progress"]:
        await asyncio.sleep(0.1)
        information = await stand.store.info("persistence")
    return outcome, await _rewrites(stand)


async def _rewrite(stand: Stand) -> None:
    """Have the store rewrite its file, again and again."""
    while True:
        information = await stand.store.info("persistence")
        if not information["aof_rewrite_in_progress"]:
            try:
                await stand.store.bgrewriteaof()
            except ResponseError:
                return
        await asyncio.sleep(0.2)


async def _rewrites(stand: Stand) -> int:
    information = await stand.store.info("persistence")
    return int(information.get("aof_rewrites", information.get("total_forks", 0)))


def _figures(
    when: str,
    outcome: Outcome,
    targets: dict[str, Target],
    *,
    durability: str = "",
    void: str = "",
    note: str = "",
) -> list[Figure]:
    spread = outcome.latency
    values = {"p50": spread.p50, "p99": spread.p99, "p99.9": spread.p999}
    late = f"{outcome.late} of {outcome.sent:,} sent > 5 ms late, most {spread.most:.1f} ms"
    notes = {"p50": f"service p50 {outcome.service.p50:.2f} ms", "p99": late, "p99.9": note}
    return [
        Figure(
            "latency",
            f"latency at 1,000 scans/s, {when}, {name}",
            value,
            "ms",
            targets.get(name),
            durability,
            notes[name],
            void or outcome.void,
            outcome.as_json() if name == "p50" else {},
        )
        for name, value in values.items()
    ]
