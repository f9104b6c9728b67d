"""What it costs to check a signed code: stamped scans a second with plain and with signed ones.

Plain references, codes with keyed BLAKE2b and codes with Ed25519 take turns at one gateway, on the
cores of the throughput's scenario, each ticket presented once. All three come from a file, so that
the generator does the same work for each but for their length, and tickets are used up about in the
order in which they were sold.

What is looked for is a few percent, and a machine that others use too is faster and slower by
more than that from one second to the next. So the turns are short and many, a plain and a keyed one
always side by side, in turn the one and the other first. The figures are the medians of these
pairs, with what they would be for other pairs of the same kind (95 % of bootstrap samples). What a
worker can do is bounded by its core, so that scans in a second of its CPU say the same as the rate,
and other users of the machine disturb them less.
"""

import asyncio
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

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
TURN_S = 1.0
GROUPS = 6
"""Groups of turns in each round of the plan."""

PAIRS = (
    (PLAIN, MAC),
    (MAC, PLAIN),
    (PLAIN, MAC),
    (MAC, PLAIN),
    (PLAIN, ED25519),
)
"""The turns of a group, two at a time; every other group has each pair the other way round."""

RESERVE = 1.5
"""Tickets are sold for so many times the rate of the warm-up; without any left, a run is void."""

REST_S = 10.0
SAMPLES = 10_000


type Measure = Callable[[Turn], float]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn found."""

    found: Throughput
    cpu_s: float
    """What the gateway's processes used."""


@dataclass(slots=True)
class Kind:
    """One kind of codes, and what the turns with it found."""

    codes: Path
    line: int = 0
    """Lines of its file used up."""
    turns: list[Turn] = field(default_factory=list)
    beside: list[Turn] = field(default_factory=list)
    """The plain turns that stood beside them."""

    def middle(self, measure: Measure) -> float:
        """Return what is in the middle of its turns."""
        return statistics.median(map(measure, self.turns))

    def ratios(self, measure: Measure) -> list[float]:
        """Compare each turn with the plain one beside it."""
        return [
            measure(own) / measure(plain)
            for own, plain in zip(self.turns, self.beside, strict=True)
        ]


def rate(turn: Turn) -> float:
    """Return the scans in a second."""
    return turn.found.rate


def per_cpu_s(turn: Turn) -> float:
    """Return the scans in a second of the gateway's CPU."""
    return turn.found.answered / turn.cpu_s


MEASURES: Mapping[Measure, str] = {
    per_cpu_s: "stamped scans in a second of the gateway's CPU",
    rate: "stamped scans/s",
}
SHARES: Mapping[str, Target | None] = {MAC: at_least(0.97), ED25519: None}


async def run(plan: Plan) -> list[Figure]:
    """Measure with the first durability of the plan."""
    durability = plan.durabilities[0]
    plan.say(f"codes: {durability}")
    seconds, groups = min(plan.seconds, TURN_S), 1 if plan.quick else GROUPS * plan.rounds
    async with temporary_stand(
        durability=durability, workers=1, command=plan.command, parent=plan.folder
    ) as stand:
        await stand.sell(0, WARM_UP_TICKETS)
        for kind in SHARES:
            await told(stand, "codes", "key", "create", "--kind", kind)
        stand.pin(gateway=plan.first_core, stores=plan.second_core, database=plan.cores)
        with processes.running_on(plan.second_core):
            load = Load(stand.url, stand.key, READER, TAG, 0, seconds, plan.connections)
            warm = await closed_loop(replace(load, seconds=WARM_UP_S))
            await stand.wait_for_counted(warm.answered - warm.wrong)
            schedule = [pair[:: -1 if n % 2 else 1] for n in range(groups) for pair in PAIRS]
            kinds = await _sold(stand, schedule, int(warm.rate * RESERVE * seconds))
            plan.say(f"  {2 * len(schedule)} turns of {seconds:g} s")
            await asyncio.sleep(REST_S)
            for number, pair in enumerate(schedule, 1):
                turns = {name: await _take_turn(stand, load, kinds[name]) for name in pair}
                (signed,) = turns.keys() - {PLAIN}
                kinds[signed].beside.append(turns[PLAIN])
                if number % len(PAIRS) == 0:
                    so_far = (f"{name} {kind.middle(rate):,.0f}/s" for name, kind in kinds.items())
                    plan.say(f"  {number}: {', '.join(so_far)}")
        stand.release()
        void = await stand.verify()
    found = [turn.found for kind in kinds.values() for turn in kind.turns]
    void = void or next((turn.void for turn in found if turn.void), "")
    return [
        _figure(name, kinds, measure, durability, void) for name in SHARES for measure in MEASURES
    ]


async def _sold(stand: Stand, schedule: Sequence[Sequence[str]], count: int) -> dict[str, Kind]:
    """Sell tickets for each turn, in the order of turns; write each kind's codes into a file."""
    turns = [kind for pair in schedule for kind in pair]
    first = WARM_UP_TICKETS
    if first + count * len(turns) > MOST:
        raise StandFailed(f"{count * len(turns):,} tickets are more than have codes")
    await stand.sell(first, count * len(turns))
    kinds = {}
    for kind in KINDS:
        starts = [first + place * count for place, each in enumerate(turns) if each == kind]
        plain = [code_of(number) for start in starts for number in range(start, start + count)]
        path = stand.site.folder / f"{kind}.txt"
        await asyncio.to_thread(path.write_text, "\n".join(plain) + "\n")
        if kind != PLAIN:
            codes = await told(stand, "codes", "sign", str(path), "--kind", kind)
            if codes.count("\n") + 1 < len(plain):
                raise StandFailed(f"{codes.count(chr(10)) + 1} of {len(plain)} codes signed")
            await asyncio.to_thread(path.write_text, f"{codes}\n")
        kinds[kind] = Kind(path)
    return kinds


async def _take_turn(stand: Stand, load: Load, kind: Kind) -> Turn:
    await asyncio.sleep(SETTLE_S)
    before = stand.usage()
    found = await closed_loop(replace(load, first=kind.line, codes=kind.codes))
    turn = Turn(found, stand.usage().since(before).by_family["gateway"])
    kind.turns.append(turn)
    kind.line += found.issued + 1
    return turn


def _figure(
    name: str, kinds: Mapping[str, Kind], measure: Measure, durability: str, void: str
) -> Figure:
    kind = kinds[name]
    ratios = kind.ratios(measure)
    low, high = _interval(ratios)
    return Figure(
        "codes",
        f"{MEASURES[measure]} with {name} codes, against plain ones",
        statistics.median(ratios),
        "×",
        SHARES[name],
        durability,
        f"{low:.2f} to {high:.2f} by {len(ratios)} pairs; {kind.middle(measure):,.0f} "
        f"against {kinds[PLAIN].middle(measure):,.0f}",
        void,
        {"ratios": ratios},
    )


def _interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Return where the median of such ratios lies, 95 times of 100."""
    chance = random.Random(1)
    medians = sorted(
        statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(SAMPLES)
    )
    return medians[SAMPLES // 40], medians[-SAMPLES // 40]


async def told(stand: Stand, *arguments: str) -> str:
    """Run a command of the gateway at this site; return what it printed."""
    status, said = await stand.command(*arguments)
    if status:
        raise StandFailed(said)
    return said
