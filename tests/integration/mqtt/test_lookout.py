"""Gates and boards on a broker that no site file describes: they are found and offered."""

from collections.abc import Mapping
from typing import Any

import pytest

from config import Site
from drivers.mqtt.connection import Target, connected
from drivers.mqtt.wire import MqttWire
from gateway.venue.lookout import Seen, undescribed
from tests.integration.mqtt.brokers import Mosquitto

ONLINE = b'{"state": "online", "boot": "b1", "ts": "2026-11-27T10:00:00.000Z"}'


async def keep(broker: Mosquitto, messages: Mapping[str, bytes]) -> None:
    """Have the broker keep messages, as devices do that say they are there."""
    target = Target(broker.url)
    async with connected(target, "device", None, lambda _: None, session_s=0) as device:
        for topic, payload in messages.items():
            device.publish(topic, payload, qos=1, retain=True)


async def found_at(broker: Mosquitto, **site: Any) -> list[Seen]:
    """Look for what a site does not describe."""
    described = Site.model_validate({"site": {"id": "museum"}} | site)
    return list(await undescribed(described, [MqttWire(), object()], broker.url))


def a_board(name: str, dialect: str, *, online: bool) -> Seen:
    return Seen("mqtt", name, {"dialect": dialect, "prefix": name}, None, online)


A_GATE = Seen("mqtt", "north-2", {}, equipment="north-2", online=True)


@pytest.mark.parametrize(
    ("topic", "payload", "seen"),
    [
        ("composteur/v1/museum/north-2/status", ONLINE, A_GATE),
        ("shelly-1/online", b"true", a_board("shelly-1", "shelly", online=True)),
        ("tele/relay-7/LWT", b"Offline", a_board("relay-7", "tasmota", online=False)),
        ("door-board/status", b"online", a_board("door-board", "esphome", online=True)),
    ],
)
async def test_device_that_says_it_is_there_is_found_with_how_to_describe_it(
    broker: Mosquitto, topic: str, payload: bytes, seen: Seen
) -> None:
    await keep(broker, {topic: payload})

    assert await found_at(broker) == [seen]


async def test_what_is_described_or_is_no_device_is_not_offered(broker: Mosquitto) -> None:
    await keep(
        broker,
        {
            "composteur/v1/museum/north-1/status": ONLINE,
            "composteur/v1/pool/slide/status": ONLINE,
            "composteur/v1/museum/gateway/main/status": ONLINE,
            "shelly-1/online": b"true",
            "printer/status": b"out of paper",
        },
    )

    shelly = {"id": "shelly", "driver": "mqtt", "dialect": "shelly", "prefix": "shelly-1"}
    gate = {"id": "north-1", "kind": "turnstile", "space": "hall"}
    assert await found_at(broker, controller=[shelly], equipment=[gate]) == []


async def test_a_broker_that_is_away_offers_nothing(broker: Mosquitto) -> None:
    broker.kill()

    assert await found_at(broker) == []
