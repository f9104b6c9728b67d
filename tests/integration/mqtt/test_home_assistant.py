"""What a Home Assistant finds at the broker."""

import asyncio
import json
from typing import Any

from drivers.mqtt import MqttSettings
from drivers.mqtt.codec import write_gateway_status
from drivers.mqtt.discovery import BIRTH, Shown
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.mqtt.venue import SITE, Client, Venue, a_client, a_gate, wall

HALL = {"id": "hall", "name": "Hall", "inside": 3, "capacity": 300, "open": True, "mode": "normal"}
GATE = {"id": "north-1", "name": "North 1", "state": "idle", "link": "up", "battery": None}
CONFIG = f"homeassistant/device/composteur_{SITE}/config"


def _shown(hall: dict[str, Any]) -> Shown:
    return Shown(SITE, "main", lambda: "Museum", lambda: [hall], lambda: [GATE])


async def _until(client: Client, topic: str) -> dict[str, Any]:
    while True:
        message = await client.next()
        if message.topic == topic:
            document: dict[str, Any] = json.loads(message.payload)
            return document


async def test_it_finds_spaces_and_gates_and_follows_them(broker: Mosquitto) -> None:
    hall = dict(HALL)
    venue = Venue(broker.url)
    shown = _shown(hall)
    showing = venue.wire.home_assistant(MqttSettings(), broker.url, shown, wall)
    task = asyncio.create_task(showing.run(), name="home-assistant")
    try:
        async with a_client(broker.url) as assistant:
            await assistant.subscribe("homeassistant/#", f"composteur/v1/{SITE}/gateway/#")
            found = await _until(assistant, CONFIG)
            first = await _until(assistant, shown.topic("space", "hall"))
            assert (first["inside"], first["open"]) == (3, True)
            assert (await _until(assistant, shown.topic("equipment", "north-1")))["link"] == "up"
            hall["inside"] = 4
            assert (await _until(assistant, shown.topic("space", "hall")))["inside"] == 4
            assistant.publish(BIRTH, b"online")
            assert await _until(assistant, CONFIG) == found  # again, and that it is available:
            there = await _until(assistant, f"composteur/v1/{SITE}/gateway/main/status")
            assert there["state"] == "online"
        async with a_client(broker.url) as later:  # all of it is retained
            await later.subscribe(CONFIG)
            assert (await later.next()).kept
        async with venue.running(MqttSettings()), a_gate(broker.url).running():
            await venue.until_up()  # and it shares the gates' connection
        assert len(venue.wire.brokers) == 1
    finally:
        task.cancel()
        await asyncio.wait((task,))

    components = found["components"]
    assert set(components) == {"hall_inside", "hall_open", "north-1_state", "north-1_link"}
    assert len({component["unique_id"] for component in components.values()}) == 4
    assert found["availability_topic"] == f"composteur/v1/{SITE}/gateway/main/status"
    assert not any("command_topic" in component for component in components.values())


def test_availability_is_read_from_the_gateways_own_status() -> None:
    document = json.loads(_shown(HALL).discovery()[1])

    assert document["availability_template"] == "{{ value_json.state }}"
    assert json.loads(write_gateway_status(online=False, at=0))["state"] == "offline"
