"""What open dashboards cost: stamped scans a second with none and with twenty of them.

Both take turns at one gateway, saturated by wrk, on the cores of the throughput's scenario, the one
first and then the other (A B B A); the dashboards read in a process of their own, beside the
generator. The database is given time first to get over the sale of all those tickets.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from statistics import fmean, median

import orjson

from loadtest import processes
from loadtest.codes import MOST, TAG
from loadtest.figures import Figure, at_least
from loadtest.plan import Plan
from loadtest.scenarios.throughput import (
    SETTLE_S,
    WARM_UP_S,
    WARM_UP_TICKETS,
)
from loadtest.site import READER
from loadtest.stand import Stand, temporary_stand
from loadtest.storm import BEGUN
from loadtest.wrk.driver import Load, Throughput, closed_loop

NUMBER = 20
TURN_S = 8.0
START_S = 20.0
REST_S = 20.0
SHARE = 0.85
RESERVE = 2.0
"""Tickets are sold for so many times the rate of the warm-up, which others may have slowed."""


async def run(plan: Plan) -> list[Figure]:
    """Measure with the first durability of the plan."""
    durability = plan.durabilities[0]
    plan.say(f"dashboards: {durability}")
    seconds, rounds = min(plan.seconds, TURN_S), 2 * plan.rounds
    alone: list[Throughput] = []
    watched: list[Throughput] = []
    told: list[float] = []
    async with temporary_stand(
        durability=durability, workers=1, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, WARM_UP_TICKETS)
        stand.pin(gateway=plan.first_core, stores=plan.second_core, database=plan.cores)
        with processes.running_on(plan.second_core):
            load = Load(stand.url, stand.key, READER, TAG, 0, seconds, plan.connections)
            warm = await closed_loop(replace(load, seconds=WARM_UP_S))
            await stand.wait_for_counted(warm.answered - warm.wrong)
            first = WARM_UP_TICKETS
            wanted = int(warm.rate * RESERVE * 2 * rounds * seconds)
            await stand.sell(first, min(wanted, MOST - first))
            await asyncio.sleep(REST_S)
            sides = [(alone, 0), (watched, NUMBER)]
            for _ in range(rounds):
                sides.reverse()
                for turns, number in sides:
                    await asyncio.sleep(SETTLE_S)
                    async with dashboards(stand, number) as events:
                        turn = await closed_loop(replace(load, first=first))
                    turns.append(turn)
                    first += turn.issued + 1
                    if number:
                        told.append(events[0] / turn.lasted_s / number)
                    plan.say(f"  {number:>2} dashboards {turn.rate:>9,.0f}/s {turn.void}")
        stand.release()
        void = await stand.verify()
    ratio = median(one.rate / other.rate for one, other in zip(watched, alone, strict=True))
    void = void or next((turn.void for turn in (*alone, *watched) if turn.void), "")
    return [
        Figure(
            "dashboards",
            f"stamped scans/s with {NUMBER} dashboards open, against none",
            ratio,
            "×",
            at_least(SHARE),
            durability,
            f"{fmean(turn.rate for turn in watched):,.0f}/s against "
            f"{fmean(turn.rate for turn in alone):,.0f}/s; {fmean(told):.1f} events a second each",
            void,
        )
    ]


@contextlib.asynccontextmanager
async def dashboards(stand: Stand, number: int) -> AsyncIterator[list[int]]:
    """Have so many dashboards open; afterwards the list has how many events they were told."""
    told: list[int] = []
    if not number:
        yield told
        return
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.watchers", f"--url={stand.url}", f"--number={number}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "COMPOSTEUR_KEY": stand.key},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_S):
            if (
                process.stdout is None
                or (await process.stdout.readline()).strip() != BEGUN.encode()
            ):
                raise RuntimeError("no dashboards")
        yield told
        output, _ = await process.communicate(b"")
        told.append(int(orjson.loads(output)["events"]))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
