"""How long a gate waits whose code comes over a serial line; and what polling boards costs.

Fifty scan engines on ptys, with a visitor each 1.5 s (an open loop: time counts from the instant
the visitor was due). What they open: a turnstile on Modbus TCP, one on Modbus RTU over a pty, a
gate on MQTT. Each then once more with lines as slow as 9600 baud: a pty knows no baud, so the
generator says each byte when the line would have carried it. What that adds is compared with what
the line takes, computed from its bits. The baseline, in the same run, is a responder that releases
whoever shows a code.

Then ten engines and boards on lines of 9600 baud both. Then twenty boards whose eight inputs are
read each 40 ms, and twenty that count and are read each 200 ms: the CPU of the gateway with nobody
there, and whether each passage of 100 ms is in the central database.
"""

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from loadtest import processes
from loadtest.codes import code_of
from loadtest.engines import Engine, engines, line_s
from loadtest.figures import Figure, at_least, at_most
from loadtest.gates import Post, Visitor, gates_at, let_come
from loadtest.generator import Outcome, Tally
from loadtest.plan import Plan
from loadtest.scenarios.wire import RELEASE
from loadtest.schedule import procession
from loadtest.site import SITE, Wired, gate
from loadtest.sql import statement
from loadtest.stand import Stand, StandFailed, temporary_folder, temporary_stand
from loadtest.turnstiles import Turnstile, Wire, flash, telegram_s, turnstiles, wired

MANY = 50
POLLED = 20
BOTH_SLOW = 10
BAUD = 9_600
FAST_BAUD = 115_200
EVERY_S = 1.5
"""Longer than a pulse and the rest behind it: nobody waits for the one before."""
UP_S = 15.0
PASSED_S = 5.0
GAP_MS = 10
"""The silence that a Waveshare needs before each telegram."""
ANSWER_CHARACTERS = 6
POLL_QUESTION = 8
COUNTING = Path(__file__).parent.parent / "counting.toml"
WAVESHARE = 'profile = "waveshare-relay-8-d"'
SETTINGS: dict[Wire, tuple[str, ...]] = {
    "tcp": (WAVESHARE, "gap_ms = 0"),
    "rtu": (WAVESHARE, f"baud = {FAST_BAUD}", "gap_ms = 2"),
}
SAID: dict[Wire, str] = {
    "tcp": "pulse on a Modbus coil, TCP",
    "rtu": "pulse on a Modbus coil, RTU on a pty",
}
FOR_ANYBODY = code_of(0)


async def run(plan: Plan) -> list[Figure]:
    """Let visitors through gates that serial lines open; watch boards being polled."""
    return [
        *await _turnstiles(plan, "tcp"),
        *await _turnstiles(plan, "rtu"),
        *await _gates(plan),
        *await _both_slow(plan),
        *await _polled(plan, "8 inputs each 40 ms", WAVESHARE, "gap_ms = 0"),
        *await _polled(plan, "8 counters each 200 ms",
                       f'profile = "{COUNTING}"', "gap_ms = 0", 'passages = "counters"'),
    ]  # fmt: skip


# --- code → release


@dataclass(frozen=True, slots=True)
class Turns:
    """What visitors found: lines as fast as they go, and as slow as 9600 baud."""

    fast: Outcome
    slow: Outcome

    @property
    def added_ms(self) -> float:
        """What the slow line has added, as a rule."""
        return self.slow.service.p50 - self.fast.service.p50

    @property
    def void(self) -> str:
        """Say why they must not be used."""
        return self.fast.void or self.slow.void


async def _turnstiles(plan: Plan, wire: Wire) -> list[Figure]:
    """Let visitors through fifty turnstiles with boards on Modbus."""
    plan.say(f"boards: {MANY} engines → {SAID[wire]}")
    each, durability = _each(plan), plan.durabilities[0]
    async with (
        temporary_folder(plan.folder) as folder,
        turnstiles(MANY, folder, wire) as made,
        turnstiles(MANY, folder, wire, name="bare") as unasked,
    ):
        with processes.running_on(plan.second_core):
            lines = [(str(post.engine.path), post.address) for post in unasked]
            async with _responder(plan, folder, lines, flash(wire)):
                bare = await _turns(plan, unasked, [post.engine for post in unasked], each)
        async with temporary_stand(
            durability=durability, command=plan.command, parent=plan.folder,
            wired=wired(made, *SETTINGS[wire]),
        ) as stand:  # fmt: skip
            await stand.sell(0, 2 * MANY * each)
            await _all_asked(made)
            stand.pin(gateway=plan.first_core, stores=plan.second_core)
            with processes.running_on(plan.second_core):
                ours = await _turns(plan, made, [post.engine for post in made], each, sold=True)
            share = await _passages(stand, sum(post.board.passages for post in made))
            wrong = await stand.verify()
    return [
        *_figures(SAID[wire], ours, bare, durability, wrong),
        Figure("boards", f"{SAID[wire]}: passages of 100 ms in the database", share * 100, "%",
               at_least(100), durability, f"{MANY} turnstiles, {2 * MANY * each:,} codes", wrong),
    ]  # fmt: skip


