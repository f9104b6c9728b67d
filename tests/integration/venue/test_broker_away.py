"""The broker goes away under load and comes back: nothing is replayed, lost or counted twice."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, override

from gateway.venue.wires import wires
from loadtest.mqtt import Client, Refused
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import SITE, Floor, a_floor, a_gate, a_site, until
from tests.integration.venue.gates import Command, Gate

GATES = 6
EACH = 60
LOST = (OSError, asyncio.IncompleteReadError, Refused)


class Stubborn(Gate):
    """A gate that connects again, and tells a gateway that is back what it may not have heard."""

    passed: dict[str, str]

    @override
    def publish(self, topic: str, payload: dict[str, Any], *, retain: bool = False) -> None:
        if not self._client._writer.is_closing():
            super().publish(topic, payload, retain=retain)

    @override
    def heard_gateway(self, status: Command) -> None:
        if status["state"] == "online":
            for name, tx in list(self.passed.items())[-5:]:
                self.report("passed", name=name, direction="entry", tx=tx)

    async def live(self, url: str) -> None:
        while True:
            with suppress(*LOST):
                client = await Client.connect(url, f"gate-{self.name}")
                self._client = client
                try:
                    await client.subscribe(f"{self.base}/cmd")
                    await client.subscribe(f"{self.base}/decision")
                    await client.subscribe(f"composteur/v1/{SITE}/gateway/+/status")
                    self.come_online()
                    await self.listen()
                finally:
                    client._writer.close()
                    with suppress(OSError):
                        await client._writer.wait_closed()
            await asyncio.sleep(0.05)


async def test_a_broker_that_goes_and_comes_back_under_load(
    broker: Mosquitto, redis_url: str, database_url: str
) -> None:
    names = [f"gate-{number}" for number in range(GATES)]
    site = a_site(*(a_gate(name, keys="open_s = 1.0\ntailgating_ms = 0") for name in names))
    codes = [f"VISITOR{number}" for number in range(GATES * EACH)]
    async with a_floor(site, wires(), redis_url, database_url, address=broker.url) as floor:
        await floor.sell(*codes)
        gates = [_a_gate(name) for name in names]
        lives = [asyncio.create_task(gate.live(broker.url), name=gate.name) for gate in gates]
        await floor.up(*names)
        shares = [codes[number::GATES] for number in range(GATES)]
        visits = [
            asyncio.create_task(_come(gate, share), name=f"visitors-{gate.name}")
            for gate, share in zip(gates, shares, strict=True)
        ]
        for _ in range(2):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(broker.kill)
            await until(lambda: _links(floor, names) == {"down"}, within_s=2)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(broker.start)
            await until(lambda: _links(floor, names) == {"up"}, within_s=2)
        passed = {code for task in visits for code in await task}
        await asyncio.sleep(1.2)  # who was released and did not pass is given back

        for gate in gates:
            released = [each["tx"] for each in gate.told if each["do"] == "release"]
            assert len(released) == len(set(released))
            assert all(each["late_ms"] <= 2000 for each in gate.told)
        await until(floor.attendance_is(len(passed), len(passed)))
        await floor.quiet()
        assert await floor.inside() == (len(passed), 0)
        made = {code for code in codes if await floor.made(code)}
        assert made == passed
        for life in lives:
            life.cancel()
        await asyncio.wait(lives)


def _a_gate(name: str) -> Stubborn:
    gate = Stubborn(name, None)  # type: ignore[arg-type]  # it connects by itself
    gate.passed = {}
    return gate


def _links(floor: Floor, names: Sequence[str]) -> set[str]:
    return {floor.operations.panel.document(name)["link"] for name in names}


async def _come(gate: Stubborn, codes: Sequence[str]) -> list[str]:
    """Show each code until its person is let in; return those who have passed."""
    passed: list[str] = []
    for code in codes:
        for _ in range(40):
            with suppress(TimeoutError, *LOST):
                decision = await gate.decided(gate.scan(code), within_s=0.3)
                if decision["decision"] != "granted" or decision["replayed"]:
                    continue
                release = await gate.released(within_s=0.3)
                if release["tx"] != decision["event"]:
                    continue
                await asyncio.sleep(random.random() / 50)
                gate.passed[f"{gate.boot}-p{len(gate.passed)}"] = release["tx"]
                name = list(gate.passed)[-1]
                passed.append(code)
                gate.report("passed", name=name, direction="entry", tx=release["tx"])
                break
            await asyncio.sleep(0.1)
    return passed
