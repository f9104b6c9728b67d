"""How long an empty store takes to have a million tickets again, and a gateway to start with them.

The store is emptied under the running gateway (FLUSHALL), as a replaced machine would be; visitors
keep coming meanwhile, and those whose ticket is not there yet are told so (503), never `unknown`.
The gateway that is started beside it shares the stores: what is timed is the gateway's own start.
"""

import asyncio
import time

from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.live import visitors
from loadtest.plan import Plan
from loadtest.site import Site
from loadtest.stand import Stand, free_port, temporary_folder, temporary_stand

LIVE_TICKETS = 60_000
LOADING = "http 503: store_unavailable"


async def run(plan: Plan) -> list[Figure]:
    """Empty the store and wait; then start a second gateway, and the first one again."""
    durability = plan.durabilities[-1]
    total = plan.tickets + LIVE_TICKETS
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, total)
        keys = int(await stand.store.dbsize())
        await stand.store.flushall()
        begun = time.perf_counter()
        async with visitors(
            stand,
            rate=plan.live_rate,
            first=plan.tickets,
            seed=plan.seed,
            expect=("granted", LOADING),
        ) as storm:
            # The stream is not there again until something happens; two keys are its and its like.
            await stand.wait_for_store(keys - 2, code_of(0))
            loaded_s = time.perf_counter() - begun
            await asyncio.sleep(1)
            outcome = await storm.leave()
        wrong = await stand.verify()
        second_s = await _second_gateway(plan, stand)
        whole_s = await stand.restart()
        wrong = wrong or await stand.verify()
    turned_away = outcome.outcomes.get(LOADING, 0)
    return [
        Figure(
            "load",
            f"{total:,} tickets into an empty store",
            loaded_s,
            "s",
            at_most(30),
            durability,
            f"{total / loaded_s:,.0f} tickets/s, with the time to notice",
            wrong,
        ),
        Figure(
            "load",
            f"live p99 at {plan.live_rate:g} scans/s meanwhile",
            outcome.latency.p99,
            "ms",
            at_most(20),
            durability,
            f"{turned_away} of {outcome.sent} were told to wait (503); "
            f"most {outcome.latency.most:.0f} ms, {outcome.late} sends late",
            wrong or outcome.void,
            outcome.as_json(),
        ),
        Figure(
            "load",
            f"start of a gateway, {total:,} tickets in its store",
            second_s,
            "s",
            at_most(2),
            durability,
            "stores running",
            wrong,
        ),
        Figure(
            "load",
            "start with both embedded stores and their data",
            whole_s,
            "s",
            None,
            durability,
        ),
    ]


async def _second_gateway(plan: Plan, stand: Stand) -> float:
    """Start another gateway of the same site on the same stores; return the seconds it took."""
    async with temporary_folder(plan.folder) as folder:
        site = Site(
            folder,
            free_port(),
            durability=stand.site.durability,
            redis=stand.redis_url,
            postgres=stand.postgres_dsn,
            gateway="second",
        )
        second = Stand(site, command=plan.command)
        second.key = stand.key
        async with second:
            return second.started_in_s
