"""How long whoever shows a code at an OSDP reader waits for its light.

Eight readers with a visitor each 1.5 s (an open loop: time counts from the instant the visitor was
due): on a line each, in the clear and over secure channels, and all eight on one line. The readers
are libosdp's peripheral device on ptys, which take a turn each 5 ms; a reader says what it has read
when it is asked, which is each 50 ms. A pty is as fast as it goes: a line of 9600 baud adds its own
time, 14 ms for a code of 26 characters in the clear.
"""

import asyncio
import random

from loadtest import processes
from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.gates import Visitor, let_come
from loadtest.generator import Tally
from loadtest.plan import Plan
from loadtest.readers import readers
from loadtest.schedule import procession
from loadtest.site import Osdp, osdp
from loadtest.stand import temporary_folder, temporary_stand

READERS = 8
EVERY_S = 1.5
MUST_MS = 150


async def run(plan: Plan) -> list[Figure]:
    """Let visitors come to readers on lines of their own, and on one."""
    return [
        await _shown(plan, "in the clear, a line each", READERS, 1, secure=False),
        await _shown(plan, "secure, a line each", READERS, 1, secure=True),
        await _shown(plan, "secure, on one line", 1, READERS, secure=True),
    ]


async def _shown(plan: Plan, how: str, lines: int, each: int, *, secure: bool) -> Figure:
    plan.say(f"osdp: {READERS} readers, {how}")
    number, durability = max(3, int(plan.seconds / 2 / EVERY_S)), plan.durabilities[0]
    dice, tally = random.Random(plan.seed), Tally()
    async with (
        temporary_folder(plan.folder) as folder,
        readers(lines, each, folder, secure=secure) as made,
        temporary_stand(
            durability=durability, command=plan.command, parent=plan.folder,
            readers=tuple(Osdp(one.line, one.address, one.key_file) for one in made),
        ) as stand,
    ):  # fmt: skip
        await stand.sell(0, READERS * number)
        await stand.wait_for_links([osdp(place) for place in range(READERS)])
        stand.pin(gateway=plan.first_core, stores=plan.second_core)
        with processes.running_on(plan.second_core):
            visitors = [
                [
                    Visitor(due_s, code_of(place * number + turn))
                    for turn, due_s in enumerate(
                        procession(number, EVERY_S, seed=dice.getrandbits(32))
                    )
                ]
                for place in range(READERS)
            ]
            await let_come(made, visitors, tally)
            await asyncio.sleep(0.5)
        outcome = tally.outcome(1)
        plan.say(f"  {outcome.latency}")
        stand.release()
        await stand.wait_for_counted(outcome.answered)
        wrong = await stand.verify()
    return Figure(
        "osdp", f"OSDP code → green light, {READERS} readers, {how}, p99", outcome.latency.p99,
        "ms", at_most(MUST_MS), durability,
        f"p50 {outcome.latency.p50:.1f}, most {outcome.latency.most:.1f} ms, {outcome.sent:,} "
        "codes; a reader is asked each 50 ms", wrong or outcome.void,
    )  # fmt: skip
