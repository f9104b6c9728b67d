"""How long a gate waits for its opening command: code published → `release` received, over MQTT.

Our own gates (DESIGN section 8) at the private mosquitto. Fifty of them for a while, each with two
visitors a second, three times what a turnstile lets through: an open loop, so a visitor's time
counts from the instant they were due. Then two hundred gates and a thousand visitors within one
second: spread over it, and in volleys of two hundred at the same instant. All times hold both hops
through the broker. The baseline, in turns with the gateway, is a responder that sends a constant.
"""

import asyncio
import contextlib
import itertools
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from loadtest import processes
from loadtest.codes import code_of
from loadtest.disk import fsync_times
from loadtest.echo import BASE as ECHO
from loadtest.figures import Figure, at_most
from loadtest.gates import Gate, Visitor, gates_at, let_come
from loadtest.generator import Outcome, Tally
from loadtest.plan import Plan
from loadtest.schedule import procession
from loadtest.site import SITE, gate
from loadtest.stand import Stand, StandFailed, temporary_stand

STEADY_GATES = 50
STEADY_EVERY_S = 0.5
BURST_GATES = 200
BURST_EACH = 5
BURST_PERIOD_S = 1 / BURST_EACH
PAUSE_S = 2.0
RELEASE = orjson.dumps(
    {
        "id": "0a1b2c3d-100",
        "do": "release",
        "not_after": "2026-11-22T10:00:00.000Z",
        "direction": "entry",
        "pulse_ms": 500,
        "persons": 1,
        "tx": "1-1795341600000-0",
    }
)


@dataclass(slots=True)
class Tallies:
    """What the turns of one durability found, those of the gateway and those of the responder."""

    steady: Tally = field(default_factory=Tally)
    spread: Tally = field(default_factory=Tally)
    volleys: Tally = field(default_factory=Tally)
    bare_steady: Tally = field(default_factory=Tally)
    bare_spread: Tally = field(default_factory=Tally)


async def run(plan: Plan) -> list[Figure]:
    """Let visitors through the gates, with each durability."""
    figures: list[Figure] = []
    for durability in plan.durabilities:
        plan.say(f"wire: {durability}")
        figures += await _measure(plan, durability)
    return figures


async def _measure(plan: Plan, durability: str) -> list[Figure]:
    each = max(1, int(plan.seconds / plan.rounds / STEADY_EVERY_S))
    bursts = 1 if plan.quick else 5
    tickets = plan.rounds * STEADY_GATES * each + 2 * bursts * BURST_GATES * BURST_EACH
    codes = map(code_of, range(tickets))
    tallies = Tallies()
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder, gates=BURST_GATES
    ) as stand:
        await stand.sell(0, tickets)
        disk = fsync_times(stand.site.folder)
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            await _steady(plan, stand, codes, each, tallies)
            await _bursts(plan, stand, codes, bursts, tallies)
        stand.release()
        await stand.wait_for_counted(tickets)
        wrong = await stand.verify()
    return _figures(
        tallies, durability, f"fdatasync p50 {disk.p50:.2f}, p99 {disk.p99:.2f} ms", wrong
    )


async def _steady(
    plan: Plan, stand: Stand, codes: Iterator[str], each: int, tallies: Tallies
) -> None:
    """Take turns: the responder, the gateway."""
    dice = random.Random(plan.seed)
    async with (
        _responder(plan, stand),
        gates_at(stand.mqtt_url, _echo_bases(STEADY_GATES)) as echoes,
        gates_at(stand.mqtt_url, _bases(STEADY_GATES)) as gates,
    ):
        await stand.wait_for_links([gate(each) for each in range(STEADY_GATES)])
        for _ in range(plan.rounds):
            for these, shown, tally in (
                (echoes, _any_code(), tallies.bare_steady),
                (gates, codes, tallies.steady),
            ):
                await let_come(these, _in_turn(these, shown, each, STEADY_EVERY_S, dice), tally)
    plan.say(f"  bare    {tallies.bare_steady.outcome(plan.seconds).latency}")
    plan.say(f"  gateway {tallies.steady.outcome(plan.seconds).latency}")


