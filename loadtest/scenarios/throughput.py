"""How many stamped scans a second, against a handler that does nothing; and what they cost.

The baseline and the gateway take turns on the same cores, with the same generator, the same
requests and answers of the same length. With one worker: the worker (baseline or gateway) on the
first core; entitlement store and generator share the second; PostgreSQL, which follows behind the
scans with a lower priority of its own, takes what either core has left, as it would without us.
With two workers everything shares both cores. Every scan is a ticket of its own; events and
streamer are on; a run counts only if its answers were right, and if the database counted what wrk
was told.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import fmean

from loadtest import processes
from loadtest.codes import MOST, TAG, code_of
from loadtest.disk import fsync_times
from loadtest.figures import Figure, at_least, at_most
from loadtest.plan import Plan
from loadtest.site import READER
from loadtest.stand import Stand, StandFailed, free_port, temporary_stand
from loadtest.wrk.driver import Load, Throughput, closed_loop

WARM_UP_S = 2.0
WARM_UP_TICKETS = 80_000
RESERVE = 1.5
"""Tickets are sold for so many times the rate of the warm-up; without any left, a run is void."""

SETTLE_S = 0.5
"""Until a scan that wrk cut off at its end has been counted, too."""

RATIO = {"everysec": 0.5, "always": 0.35}


async def run(plan: Plan) -> list[Figure]:
    """Measure each durability with each number of workers."""
    figures: list[Figure] = []
    for durability in plan.durabilities:
        for workers in plan.workers:
            plan.say(f"throughput: {durability}, {workers} worker(s)")
            figures += await _measure(plan, durability, workers)
    return figures


@dataclass(slots=True)
class Turns:
    """What the turns of one configuration found."""

    bare: list[Throughput] = field(default_factory=list)
    bare_cpu_s: float = 0.0
    gateway: list[Throughput] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    process_cpu_s: dict[int, float] = field(default_factory=dict)
    generator_cpu_s: float = 0.0
    lags_s: list[float] = field(default_factory=list)
    void: str = ""

    @property
    def bare_answers(self) -> int:
        """Answers of the baseline."""
        return sum(turn.answered for turn in self.bare)

    @property
    def scans(self) -> int:
        """Scans the gateway answered."""
        return sum(turn.answered for turn in self.gateway)


async def _measure(plan: Plan, durability: str, workers: int) -> list[Figure]:
    turns = Turns()
    async with temporary_stand(
        durability=durability, workers=workers, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, WARM_UP_TICKETS)
        size = await stand.answer_length(code_of(0))
        disk = fsync_times(stand.site.folder)
        alone = workers == 1
        worker_cores = plan.first_core if alone else plan.cores
        other_cores = plan.second_core if alone else plan.cores
        stand.pin(gateway=worker_cores, stores=other_cores, database=plan.cores)
        with processes.running_on(other_cores):
            async with bare_handler(plan, workers, size, worker_cores) as (bare_url, bare_pids):
                await _take_turns(plan, stand, turns, bare_url, bare_pids)
        stand.release()
        turns.void = turns.void or await stand.verify()
    return _figures(turns, durability, workers, disk.p50, disk.p99)


async def _take_turns(
    plan: Plan, stand: Stand, turns: Turns, bare_url: str, bare_pids: Sequence[int]
) -> None:
    # Once each without counting: what is only done at the first request is done then.
    await closed_loop(replace(_load(plan, stand, bare_url, 0), seconds=WARM_UP_S))
    warm = await closed_loop(replace(_load(plan, stand, stand.url, 0), seconds=WARM_UP_S))
    await stand.wait_for_counted(warm.answered - warm.wrong)
    first = WARM_UP_TICKETS
    tickets = min(int(warm.rate * RESERVE * plan.rounds * plan.seconds), MOST - first)
    sold_in_s = await stand.sell(first, tickets)
    plan.say(f"  {tickets:,} tickets sold and in the store after {sold_in_s:.1f} s")
    await asyncio.sleep(SETTLE_S)
    for _ in range(plan.rounds):
        bare_roots = {str(pid): pid for pid in bare_pids}
        before = processes.Usage.now(bare_roots)
        bare = await closed_loop(_load(plan, stand, bare_url, first))
        used = processes.Usage.now(bare_roots).since(before)
        turns.bare.append(bare)
        turns.bare_cpu_s += sum(used.by_family.values())
        plan.say(f"  bare     {bare.rate:>9,.0f}/s  p99 {bare.p99_ms:.2f} ms {bare.void}")

        counted = await stand.granted()
        before = stand.usage()
        found = await closed_loop(_load(plan, stand, stand.url, first))
        right = found.answered - found.wrong
        lag_s = await stand.wait_for_counted(counted + right)
        used = stand.usage().since(before)
        turns.gateway.append(found)
        turns.lags_s.append(lag_s)
        turns.generator_cpu_s += found.cpu_s
        for name, seconds in used.by_family.items():
            turns.cpu_s[name] = turns.cpu_s.get(name, 0.0) + seconds
        for pid in stand.families()["gateway"]:
            seconds = used.by_process.get(pid, 0.0)
            turns.process_cpu_s[pid] = turns.process_cpu_s.get(pid, 0.0) + seconds
        plan.say(
            f"  gateway  {found.rate:>9,.0f}/s  p99 {found.p99_ms:.2f} ms  "
            f"lag {lag_s:.2f} s {found.void}"
        )
        turns.void = turns.void or bare.void or found.void
        first += found.issued + 1
        # Scans that wrk cut off at its end are counted too; more than that is a second stamp.
        await asyncio.sleep(SETTLE_S)
        surplus = await stand.granted() - counted - right
        if surplus > found.issued - found.answered:
            turns.void = turns.void or f"{surplus} more scans counted than were answered"


def _load(plan: Plan, stand: Stand, url: str, first: int) -> Load:
    connections = plan.connections * (1 if stand.workers == 1 else 2)
    return Load(url, stand.key, READER, TAG, first, plan.seconds, connections)


@contextlib.asynccontextmanager
async def bare_handler(
    plan: Plan, workers: int, size: int, cores: Sequence[int]
) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve the baseline with as many processes as the gateway has workers."""
    port = free_port()
    children: list[asyncio.subprocess.Process] = []
    try:
        for _ in range(workers):
            child = await asyncio.create_subprocess_exec(
                *(plan.python, "-m", "loadtest.baseline", f"--port={port}", f"--size={size}"),
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            children.append(child)
            if child.stdout is None or not (await child.stdout.readline()).startswith(b"ready"):
                raise StandFailed("the baseline did not start")
        pids = [child.pid for child in children]
        processes.pin(pids, cores)
        yield f"http://127.0.0.1:{port}", pids
    finally:
        for child in children:
            if child.returncode is None:
                child.terminate()
        for child in children:
            await child.wait()


def _figures(
    turns: Turns, durability: str, workers: int, fsync_p50: float, fsync_p99: float
) -> list[Figure]:
    bare = fmean(turn.rate for turn in turns.bare)
    rate = fmean(turn.rate for turn in turns.gateway)
    # Of each pair of turns, so that a machine that slows down slows both.
    ratio = fmean(g.rate / b.rate for b, g in zip(turns.bare, turns.gateway, strict=True))
    bare_us = turns.bare_cpu_s / turns.bare_answers * 1e6
    each_us = {name: seconds / turns.scans * 1e6 for name, seconds in turns.cpu_s.items()}
    generator_us = turns.generator_cpu_s / turns.scans * 1e6
    busy = [
        round(seconds / turns.scans * 1e6, 1)
        for seconds in sorted(turns.process_cpu_s.values(), reverse=True)
    ]
    where = (
        "worker on one core, Valkey and wrk on the other, PostgreSQL on what is left"
        if workers == 1
        else "everything on both cores"
    )
    costs = ", ".join(f"{name} {used:.0f}" for name, used in each_us.items())
    details: dict[str, object] = {
        "bare_per_s": [round(turn.rate) for turn in turns.bare],
        "gateway_per_s": [round(turn.rate) for turn in turns.gateway],
        "gateway_p50_ms": [turn.p50_ms for turn in turns.gateway],
        "gateway_p99_ms": [turn.p99_ms for turn in turns.gateway],
        "bare_cpu_us": round(bare_us, 1),
        "cpu_us_per_scan": {name: round(used, 1) for name, used in each_us.items()},
        "gateway_processes_cpu_us_per_scan": busy,
        "generator_cpu_us_per_scan": round(generator_us, 1),
        "lag_s": turns.lags_s,
        "fsync_ms": {"p50": fsync_p50, "p99": fsync_p99},
        "scans": turns.scans,
        "wrong": sum(turn.wrong for turn in turns.gateway),
        "generator": turns.gateway[0].generator,
        "cores": where,
    }
    label = "1 worker" if workers == 1 else f"{workers} workers"
    first = Figure(
        "throughput",
        f"stamped scans/s, {label}",
        rate,
        "/s",
        at_least(10_000) if workers == 2 and durability == "always" else None,  # noqa: PLR2004
        durability,
        f"bare {bare:,.0f}/s; {where}; fsync p50 {fsync_p50:.2f} p99 {fsync_p99:.2f} ms; "
        f"{turns.gateway[0].generator}",
        turns.void,
        details,
    )
    figure = partial(Figure, "throughput", durability=durability, void=turns.void)
    one = workers == 1
    worker_us = each_us["gateway"]
    return [
        first,
        figure(
            what=f"stamped scans/s against bare handler, {label}",
            value=ratio,
            unit="×",
            target=at_least(RATIO[durability]) if one else None,
        ),
        figure(
            what=f"CPU per scan, gateway against bare handler, {label}",
            value=worker_us / bare_us,
            unit="×",
            target=at_most(2) if one else None,
            note=f"{worker_us:.0f} µs against {bare_us:.0f} µs; per process {busy}",
        ),
        figure(
            what=f"CPU per scan, all our processes against bare handler, {label}",
            value=sum(each_us.values()) / bare_us,
            unit="×",
            target=at_most(3) if one else None,
            note=f"µs: {costs}; the generator {generator_us:.0f} not counted",
        ),
        figure(
            what=f"lag of the streamer at the end, {label}",
            value=max(turns.lags_s),
            unit="s",
            target=at_most(1),
        ),
    ]
