"""`home_assistant = true` in the site file: the gateway's own broker has what there is."""

import asyncio
from collections.abc import Callable

from tests.integration.mqtt.venue import a_client
from tests.system import gates
from tests.system.gateways import Gateway
from tests.system.test_storms import in_thread


async def test_one_line_of_the_site_file_shows_the_venue_to_a_home_assistant(
    make_gateway: Callable[..., Gateway],
) -> None:
    await in_thread(gates.need_mosquitto)
    site = gates.venue(["north"]).replace("[stores]", "[stores]\nhome_assistant = true")
    gateway = await in_thread(lambda: make_gateway(site=site).start())
    broker = await in_thread(lambda: gateway.run_file["mqtt"])

    async with asyncio.timeout(10), a_client(broker) as assistant:
        await assistant.subscribe("homeassistant/#")
        message = await assistant.next()

    assert message.topic == "homeassistant/device/composteur_museum/config"
    assert b"hall_inside" in message.payload
    assert b"north_state" in message.payload
