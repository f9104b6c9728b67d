"""A day on which everything goes wrong that can, on all wires at once, and the books agree.

How the day is compressed: 24 simulated hours take 24 minutes. Scaled, one to sixty, are the pauses:
between one trouble on a wire and its next (two and a half minutes of the day, as a rule), and
between visitors. Real, one to one, is all that happens then: how long a trouble lasts (0.1 to 2 s),
every timeout, retry, back-off, poll, pulse, keep-alive and settling deadline of gateway, drivers
and devices, and how fast people walk. So a trouble is as long against the gateway's patience as it
would be, and the wires have less rest than on any real day. What is not tried: midnight, plannings,
retention, and whatever else needs the clock itself to go on for a day.

A seed makes the same plan of troubles; how they meet with what is under way is real and new.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

import pytest

from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.entrances import (
    Cable,
    DoorOnOsdp,
    Entrances,
    GateOnMqtt,
    Turnstile,
)
from tests.system import cables, crowd, gates
from tests.system.cables import MakeGateway

DAY_S = 24 * 3600
FASTER = 60
PAUSE_S = 150.0
"""Of the day, between one trouble on a wire and its next."""
LASTS_S = 0.1, 2.0
TICKETS = 40_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, and comes right again."""

    name: str
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_after_a_day_of_random_faults_on_all_wires_the_books_agree(
    make_gateway: MakeGateway, broker: Mosquitto, tmp_path: Path
) -> None:
    await a_day(make_gateway, broker, tmp_path, hours=24.0)


async def a_day(
    make_gateway: MakeGateway, broker: Mosquitto, folder: Path, *, hours: float
) -> None:
    """Have so many simulated hours go by; `FAULTS_SEED` plays the troubles of a former run."""
    seed = int(os.environ.get("FAULTS_SEED") or SystemRandom().getrandbits(32))
    print(f"FAULTS_SEED={seed}")
    dice, had = Random(seed), Counter[str]()
    async with cables.a_venue(make_gateway, broker, folder, Random(seed)) as (gateway, there):
        for each in there.each:
            each.certain = False  # a gate that is frozen tells nobody who passes
        codes = await crowd.sell(gateway, TICKETS)
        ends_at = time.monotonic() + hours / 24 * DAY_S / FASTER
        async with there.people(codes), asyncio.TaskGroup() as troubled:
            for cable, troubles in wires(there):
                mine = Random(dice.getrandbits(32))
                troubled.create_task(go_wrong(cable, troubles, mine, ends_at, had), name="troubles")
        print(f"{had.total()} troubles: {dict(sorted(had.items()))}; {len(there.through)} let in")
        await gates.shown(gateway, "up", there.equipment)
        await cables.books_agree(gateway, there, every_person=False)
        unexpected = [line for line in gateway.said if '"level": "error"' in line]
        assert not unexpected, unexpected[:5]


async def go_wrong(
    cable: Cable, troubles: Sequence[Trouble], dice: Random, ends_at: float, had: Counter[str]
) -> None:
    """Have one trouble after the other on a wire until the day is over."""
    while True:
        pause_s = dice.expovariate(FASTER / PAUSE_S)
        if time.monotonic() + pause_s > ends_at:
            return
        await asyncio.sleep(pause_s)
        trouble = dice.choice(troubles)
        async with cable.trouble():
            await trouble.begin()
            await asyncio.sleep(dice.uniform(*LASTS_S))
            await trouble.end()
        had[trouble.name] += 1


def wires(there: Entrances) -> Iterator[tuple[Cable, list[Trouble]]]:
    """Return what can go wrong on each wire."""
    for each in there.each:
        match each:
            case Turnstile():
                yield each.cable, [*_engine(each), *_board(each), _pulled(each.cable)]
            case GateOnMqtt():
                yield each.cable, [*_gate(each), _pulled(each.cable), _pulled(each.cable)]
            case DoorOnOsdp():
                yield each.cable, [*_reader(each), _pulled(each.cable)]
            case _:
                raise TypeError(each)


def _pulled(cable: Cable) -> Trouble:
    return Trouble(f"{type(cable).__name__} pulled", cable.pull, cable.put_back)


def _set(name: str, faults: object, key: str, wrong: object) -> Trouble:
    """Return a fault of a device, by its name."""
    right = getattr(faults, key)

    async def begin() -> None:
        setattr(faults, key, wrong)

    async def end() -> None:
        setattr(faults, key, right)

    return Trouble(f"{name} {key}", begin, end)


def _at_once(name: str, what: Callable[[], None]) -> Trouble:
    async def begin() -> None:
        what()

    async def end() -> None:
        return

    return Trouble(name, begin, end)


def _engine(entrance: Turnstile) -> list[Trouble]:
    faults = entrance.engine.faults
    return [
        _set("engine", faults, "mute", wrong=True),
        _set("engine", faults, "garbled", 0.05),
        _set("engine", faults, "late_s", 0.3),
        _set("engine", faults, "doubled", wrong=True),
        _at_once("engine reboots", entrance.engine.reboot),
    ]


def _board(entrance: Turnstile) -> list[Trouble]:
    board, line = entrance.board.faults, entrance.plug.line.faults
    return [
        _set("board", board, "mute", wrong=True),
        _set("board", board, "unheard", wrong=True),
        _set("board", board, "refuse", 6),
        _set("board", board, "stuck", {1}),
        _set("line", line, "late_s", 0.4),
        _set("line", line, "garbled", 0.3),
        _set("line", line, "noise", 0.3),
        _at_once("board reboots", entrance.board.reboot),
    ]


def _reader(entrance: DoorOnOsdp) -> list[Trouble]:
    faults = entrance.reader.faults
    return [
        _set("reader", faults, "mute", wrong=True),
        _set("reader", faults, "unheard", wrong=True),
        _set("reader", faults, "late_s", 0.4),
        _set("reader", faults, "garbled", 0.02),
        _set("reader", faults, "refused", wrong=True),
        _at_once("reader reboots", entrance.reader.reboot),
    ]


def _gate(entrance: GateOnMqtt) -> list[Trouble]:
    faults = entrance.gate.faults
    return [
        _set("gate", faults, "mute", wrong=True),
        _set("gate", faults, "late_ack_s", 0.8),
        _set("gate", faults, "refuse", "jammed"),
        _set("gate", faults, "frozen", wrong=True),
        _set("gate", faults, "duplicate", wrong=True),
        _set("gate", faults, "bouncing", wrong=True),
        _at_once("gate reboots", entrance.gate.reboot),
    ]
