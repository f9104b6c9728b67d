"""Show spaces and gates to a Home Assistant: it finds them by itself, and sees how they stand.

It sees, and does nothing: opening a gate is for operators, with a key and a name in the audit
(hardware.md 3.2: remote opening deserves its own authority).

Sources: home-assistant.io/integrations/mqtt (discovery by device, availability, birth); an entity
whose availability never got a first value stays unavailable for ever (hardware.md 3.1), so it is
said right after what there is.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from drivers.mqtt import codec
from drivers.mqtt.broker import Broker
from drivers.mqtt.packets import Filter

type Document = Mapping[str, Any]

EVERY_S: Final = 1.0
BIRTH: Final = "homeassistant/status"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown.

    Attributes:
        site: the site's id.
        gateway: this gateway's id.
        name: tells the site's name.
        spaces: the spaces as `GET /v1/spaces` has them.
        equipment: the equipment as `GET /v1/equipment` has it.
    """

    site: str
    gateway: str
    name: Callable[[], str]
    spaces: Callable[[], Iterable[Document]]
    equipment: Callable[[], Iterable[Document]]

    def topic(self, kind: str, name: str) -> str:
        """Name the topic where one of them stands."""
        return f"{codec.ROOT}/{self.site}/gateway/{self.gateway}/{kind}/{name}"

    def states(self) -> dict[str, bytes]:
        """Write how all of them stand, by their topics."""
        told: dict[str, bytes] = {}
        for space in self.spaces():
            facts = {key: space.get(key) for key in ("inside", "capacity", "open", "mode")}
            told[self.topic("space", space["id"])] = codec.write(facts)
        for one in self.equipment():
            facts = {key: one.get(key) for key in ("state", "link", "battery")}
            told[self.topic("equipment", one["id"])] = codec.write(facts)
        return told

    def discovery(self) -> tuple[str, bytes]:
        """Write what there is: one device with a component for each fact."""
        components: dict[str, Document] = {}
        for space in self.spaces():
            components |= self._space(space["id"], space.get("name") or space["id"])
        for one in self.equipment():
            components |= self._gate(one["id"], one.get("name") or one["id"])
        ours = f"composteur_{self.site}"
        document = {
            "device": {"identifiers": [ours], "name": self.name(), "manufacturer": "Composteur"},
            "origin": {"name": "Composteur"},
            "availability_topic": codec.gateway_topic(self.site, self.gateway),
            "availability_template": "{{ value_json.state }}",
            "qos": 1,
            "components": components,
        }
        return f"homeassistant/device/{ours}/config", codec.write(document)

    def _space(self, name: str, label: str) -> dict[str, Document]:
        topic = self.topic("space", name)
        return {
            f"{name}_inside": {
                **self._component("sensor", f"{name}_inside", f"{label}: inside", topic),
                "value_template": "{{ value_json.inside }}",
                "unit_of_measurement": "persons",
                "state_class": "measurement",
            },
            f"{name}_open": {
                **self._component("binary_sensor", f"{name}_open", f"{label}: open", topic),
                "value_template": "{{ 'ON' if value_json.open else 'OFF' }}",
            },
        }

    def _gate(self, name: str, label: str) -> dict[str, Document]:
        topic = self.topic("equipment", name)
        return {
            f"{name}_state": {
                **self._component("sensor", f"{name}_state", f"{label}: state", topic),
                "value_template": "{{ value_json.state }}",
            },
            f"{name}_link": {
                **self._component("binary_sensor", f"{name}_link", f"{label}: link", topic),
                "value_template": "{{ 'ON' if value_json.link == 'up' else 'OFF' }}",
                "device_class": "connectivity",
            },
        }

    def _component(self, platform: str, fact: str, label: str, topic: str) -> dict[str, Any]:
        unique = f"composteur_{self.site}_{fact}"
        return {"platform": platform, "unique_id": unique, "name": label, "state_topic": topic}


@dataclass(slots=True)
class HomeAssistant:
    """Keeps it shown, over the connection that the gates share; what changes, once a second."""

    broker: Broker
    shown: Shown
    alive: Callable[[], bytes]
    """Writes this gateway's status."""
    _said: dict[str, bytes] = field(default_factory=dict, init=False)
    _next_at: float = field(default=0.0, init=False)

    @property
    def filters(self) -> Sequence[Filter]:
        """Its birth: from then on it knows nothing."""
        return (Filter(BIRTH, queued=False),)

    async def run(self) -> None:
        """Keep it shown until cancelled."""
        async with self.broker.listening(self) as connection:
            await asyncio.shield(connection)

    def connected(self) -> None:
        """The broker may have kept nothing: say all of it, in the next round."""
        self._said.clear()

    def lost(self, why: str) -> None:
        """The broker is away; its will says so to everybody."""

    def heard(self, topic: str, payload: bytes, *, kept: bool) -> None:
        """Say all of it again when Home Assistant is born."""
        del topic, kept
        if payload == b"online":
            self._said.clear()

    def look(self) -> None:
        """Say what has changed; first what there is, then at once that it is available."""
        now = asyncio.get_running_loop().time()
        if now < self._next_at and self._said:
            return
        self._next_at = now + EVERY_S
        topic, document = self.shown.discovery()
        if self._say(topic, document):
            there = codec.gateway_topic(self.shown.site, self.shown.gateway)
            self.broker.publish(there, self.alive(), retain=True)
        for state_topic, state in self.shown.states().items():
            self._say(state_topic, state)

    def _say(self, topic: str, payload: bytes) -> bool:
        if self._said.get(topic) == payload:
            return False
        self.broker.publish(topic, payload, retain=True)
        self._said[topic] = payload
        return True