async def _gates(plan: Plan) -> list[Figure]:
    """Let visitors through fifty gates on MQTT."""
    plan.say(f"boards: {MANY} engines → release on MQTT")
    each, durability = _each(plan), plan.durabilities[0]
    async with (
        temporary_folder(plan.folder) as folder,
        engines(MANY, folder) as made,
        engines(MANY, folder, "bare") as unasked,
        temporary_stand(
            durability=durability, command=plan.command, parent=plan.folder, gates=MANY,
            wired=tuple(Wired(engine.path) for engine in made),
        ) as stand,
    ):  # fmt: skip
        await stand.sell(0, 2 * MANY * each)
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            bases = [f"bare/{gate(number)}" for number in range(MANY)]
            lines = [
                (str(engine.path), f"{base}/cmd")
                for engine, base in zip(unasked, bases, strict=True)
            ]
            async with (
                _responder(plan, folder, lines, RELEASE, stand.mqtt_url),
                gates_at(stand.mqtt_url, bases, unasked) as posts,
            ):
                bare = await _turns(plan, posts, unasked, each)
            bases = [f"composteur/v1/{SITE}/{gate(number)}" for number in range(MANY)]
            async with gates_at(stand.mqtt_url, bases, made) as posts:
                await stand.wait_for_links([gate(number) for number in range(MANY)])
                ours = await _turns(plan, posts, made, each, sold=True)
        stand.release()
        await stand.wait_for_counted(ours.fast.answered + ours.slow.answered)
        wrong = await stand.verify()
    return _figures("release on MQTT", ours, bare, durability, wrong)


def _each(plan: Plan) -> int:
    """Return how many visitors come to each gate in a turn; there are many turns."""
    return max(3, int(plan.seconds / 2 / EVERY_S))


async def _turns(
    plan: Plan,
    posts: Sequence[Post],
    lines: Sequence[Engine],
    each: int,
    *,
    sold: bool = False,
) -> Turns:
    """Let visitors come, over fast lines and over slow ones."""
    found = []
    for turn, baud in enumerate((0, BAUD)):
        for line in lines:
            line.baud = baud
        first = turn * len(posts) * each if sold else None
        found.append(await _visitors(plan, posts, each, first))
    return Turns(*found)


async def _visitors(plan: Plan, posts: Sequence[Post], each: int, first: int | None = 0) -> Outcome:
    """Let visitors come; ``first`` is the number of the first ticket, None: one for all."""
    dice, tally = random.Random(plan.seed), Tally()
    due = [list(procession(each, EVERY_S, seed=dice.getrandbits(32))) for _ in posts]
    visitors = [
        [
            Visitor(due_s, FOR_ANYBODY if first is None else code_of(first + number * each + n))
            for n, due_s in enumerate(mine)
        ]
        for number, mine in enumerate(due)
    ]
    await let_come(posts, visitors, tally)
    await asyncio.sleep(0.5)  # the last ones walk
    outcome = tally.outcome(1)
    plan.say(f"  {outcome.latency}")
    return outcome


