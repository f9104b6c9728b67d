"""Venues with gates on MQTT, their simulated gates, and what the gateway and its books say of them.

The gates are those of `composteur simulate`, here as tasks beside the test: they speak the true
wire to a real broker, and a real gateway answers.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.mqtt.simulator import Behaviour, Habits, SimulatedGate, Visit
from drivers.signals import Direction
from gateway.embedded import mosquitto
from tests.integration.mqtt.brokers import PLAIN, Mosquitto
from tests.system import crowd
from tests.system.gateways import Gateway

BRISK = Habits(hold_s=1.0, walk_s=0.1, patience_s=0.5)
"""People in a hurry, at gates that do not wait for them."""
SHOWN_S = 10.0
"""A machine busy with other tests may take so long; `make soak` holds it to what is promised."""


def need_mosquitto() -> None:
    """Skip on a laptop without the broker; it must be there where CI=true."""
    if mosquitto.found() is None:
        word = "mosquitto is not installed: apt-get install mosquitto"
        pytest.fail(word) if os.environ.get("CI") == "true" else pytest.skip(word)


def a_broker(folder: Path) -> Mosquitto:
    """Make a broker that keeps sessions on disk; it takes being stopped and started again."""
    folder.mkdir()
    keeps = f"persistence true\npersistence_location {folder}/\nmax_queued_messages 10000"
    user = "user root\n" if os.geteuid() == 0 else ""
    return Mosquitto(folder, user + PLAIN.replace("persistence false", keeps))


def venue(
    names: Sequence[str],
    *,
    mqtt: str = "embedded",
    space: str = "",
    board: str = "",
    keys: str = "open_s = 1\npassage_s = 1",
    **more: str,
) -> str:
    """Write the site file of a hall with gates; ``more``: further keys of single ones."""
    gates = (
        f"""
[[controller]]
id = "board-{name}"
driver = "mqtt"
{board}

[[equipment]]
id = "{name}"
kind = "turnstile"
space = "hall"
direction = "both"
controller = "board-{name}"
count_on = "passage"
{keys}
{more.get(name.replace("-", "_"), "")}
"""
        for name in names
    )
    return f"""
[site]
id = "museum"
timezone = "Europe/Paris"

[stores]
mqtt = "{mqtt}"
state_dir = "state"

[http]
port = 0

[[space]]
id = "hall"
name = "Hall"
{space}
{"".join(gates)}
"""


@asynccontextmanager
async def simulated(
    url: str, names: Iterable[str], habits: Habits = BRISK
) -> AsyncIterator[list[SimulatedGate]]:
    """Have gates there until the end of the block."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                SimulatedGate(
                    url,
                    "museum",
                    name,
                    wall=lambda: time.time_ns() // 1_000_000,
                    dice=Random(),
                    habits=habits,
                ).running()
            )
            for name in names
        ]


# --- what the gateway says


async def links(gateway: Gateway) -> dict[str, str]:
    """Tell how each gate is shown."""
    status, answer = await asyncio.to_thread(gateway.ask, "GET", "/v1/equipment?limit=1000")
    assert status == 200, answer
    return {each["id"]: each["link"] for each in answer["items"]}


async def shown(
    gateway: Gateway, link: str, names: Iterable[str], within_s: float = SHOWN_S
) -> float:
    """Wait until all these gates are shown so; return how long it took."""
    began = time.monotonic()
    wanted = set(names)
    while True:
        found = await links(gateway)
        took_s = time.monotonic() - began
        if all(found[name] == link for name in wanted):
            return took_s
        assert took_s < within_s, f"{found} after {took_s:.2f} s"
        await asyncio.sleep(0.02)


async def space(gateway: Gateway) -> tuple[int, int]:
    """Count who is in the hall, and who is expected at its gates."""
    status, answer = await asyncio.to_thread(gateway.ask, "GET", "/v1/spaces")
    assert status == 200, answer
    (hall,) = answer["items"]
    return hall["inside"], hall["reserved"]


async def space_is(gateway: Gateway, inside: int, reserved: int = 0, within_s: float = 15) -> None:
    """Wait until the hall holds so many."""
    ends_at = time.monotonic() + within_s
    while (found := await space(gateway)) != (inside, reserved):
        assert time.monotonic() < ends_at, f"{found}, not {(inside, reserved)}"
        await asyncio.sleep(0.05)


# --- what its books say


async def verified(gateway: Gateway) -> None:
    """Check that store, events and attendance agree."""
    verdict = await asyncio.to_thread(gateway.run, "verify")
    assert "store = events = attendance ✓" in verdict, verdict


