"""Be gates of ours on MQTT (DESIGN section 8), with visitors who come when they are due.

An open loop, as in `loadtest.generator`: a visitor's time counts from the instant they were due. A
gate takes one visitor after the other; it acknowledges the release and reports the passage at once,
sooner than any real one, so the next visitor never waits for the former one's legs.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from loadtest.generator import GRANTED, LATE_S, LOST, Tally
from loadtest.mqtt import Client

ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """When somebody comes, in seconds from the start, and what they present."""

    due_s: float
    code: str


class Gate:
    """One gate on a connection of its own.

    Args:
        client: its connection.
        base: what its topics begin with.
    """

    def __init__(self, client: Client, base: str) -> None:
        self._client = client
        self._base = base
        self._boot = uuid.uuid4().hex[:8]
        self._events = 0
        self._scan = ""
        self._answered: asyncio.Future[tuple[str, float]] | None = None

    async def come_online(self) -> None:
        """Listen, and say that we are there."""
        for leaf in ("cmd", "decision"):
            await self._client.subscribe(f"{self._base}/{leaf}")
        self._say("status", {"state": "online", "boot": self._boot}, retain=True)
        state = {
            "boot": self._boot,
            "seq": 1,
            "modes": {"entry": "normal", "exit": "normal"},
            "inputs": {},
            "counters": {"entry": 0, "exit": 0},
        }
        self._say("state", state, retain=True)

    async def listen(self) -> None:
        """Obey until cancelled."""
        while True:
            message = await self._client.next_message()
            now = time.perf_counter()
            told = orjson.loads(message.payload)
            if message.topic.endswith("/cmd"):
                self._obey(told, now)
            elif told["decision"] != GRANTED and told["id"] == self._scan:
                self._answer(str(told["reason"]), now)

    async def attend(self, visitors: Sequence[Visitor], begun: float, tally: Tally) -> None:
        """Present each visitor's code when it is due, or as soon as the gate is free again."""
        for visitor in visitors:
            due = begun + visitor.due_s
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
                tally.note_late(time.perf_counter() - due)
            else:
                tally.queued += 1
            await self._present(visitor.code, due, tally)

    async def leave(self) -> None:
        """Go offline."""
        self._say("status", {"state": "offline", "boot": self._boot}, retain=True)
        await self._client.close()

    async def _present(self, code: str, due: float, tally: Tally) -> None:
        answered = self._answered = asyncio.get_running_loop().create_future()
        self._scan = uuid.uuid4().hex
        tally.sent += 1
        sent = time.perf_counter()
        self._say("scan", {"id": self._scan, "direction": "entry", "code": code})
        try:
            async with asyncio.timeout(ANSWER_S):
                outcome, at = await answered
        except TimeoutError:
            tally.outcomes[LOST] += 1
            return
        tally.outcomes[outcome] += 1
        tally.latency.append(at - due)
        tally.service.append(at - sent)

    def _obey(self, command: dict[str, Any], now: float) -> None:
        self._say("ack", {"id": command["id"], "ok": True})
        if command["do"] == "release":
            self._events += 1
            passed = {
                "id": f"{self._boot}-{self._events}",
                "type": "passed",
                "direction": "entry",
                "tx": command["tx"],
            }
            self._say("event", passed)
            self._answer(GRANTED, now)

    def _answer(self, outcome: str, now: float) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((outcome, now))

    def _say(self, leaf: str, fields: dict[str, Any], *, retain: bool = False) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        payload = orjson.dumps({**fields, "ts": at})
        self._client.publish(f"{self._base}/{leaf}", payload, retain=retain)


@contextlib.asynccontextmanager
async def gates_at(url: str, bases: Sequence[str]) -> AsyncIterator[list[Gate]]:
    """Have gates online until the end of the block."""
    gates: list[Gate] = []
    async with asyncio.TaskGroup() as group:
        listening = []
        for base in bases:
            client = await Client.connect(url, base.replace("/", "-"))
            gates.append(Gate(client, base))
            await gates[-1].come_online()
            listening.append(group.create_task(gates[-1].listen(), name=base))
        try:
            yield gates
        finally:
            for task in listening:
                task.cancel()
            for gate in gates:
                await gate.leave()


async def let_come(
    gates: Sequence[Gate], visitors: Sequence[Sequence[Visitor]], tally: Tally
) -> None:
    """Let visitors come to their gates; return when the last of them has been answered."""
    begun = time.perf_counter() + LATE_S
    async with asyncio.TaskGroup() as group:
        for gate, mine in zip(gates, visitors, strict=True):
            group.create_task(gate.attend(mine, begun, tally))