async def _bursts(
    plan: Plan, stand: Stand, codes: Iterator[str], bursts: int, tallies: Tallies
) -> None:
    """Have a thousand come within a second: spread over it, and in volleys."""
    dice = random.Random(plan.seed)
    async with (
        _responder(plan, stand),
        gates_at(stand.mqtt_url, _echo_bases(BURST_GATES)) as echoes,
    ):
        for _ in range(bursts):
            await asyncio.sleep(PAUSE_S)
            visitors = _in_turn(echoes, _any_code(), BURST_EACH, BURST_PERIOD_S, dice)
            await let_come(echoes, visitors, tallies.bare_spread)
    async with gates_at(stand.mqtt_url, _bases(BURST_GATES)) as gates:
        await stand.wait_for_links([gate(each) for each in range(BURST_GATES)])
        for _ in range(bursts):
            await asyncio.sleep(PAUSE_S)
            visitors = _in_turn(gates, codes, BURST_EACH, BURST_PERIOD_S, dice)
            await let_come(gates, visitors, tallies.spread)
            await asyncio.sleep(PAUSE_S)
            await let_come(gates, _together(gates, codes), tallies.volleys)
    plan.say(f"  spread  {tallies.spread.outcome(bursts).latency}")
    plan.say(f"  volleys {tallies.volleys.outcome(bursts).latency}")


def _in_turn(
    gates: Sequence[Gate], codes: Iterator[str], each: int, period_s: float, dice: random.Random
) -> list[list[Visitor]]:
    """Have visitors come to each gate one after the other, to no two gates in step."""
    return [
        [
            Visitor(due_s, next(codes))
            for due_s in procession(each, period_s, seed=dice.getrandbits(32))
        ]
        for _ in gates
    ]


def _together(gates: Sequence[Gate], codes: Iterator[str]) -> list[list[Visitor]]:
    """Have visitors come to all gates at the same instants."""
    return [
        [Visitor(number * BURST_PERIOD_S, next(codes)) for number in range(BURST_EACH)]
        for _ in gates
    ]


@contextlib.asynccontextmanager
async def _responder(plan: Plan, stand: Stand) -> AsyncIterator[None]:
    """Run the baseline where the gateway runs in its turn."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.echo", "--payload", RELEASE.decode()),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LOADTEST_MQTT": stand.mqtt_url},
        start_new_session=True,
    )
    try:
        if process.stdout is None or not await process.stdout.readline():
            raise StandFailed("no responder")
        processes.pin([process.pid], plan.first_core)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _bases(number: int) -> list[str]:
    return [f"composteur/v1/{SITE}/{gate(each)}" for each in range(number)]


def _echo_bases(number: int) -> list[str]:
    return [f"{ECHO}/{gate(each)}" for each in range(number)]


def _any_code() -> Iterator[str]:
    return itertools.repeat(code_of(0))


def _figures(tallies: Tallies, durability: str, disk: str, wrong: str) -> list[Figure]:
    steady, bare = tallies.steady.outcome(1), tallies.bare_steady.outcome(1)
    what = f"{STEADY_GATES} gates, {STEADY_GATES / STEADY_EVERY_S:.0f} codes/s"
    figures = [
        Figure(
            "wire",
            f"code published by a gate → release back at the gate, {what}, p99",
            steady.latency.p99,
            "ms",
            at_most(20),
            durability,
            f"most {steady.latency.most:.1f} ms, {_sent(steady)}; {disk}",
            wrong or steady.void,
        ),
        Figure(
            "wire",
            "the same, from a bare responder, p99",
            bare.latency.p99,
            "ms",
            None,
            durability,
            f"most {bare.latency.most:.1f} ms, {_sent(bare)}",
            bare.void,
        ),
    ]
    for name, found, base in (
        ("p50", steady.service.p50, bare.service.p50),
        ("p99", steady.service.p99, bare.service.p99),
    ):
        ratio = f"gateway / bare responder, from sent to release, {name}"
        void = wrong or steady.void or bare.void
        figures.append(Figure("wire", ratio, found / base, "×", None, durability, "", void))
    bare_most = tallies.bare_spread.outcome(1).latency.most
    for how, tally in (("spread over it", tallies.spread), ("in volleys", tallies.volleys)):
        outcome = tally.outcome(1)
        # Two hundred cannot be sent within 5 ms: what volleys are late counts, on the bad side.
        void = f"{outcome.wrong} of {outcome.sent} not let in" if outcome.wrong else ""
        figures.append(
            Figure(
                "wire",
                f"{BURST_GATES} gates, {BURST_GATES * BURST_EACH:,} codes within a second, {how}, "
                "longest",
                outcome.latency.most,
                "ms",
                at_most(250),
                durability,
                f"p50 {outcome.latency.p50:.1f}, p99 {outcome.latency.p99:.1f} ms, "
                f"{outcome.sent:,} codes; bare responder, spread: most {bare_most:.1f} ms",
                wrong or void,
            )
        )
    return figures


def _sent(outcome: Outcome) -> str:
    service = outcome.service
    return f"{outcome.sent:,} codes; sent → release p50 {service.p50:.2f}, p99 {service.p99:.2f} ms"