@contextlib.asynccontextmanager
async def _responder(
    plan: Plan, folder: Path, lines: list[tuple[str, str]], answer: bytes, broker: str = ""
) -> AsyncIterator[None]:
    """Run the baseline where the gateway runs in its turn."""
    told = folder / "bare.json"
    told.write_bytes(orjson.dumps({"lines": lines, "answer": answer.hex(), "broker": broker}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.bare_wires", str(told)),
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
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


def _figures(said: str, ours: Turns, bare: Turns, durability: str, wrong: str) -> list[Figure]:
    own_ms = line_s(FOR_ANYBODY, BAUD) * 1_000
    what = f"code on a pty → {said}, {MANY} engines"
    service = ours.fast.service
    return [
        Figure("boards", f"{what}, p99", ours.fast.latency.p99, "ms", at_most(20), durability,
               f"most {ours.fast.latency.most:.1f} ms, {ours.fast.sent:,} codes; "
               f"sent → opened p50 {service.p50:.2f}, p99 {service.p99:.2f} ms",
               wrong or ours.void),
        Figure("boards", "the same, from a bare responder, p99", bare.fast.latency.p99, "ms", None,
               durability, f"sent → opened p50 {bare.fast.service.p50:.2f} ms", bare.void),
        Figure("boards", f"{what} at {BAUD} baud: added beyond the line's own, p50",
               ours.added_ms - own_ms, "ms", at_most(1), durability,
               f"line by its bits {own_ms:.2f}, measured {ours.added_ms:.2f}, "
               f"bare {bare.added_ms:.2f} ms; p99 {ours.slow.latency.p99:.1f} ms",
               wrong or ours.void),
    ]  # fmt: skip


# --- lines of 9600 baud on both sides


async def _both_slow(plan: Plan) -> list[Figure]:
    """Let visitors through ten turnstiles whose engines and boards are on slow lines."""
    plan.say(f"boards: {BOTH_SLOW}, all lines at {BAUD} baud")
    each, durability = _each(plan), plan.durabilities[0]
    async with (
        temporary_folder(plan.folder) as folder,
        turnstiles(BOTH_SLOW, folder, "rtu", baud=BAUD) as made,
        temporary_stand(
            durability=durability, command=plan.command, parent=plan.folder,
            wired=wired(made, WAVESHARE, f"baud = {BAUD}"),
        ) as stand,
    ):  # fmt: skip
        for post in made:
            post.engine.baud = BAUD
        await stand.sell(0, BOTH_SLOW * each)
        await _all_asked(made)
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            outcome = await _visitors(plan, made, each)
        wrong = await stand.verify()
    code_ms, pulse_ms = line_s(FOR_ANYBODY, BAUD) * 1_000, GAP_MS + telegram_s(BAUD) * 1_000
    poll_ms = pulse_ms + telegram_s(BAUD) * 1_000 * ANSWER_CHARACTERS / POLL_QUESTION
    own_ms = code_ms + poll_ms + pulse_ms
    return [
        Figure("boards", f"code → pulse with engine and board at {BAUD} baud, {BOTH_SLOW} lines: "
               "beyond the lines' own, p99", outcome.latency.p99 - own_ms, "ms", at_most(20),
               durability, f"by its bits: code {code_ms:.1f} + a read under way {poll_ms:.1f} + "
               f"pulse {pulse_ms:.1f} = {own_ms:.1f}; p50 {outcome.latency.p50:.1f}, "
               f"p99 {outcome.latency.p99:.1f} ms", wrong or outcome.void),
    ]  # fmt: skip


# --- polling


async def _polled(plan: Plan, how: str, *settings: str) -> list[Figure]:
    """Watch twenty boards being polled, and people who pass quickly."""
    plan.say(f"boards: {POLLED}, {how}")
    each, durability = _each(plan), plan.durabilities[0]
    async with (
        temporary_folder(plan.folder) as folder,
        turnstiles(POLLED, folder, "tcp") as made,
        temporary_stand(
            durability=durability, command=plan.command, parent=plan.folder,
            wired=wired(made, *settings),
        ) as stand,
    ):  # fmt: skip
        await stand.sell(0, POLLED * each)
        await _all_asked(made)
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            core = await _idle(stand, min(10.0, plan.seconds))
            outcome = await _visitors(plan, made, each)
        share = await _passages(stand, sum(post.board.passages for post in made))
        wrong = await stand.verify()
    return [
        Figure("boards", f"{POLLED} boards, {how}: CPU of the gateway, nobody there", core * 100,
               "% of a core", at_most(25), durability, "", wrong),
        Figure("boards", f"{POLLED} boards, {how}: passages of 100 ms in the database",
               share * 100, "%", at_least(100), durability, f"{outcome.sent:,} codes",
               wrong or outcome.void),
    ]  # fmt: skip


async def _all_asked(made: Sequence[Turnstile]) -> None:
    """Wait until every board is being polled."""
    async with asyncio.timeout(UP_S):
        while any(each.board.polls < 3 for each in made):  # noqa: ASYNC110, PLR2004 - they are asked
            await asyncio.sleep(0.1)


async def _idle(stand: Stand, seconds: float) -> float:
    """Return the cores that the gateway uses while nobody comes."""
    await asyncio.sleep(1.0)
    before, begun = stand.usage(), time.perf_counter()
    await asyncio.sleep(seconds)
    used = stand.usage().since(before)
    return used.by_family["gateway"] / (time.perf_counter() - begun)


async def _passages(stand: Stand, wanted: int) -> float:
    """Return the share of passages that the central database has."""
    until = time.monotonic() + PASSED_S
    while True:
        counted = int(await stand.sql.fetchval(statement("passed")))
        if counted >= wanted or time.monotonic() > until:
            return counted / wanted if wanted else 0.0
        await asyncio.sleep(0.1)