async def stamped(gateway: Gateway) -> set[str]:
    """Return the tickets that are stamped; check that each is, and is counted, once."""
    made = await crowd.rows(
        gateway, "SELECT code, made FROM composteur.ticket_state WHERE made > 0"
    )
    counted = await crowd.rows(
        gateway,
        "SELECT ticket_code AS code, sum(counted_stamps)::int AS stamps FROM composteur.scan_event"
        " WHERE ticket_code IS NOT NULL GROUP BY ticket_code HAVING sum(counted_stamps) <> 0",
    )
    twice = [dict(row) for row in (*made, *counted) if 1 not in row.values()]
    assert not twice, twice
    codes = {row["code"] for row in made}
    assert codes == {row["code"] for row in counted}
    return codes


async def books_name(gateway: Gateway, passed: set[str]) -> None:
    """Check that those who have passed are counted, each once, and nobody else."""
    await space_is(gateway, len(passed))
    await verified(gateway)
    assert await stamped(gateway) == passed
    assert await attendance(gateway) == (len(passed), len(passed))


async def attendance(gateway: Gateway) -> tuple[int, int]:
    """Sum persons and stamps."""
    (row,) = await crowd.rows(
        gateway,
        "SELECT coalesce(sum(persons), 0)::int AS persons, coalesce(sum(stamps), 0)::int AS stamps"
        " FROM composteur.attendance WHERE direction = 'entry'",
    )
    return row["persons"], row["stamps"]


async def events(gateway: Gateway, code: str) -> list[dict[str, Any]]:
    """Return what has happened to a ticket, oldest first."""
    found = await crowd.rows(
        gateway,
        "SELECT * FROM composteur.scan_event WHERE ticket_code = $1 ORDER BY event_id",
        code,
    )
    return [dict(row) for row in found]


async def kinds(gateway: Gateway, code: str) -> list[str]:
    """Name what has happened to a ticket, oldest first."""
    return [event["kind"] for event in await events(gateway, code)]


# --- people


class People:
    """Visitors at simulated gates, who show their ticket until they are through or told to go."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self._stop = False

    @property
    def passed(self) -> set[str]:
        """The tickets of those who have passed."""
        return {visit.code for visit in self.visits if visit.outcome == "passed"}

    @property
    def told(self) -> Counter[str]:
        """What they were told, counted."""
        return Counter(visit.reason or visit.outcome for visit in self.visits)

    @asynccontextmanager
    async def coming(
        self, gates: Sequence[SimulatedGate], codes: Sequence[str]
    ) -> AsyncIterator[None]:
        """Have them come for as long as the block lasts; nobody is left standing at a gate."""
        async with asyncio.TaskGroup() as group:
            for number, gate in enumerate(gates):
                queue = codes[number :: len(gates)]
                group.create_task(self._come(gate, queue), name=f"people-{gate.id}")
            try:
                yield
            finally:
                self._stop = True

    async def _come(self, gate: SimulatedGate, codes: Sequence[str]) -> None:
        for code in codes:
            through = False
            while not (through or self._stop):
                visit = await gate.visit(code)
                self.visits.append(visit)
                through = visit.outcome == "passed"
                if not through:
                    await asyncio.sleep(0.1)

    async def some_more(self, number: int, within_s: float = 20) -> None:
        """Wait until so many more have passed."""
        before = len(self.passed)
        await crowd.until(
            lambda: len(self.passed) >= before + number,
            within_s=within_s,
            what=f"{number} people ({self.told})",
        )


async def released(gate: SimulatedGate, code: str) -> str:
    """Show a code; return the grant that the gate was released for. Nobody passes by themselves."""
    before = len(gate.obeyed)
    gate.scan(code)
    await crowd.until(lambda: len(gate.obeyed) > before, what="the release")
    command = gate.obeyed[-1]
    assert command["do"] == "release", command
    return str(command["tx"])


@asynccontextmanager
async def most_inside(gateway: Gateway) -> AsyncIterator[list[int]]:
    """Look all the time at how many are inside or expected."""
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append(sum(await space(gateway)))
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look(), name="most-inside")
        yield seen
        looking.cancel()


async def all_through(
    gate: SimulatedGate, codes: Iterable[str], direction: Direction = "entry"
) -> list[Visit]:
    """Send people through a gate one after the other, each once."""
    return [await gate.visit(code, direction, does=Behaviour.PASS) for code in codes]


def check_nothing_replayed(gates: Iterable[SimulatedGate]) -> None:
    """Check that no gate was told anything twice, too late, or of what was before."""
    for gate in gates:
        releases = Counter(each["tx"] for each in gate.obeyed if each["do"] == "release")
        assert set(releases.values()) <= {1}, releases
        assert not gate.dropped, (gate.id, gate.dropped)
