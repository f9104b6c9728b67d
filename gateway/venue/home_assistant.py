"""The venue as a Home Assistant sees it (`[stores] home_assistant`): its spaces and gates.

What there is to see is written here; how a Home Assistant is told, `drivers.mqtt.discovery` knows.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from config import Site
from drivers.mqtt import MqttSettings, MqttWire
from drivers.mqtt.discovery import HomeAssistant, Shown
from gateway.entitlements.admin import SpaceState, StoreAdmin
from gateway.errors import StoreUnavailable
from gateway.venue.answers import Document
from gateway.venue.operations import Operations
from gateway.venue.spaces import space_documents
from gateway.venue.wires import Wires

EVERY_S: Final = 1.0

log = structlog.get_logger()


class Showing:
    """A gateway shown over the connection that its gates share.

    Args:
        wires: those of its boards.
        address: the broker's.
        operations: spaces and equipment as people see them.
        admin: the store, which counts who is inside.
        site: tells the site as it is now.
        wall: milliseconds since the epoch.
    """

    def __init__(
        self,
        wires: Wires,
        address: str,
        *,
        operations: Operations,
        admin: StoreAdmin,
        site: Callable[[], Site],
        wall: Callable[[], int],
    ) -> None:
        self._wires = wires
        self._address = address
        self._operations = operations
        self._admin = admin
        self._site = site
        self._wall = wall
        self._states: Sequence[SpaceState] = ()
        self._counted = asyncio.Event()

    async def run(self) -> None:
        """Keep it shown until cancelled; where the address is none, the log has told so."""
        try:
            assistant = self._assistant()
        except ValueError as why:
            log.error("home_assistant_off", why=str(why))  # noqa: TRY400  # all is told
            await asyncio.Event().wait()
            return
        async with asyncio.TaskGroup() as both:
            both.create_task(self._keep_counting(), name="home-assistant-spaces")
            await self._counted.wait()  # nobody is to read that a full house is empty
            both.create_task(assistant.run(), name="home-assistant-shown")

    def _assistant(self) -> HomeAssistant:
        site, wire = self._site(), self._wires["mqtt"]
        if not isinstance(wire, MqttWire):
            raise TypeError(f"not MQTT: {type(wire).__name__}")
        shown = Shown(
            site=site.id,
            gateway=site.identity.gateway,
            name=lambda: self._site().identity.name,
            spaces=self._spaces,
            equipment=self._operations.panel.documents,
        )
        return wire.home_assistant(_settings(site), self._address, shown, self._wall)

    async def _keep_counting(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                self._states = await self._admin.spaces()
                self._counted.set()
            await asyncio.sleep(EVERY_S)

    def _spaces(self) -> Iterable[Document]:
        return space_documents(self._operations, self._states).values()


def _settings(site: Site) -> MqttSettings:
    """Return those of the first board on MQTT: its connection is there already."""
    for each in site.controllers:
        settings = site.wire(each)
        if each.gateway == site.identity.gateway and isinstance(settings, MqttSettings):
            return settings
    return MqttSettings()
