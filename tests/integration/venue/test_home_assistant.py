"""A venue seen by a Home Assistant: how many are inside, and how each gate stands."""

import asyncio
import json
from typing import Any

from structlog.testing import capture_logs

from gateway.venue.home_assistant import Showing
from gateway.venue.tasks import kept_going
from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.mqtt.venue import Client, a_client
from tests.integration.venue.floor import SITE, a_floor, a_gate, a_site, now_ms, until
from tests.integration.venue.gates import a_gate_at

CONFIG = f"homeassistant/device/composteur_{SITE}/config"
OURS = f"composteur/v1/{SITE}/gateway/main"
HALL, NORTH = f"{OURS}/space/hall", f"{OURS}/equipment/north"


async def _until(assistant: Client, topic: str, **facts: object) -> dict[str, Any]:
    """Wait until a topic says so."""
    while True:
        message = await assistant.next()
        if message.topic == topic:
            document: dict[str, Any] = json.loads(message.payload)
            if facts.items() <= document.items():
                return document


async def test_it_is_told_what_there_is_and_follows_people_and_gates(
    broker: Mosquitto, redis_url: str, database_url: str
) -> None:
    site = a_site(a_gate("north", direction="both", keys="open_s = 1.0"))
    mqtt = wires()
    async with (
        a_client(broker.url) as assistant,
        a_floor(site, mqtt, redis_url, database_url, address=broker.url) as floor,
    ):
        showing = Showing(
            mqtt,
            broker.url,
            operations=floor.operations,
            admin=floor.admin,
            site=lambda: site,
            wall=now_ms,
        )
        await floor.sell("VISITOR")
        await until(lambda: floor.operations.panel.document("north")["link"] == "down")
        await assistant.subscribe("homeassistant/#", f"{OURS}/#")
        async with kept_going(home_assistant=showing.run):
            found = await _until(assistant, CONFIG)
            there = await assistant.next()  # right after it
            assert there.topic == found["availability_topic"] == f"{OURS}/status"
            assert json.loads(there.payload)["state"] == "online"
            await _until(assistant, HALL, inside=0, open=True)
            await _until(assistant, NORTH, link="down")

            async with a_gate_at(broker.url, "north") as gate:
                await _until(assistant, NORTH, link="up")
                gate.scan("VISITOR")
                release = await gate.released()
                gate.report("passed", direction="entry", tx=release["tx"])
                await _until(assistant, HALL, inside=1)
                gate.report("fault", text="the motor is stuck")
                await _until(assistant, NORTH, state="fault")

        async with a_client(broker.url) as later:  # a Home Assistant that starts now finds it all
            await later.subscribe(CONFIG, HALL, NORTH)
            kept = {message.topic for message in [await later.next() for _ in range(3)]}
            assert kept == {CONFIG, HALL, NORTH}

    assert {name.partition("_")[0] for name in found["components"]} == {"hall", "north"}


async def test_an_address_that_is_none_is_told_once(redis_url: str, database_url: str) -> None:
    site, mqtt = a_site(a_gate("north")), wires()
    async with a_floor(site, mqtt, redis_url, database_url) as floor:
        showing = Showing(
            mqtt,
            "mqtt://broker:none",
            operations=floor.operations,
            admin=floor.admin,
            site=lambda: site,
            wall=now_ms,
        )
        with capture_logs() as told:
            async with kept_going(home_assistant=showing.run):
                await asyncio.sleep(0.1)

    assert [line["event"] for line in told] == ["home_assistant_off"]
