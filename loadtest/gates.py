"""Be gates of ours on MQTT (DESIGN section 8), with visitors who come when they are due.

An open loop, as in `loadtest.generator`: a visitor's time counts from the instant they were due. A
gate takes one visitor after the other; it acknowledges the release and reports the passage at once,
sooner than any real one, so the next visitor never waits for the former one's legs.
"""

import asyncio
import contextlib
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, override

import orjson

from loadtest.engines import Engine
from loadtest.generator import GRANTED, LATE_S, LOST, Tally
from loadtest.mqtt import Client

ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """When somebody comes, in seconds from the start, and what they present."""

    due_s: float
    code: str


class Post(ABC):
    """Where visitors come, one after the other."""

    def __init__(self) -> None:
        self._answered: asyncio.Future[tuple[str, float]] | None = None

    @abstractmethod
    def show(self, code: str) -> None:
        """Hold a code before it."""

    async def attend(self, visitors: Sequence[Visitor], begun: float, tally: Tally) -> None:
        """Present each visitor's code when it is due, or as soon as the former is answered."""
        for visitor in visitors:
            due = begun + visitor.due_s
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
                tally.note_late(time.perf_counter() - due)
            else:
                tally.queued += 1
            await self._present(visitor.code, due, tally)

    async def _present(self, code: str, due: float, tally: Tally) -> None:
        answered = self._answered = asyncio.get_running_loop().create_future()
        tally.sent += 1
        sent = time.perf_counter()
        self.show(code)
        try:
            async with asyncio.timeout(ANSWER_S):
                outcome, at = await answered
        except TimeoutError:
            tally.outcomes[LOST] += 1
            return
        tally.outcomes[outcome] += 1
        tally.latency.append(at - due)
        tally.service.append(at - sent)

    def answer(self, outcome: str, now: float) -> None:
        """Tell the visitor what has come of it."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((outcome, now))


class Gate(Post):
    """One gate on a connection of its own.

    Args:
        client: its connection.
        base: what its topics begin with.
    """

    def __init__(self, client: Client, base: str) -> None:
        super().__init__()
        self._client = client
        self._base = base
        self._boot = uuid.uuid4().hex[:8]
        self._events = 0
        self._scan = ""

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
                self.answer(str(told["reason"]), now)

    @override
    def show(self, code: str) -> None:
        """Publish it as a scan."""
        self._scan = uuid.uuid4().hex
        self._say("scan", {"id": self._scan, "direction": "entry", "code": code})

    async def leave(self) -> None:
        """Go offline."""
        self._say("status", {"state": "offline", "boot": self._boot}, retain=True)
        await self._client.close()

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
            self.answer(GRANTED, now)

    def _say(self, leaf: str, fields: dict[str, Any], *, retain: bool = False) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        payload = orjson.dumps({**fields, "ts": at})
        self._client.publish(f"{self._base}/{leaf}", payload, retain=retain)


class EngineGate(Gate):
    """A gate beside which a scan engine stands: it reads nothing itself."""

    def __init__(self, client: Client, base: str, engine: Engine) -> None:
        super().__init__(client, base)
        self._engine = engine

    @override
    def show(self, code: str) -> None:
        """Hold it before the engine."""
        self._engine.show(code)


@contextlib.asynccontextmanager
async def gates_at(
    url: str, bases: Sequence[str], engines: Sequence[Engine] = ()
) -> AsyncIterator[list[Gate]]:
    """Have gates online until the end of the block; ``engines`` read for them, one each."""
    gates: list[Gate] = []
    async with asyncio.TaskGroup() as group:
        listening = []
        for number, base in enumerate(bases):
            client = await Client.connect(url, base.replace("/", "-"))
            reads = EngineGate(client, base, engines[number]) if engines else Gate(client, base)
            gates.append(reads)
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
    gates: Sequence[Post], visitors: Sequence[Sequence[Visitor]], tally: Tally
) -> None:
    """Let visitors come to their gates; return when the last of them has been answered."""
    begun = time.perf_counter() + LATE_S
    async with asyncio.TaskGroup() as group:
        for gate, mine in zip(gates, visitors, strict=True):
            group.create_task(gate.attend(mine, begun, tally))
