"""A gate as docs/mqtt.md has it, played over a real broker with a client that is not ours."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import orjson

from loadtest.mqtt import Client
from tests.integration.venue.floor import SITE

type Command = dict[str, Any]


def stamp() -> str:
    """Write the time as a gate does."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Gate:
    """One gate: it acknowledges what it is told, and does what the test says."""

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self.base = f"composteur/v1/{SITE}/{name}"
        self.boot = uuid.uuid4().hex[:8]
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self.decisions: asyncio.Queue[Command] = asyncio.Queue()
        self.told: list[Command] = []
        self.acknowledges: Callable[[Command], bool | None] = lambda _command: True
        """Whether it obeys; ``None``: it says nothing."""
        self._client = client
        self._number = 0
        self._sequence = 0

    def come_online(self, **state: Any) -> None:
        self.publish("status", {"state": "online", "boot": self.boot, "ts": stamp()}, retain=True)
        self.tell_state(**state)

    def tell_state(self, **facts: Any) -> None:
        self._sequence += 1
        state = {
            "boot": self.boot,
            "seq": self._sequence,
            "ts": stamp(),
            "modes": {"entry": "normal", "exit": "normal"},
            "inputs": {},
            "counters": {"entry": 0, "exit": 0},
            **facts,
        }
        self.publish("state", state, retain=True)

    def scan(self, code: str, direction: str = "entry", name: str | None = None) -> str:
        name = name or uuid.uuid4().hex
        self.publish("scan", {"id": name, "direction": direction, "code": code, "ts": stamp()})
        return name

    def report(self, kind: str, *, name: str | None = None, **facts: Any) -> str:
        """Report something, once; the name returned reports it again."""
        if name is None:
            self._number += 1
            name = f"{self.boot}-{self._number}"
        event = {"id": name, "type": kind, "ts": stamp(), **facts}
        self.publish("event", {key: value for key, value in event.items() if value is not None})
        return name

    def publish(self, topic: str, payload: dict[str, Any], *, retain: bool = False) -> None:
        self._client.publish(f"{self.base}/{topic}", orjson.dumps(payload), retain=retain)

    async def released(self, within_s: float = 3.0) -> Command:
        """Wait for the next release."""
        async with asyncio.timeout(within_s):
            while True:
                command = await self.commands.get()
                if command["do"] == "release":
                    return command

    async def decided(self, name: str, within_s: float = 3.0) -> Command:
        """Wait for the decision about a scan."""
        async with asyncio.timeout(within_s):
            while True:
                decision = await self.decisions.get()
                if decision["id"] == name:
                    return decision

    async def admit(self, code: str, direction: str = "entry") -> Command:
        """Scan a code and let its person pass; return the release."""
        self.scan(code, direction)
        release = await self.released()
        self.report("passed", direction=direction, tx=release["tx"])
        return release

    def heard_gateway(self, status: Command) -> None:
        """A gateway says that it is there, or not."""

    async def listen(self) -> None:
        while True:
            message = await self._client.next_message()
            command = orjson.loads(message.payload)
            if "/gateway/" in message.topic:
                self.heard_gateway(command)
                continue
            if message.topic.endswith("/decision"):
                self.decisions.put_nowait(command)
                continue
            late_ms = datetime.now(UTC).timestamp() * 1000 - _sent_ms(command)
            self.told.append({**command, "late_ms": late_ms})
            ok = self.acknowledges(command)
            if ok is not None:
                answer = {"id": command["id"], "ok": ok}
                self.publish("ack", answer if ok else {**answer, "error": "jammed"})
            self.commands.put_nowait(command)


def _sent_ms(command: Command) -> float:
    """Tell when a command was sent: it is good for two seconds."""
    return datetime.fromisoformat(command["not_after"]).timestamp() * 1000 - 2000


@asynccontextmanager
async def a_gate_at(url: str, name: str, **state: Any) -> AsyncIterator[Gate]:
    """Have a gate online until the end of the block."""
    client = await Client.connect(url, f"gate-{name}-{uuid.uuid4().hex[:6]}")
    gate = Gate(name, client)
    await client.subscribe(f"{gate.base}/cmd")
    await client.subscribe(f"{gate.base}/decision")
    listening = asyncio.create_task(gate.listen(), name=f"gate-{name}")
    gate.come_online(**state)
    try:
        yield gate
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError, asyncio.IncompleteReadError):
            await listening
        with suppress(OSError):
            await client.close()
