"""How long a gate waits for its opening command: code published → `release` received, over MQTT.

Our own gates (DESIGN section 8) at a private mosquitto, each with a visitor every half second or
so, at random; the time holds the broker's two hops. A gate acknowledges the command and
reports the passage, as a real one does.
"""

import asyncio
import random
import time
import uuid
from datetime import UTC, datetime

import orjson

from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.mqtt import Client
from loadtest.plan import Plan
from loadtest.samples import Spread
from loadtest.site import SITE, gate
from loadtest.stand import Stand, StandFailed, temporary_stand

GATES = 16
EVERY_S = 0.5
ANSWER_S = 5.0


async def run(plan: Plan) -> list[Figure]:
    """Let visitors through the gates."""
    durability = plan.durabilities[-1]
    each = 10 if plan.quick else 120
    async with temporary_stand(
        durability=durability, command=plan.command, parent=plan.folder, gates=GATES
    ) as stand:
        await stand.sell(0, GATES * each)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    _gate(stand, number, range(number * each, (number + 1) * each), plan.seed),
                    name=gate(number),
                )
                for number in range(GATES)
            ]
        await stand.wait_for_counted(GATES * each)
        wrong = await stand.verify()
    spread = Spread.of_seconds([seconds for task in tasks for seconds in task.result()])
    return [
        Figure(
            "wire",
            "code received on the wire (MQTT) → opening command on the wire, p99",
            spread.p99,
            "ms",
            at_most(20),
            durability,
            f"p50 {spread.p50:.2f} ms, most {spread.most:.1f} ms, {spread.count} passages, "
            f"{GATES} gates, with both hops through the broker",
            wrong,
        )
    ]


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _gate(stand: Stand, number: int, visitors: range, seed: int) -> list[float]:
    """Be a gate; return how long each visitor waited for the release."""
    dice = random.Random(seed * GATES + number)
    base = f"composteur/v1/{SITE}/{gate(number)}"
    boot = uuid.uuid4().hex[:8]
    client = await Client.connect(stand.mqtt_url, f"{SITE}-{gate(number)}")
    await client.subscribe(f"{base}/cmd")
    state = {
        "boot": boot,
        "seq": 1,
        "ts": _stamp(),
        "modes": {"entry": "normal", "exit": "normal"},
        "inputs": {},
        "counters": {"entry": 0, "exit": 0},
    }
    online = {"state": "online", "boot": boot, "ts": _stamp()}
    client.publish(f"{base}/status", orjson.dumps(online), retain=True)
    client.publish(f"{base}/state", orjson.dumps(state), retain=True)
    await asyncio.sleep(1)  # until the gateway has taken note
    waited: list[float] = []
    for visitor in visitors:
        await asyncio.sleep(dice.expovariate(1 / EVERY_S))
        scan = {
            "id": uuid.uuid4().hex,
            "direction": "entry",
            "code": code_of(visitor),
            "ts": _stamp(),
        }
        begun = time.perf_counter()
        client.publish(f"{base}/scan", orjson.dumps(scan))
        command = await _release(client, base, code_of(visitor))
        waited.append(time.perf_counter() - begun)
        passed = {
            "id": f"{boot}-{visitor}",
            "type": "passed",
            "direction": "entry",
            "tx": command.get("tx"),
            "ts": _stamp(),
        }
        client.publish(f"{base}/event", orjson.dumps(passed))
    await client.close()
    return waited


async def _release(client: Client, base: str, code: str) -> dict[str, object]:
    """Acknowledge commands until one is a release."""
    try:
        async with asyncio.timeout(ANSWER_S):
            while True:
                message = await client.next_message()
                command: dict[str, object] = orjson.loads(message.payload)
                acknowledgement = orjson.dumps({"id": command["id"], "ok": True})
                client.publish(f"{base}/ack", acknowledgement)
                if command["do"] == "release":
                    return command
    except TimeoutError:
        raise StandFailed(f"no release for {code} within {ANSWER_S:.0f} s") from None
