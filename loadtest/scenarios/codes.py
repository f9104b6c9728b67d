"""What it costs to check a signed code: stamped scans a second with plain and with signed ones.

Plain references, codes with keyed BLAKE2b and codes with Ed25519 take turns at one gateway, on the
cores of the throughput's scenario (A B C C B A …), each ticket presented once. All three come from
a file, so that the generator does the same work for each but for their length.
"""

import asyncio
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from loadtest import processes
from loadtest.codes import MOST, TAG, code_of
from loadtest.figures import Figure, Target, at_least
from loadtest.plan import Plan
from loadtest.scenarios.throughput import SETTLE_S, WARM_UP_S, WARM_UP_TICKETS
from loadtest.site import READER
from loadtest.stand import Stand, StandFailed, temporary_stand
from loadtest.wrk.driver import Load, Throughput, closed_loop

PLAIN, MAC, ED25519 = "plain", "mac", "ed25519"
KINDS = (PLAIN, MAC, ED25519)
SHARES: Mapping[str, Target | None] = {MAC: at_least(0.97), ED25519: None}
TURN_S = 4.0
MOST_RATE = 20_000
"""Scans a second for which there are tickets; a run that is faster is void."""
REST_S = 10.0


async def run(plan: Plan) -> list[Figure]:
    """Measure with the first durability of the plan."""
    durability = plan.durabilities[0]
    plan.say(f"codes: {durability}")
    seconds, rounds = min(plan.seconds, TURN_S), 2 * plan.rounds
    turns: dict[str, list[Throughput]] = {kind: [] for kind in KINDS}
    async with temporary_stand(
        durability=durability, workers=1, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, WARM_UP_TICKETS)
        for kind in (MAC, ED25519):
            await told(stand, "codes", "key", "create", "--kind", kind)
        stand.pin(gateway=plan.first_core, stores=plan.second_core, database=plan.cores)
        with processes.running_on(plan.second_core):
            load = Load(stand.url, stand.key, READER, TAG, 0, seconds, plan.connections)
            warm = await closed_loop(replace(load, seconds=WARM_UP_S))
            await stand.wait_for_counted(warm.answered - warm.wrong)
            first = WARM_UP_TICKETS
            count = min(int(MOST_RATE * len(KINDS) * rounds * seconds), MOST - first)
            await stand.sell(first, count)
            files = {kind: await listed(stand, kind, first, count) for kind in KINDS}
            plan.say(f"  {count:,} tickets, in three files")
            await asyncio.sleep(REST_S)
            order, line = list(KINDS), 0
            for _ in range(rounds):
                for kind in order:
                    await asyncio.sleep(SETTLE_S)
                    turn = await closed_loop(replace(load, first=line, codes=files[kind]))
                    turns[kind].append(turn)
                    line += turn.issued + 1
                    plan.say(f"  {kind:<8}{turn.rate:>9,.0f}/s {turn.void}")
                order.reverse()
        stand.release()
        void = await stand.verify()
    void = void or next((turn.void for each in turns.values() for turn in each if turn.void), "")
    return [_figure(kind, turns, durability, void) for kind in (MAC, ED25519)]


def _figure(kind: str, turns: Mapping[str, list[Throughput]], durability: str, void: str) -> Figure:
    pairs = zip(turns[kind], turns[PLAIN], strict=True)
    return Figure(
        "codes",
        f"stamped scans/s with {kind} codes, against plain ones",
        statistics.median(one.rate / other.rate for one, other in pairs),
        "×",
        SHARES[kind],
        durability,
        f"{fmean(turn.rate for turn in turns[kind]):,.0f}/s against "
        f"{fmean(turn.rate for turn in turns[PLAIN]):,.0f}/s, each the mean of its turns",
        void,
    )


async def listed(stand: Stand, kind: str, first: int, count: int) -> Path:
    """Write the codes of a kind into a file; the gateway's own command signs them."""
    plain = Path(stand.site.folder) / f"{PLAIN}.txt"
    if kind == PLAIN:
        lines = "".join(f"{code_of(number)}\n" for number in range(first, first + count))
        await asyncio.to_thread(plain.write_text, lines)
        return plain
    path = plain.with_name(f"{kind}.txt")
    said = await told(stand, "codes", "sign", str(plain), "--kind", kind)
    if said.count("\n") + 1 < count:
        raise StandFailed(f"{said.count(chr(10)) + 1} of {count} codes signed")
    await asyncio.to_thread(path.write_text, f"{said}\n")
    return path


async def told(stand: Stand, *arguments: str) -> str:
    """Run a command of the gateway at this site; return what it printed."""
    status, said = await stand.command(*arguments)
    if status:
        raise StandFailed(said)
    return said
