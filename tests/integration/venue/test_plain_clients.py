"""mosquitto_pub and mosquitto_sub alone are a gate (docs/mqtt.md)."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import SITE, a_floor, a_gate, a_site, until
from tests.integration.venue.gates import stamp

BASE = f"composteur/v1/{SITE}/north"


@pytest.fixture
def clients() -> None:
    if shutil.which("mosquitto_pub") is None:
        word = "mosquitto_pub is not installed: apt-get install mosquitto-clients"
        pytest.fail(word) if os.environ.get("CI") == "true" else pytest.skip(word)


async def _publish(broker: Mosquitto, topic: str, *options: str, **payload: Any) -> None:
    process = await asyncio.create_subprocess_exec(
        "mosquitto_pub", "-p", str(broker.port), "-q", "1", "-t", f"{BASE}/{topic}",
        "-m", json.dumps(payload), *options,
    )  # fmt: skip
    assert await process.wait() == 0


@asynccontextmanager
async def _subscribed(broker: Mosquitto, topic: str) -> AsyncIterator[asyncio.StreamReader]:
    process = await asyncio.create_subprocess_exec(
        "mosquitto_sub", "-p", str(broker.port), "-q", "1", "-t", f"{BASE}/{topic}",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.wait()


async def _next(lines: asyncio.StreamReader, **expected: Any) -> dict[str, Any]:
    """Read messages until one says so."""
    async with asyncio.timeout(5):
        while True:
            found: dict[str, Any] = json.loads(await lines.readline())
            if all(found.get(name) == value for name, value in expected.items()):
                return found


@pytest.mark.usefixtures("clients")
async def test_two_shell_commands_are_a_gate(
    broker: Mosquitto, redis_url: str, database_url: str
) -> None:
    site = a_site(a_gate("north"))
    async with (
        a_floor(site, wires(), redis_url, database_url, address=broker.url) as floor,
        _subscribed(broker, "cmd") as commands,
        _subscribed(broker, "decision") as decisions,
    ):
        await floor.sell("TICKET")
        await _publish(broker, "status", "-r", state="online", boot="b1", ts=stamp())
        await floor.up("north")

        await _publish(broker, "scan", id="s1", direction="entry", code="TICKET", ts=stamp())
        release = await _next(commands, do="release")
        decision = await _next(decisions, id="s1")
        await _publish(broker, "ack", id=release["id"], ok=True)
        await _publish(
            broker, "event", id="b1-1", type="passed", direction="entry", tx=release["tx"],
            ts=stamp(),
        )  # fmt: skip

        assert (decision["decision"], decision["event"]) == ("granted", release["tx"])
        await until(floor.attendance_is(1, 1))
        assert await floor.inside() == (1, 0)
