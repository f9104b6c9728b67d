"""MQTT as a wire: makes the link of each controller, and has those of one broker share it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from config.wires import WireSettings
from drivers.drops import Drops
from drivers.link import Link, Surroundings
from drivers.mqtt import codec, lookout
from drivers.mqtt.board import BoardLink, inputs_of, outputs_of
from drivers.mqtt.broker import Broker
from drivers.mqtt.connection import Target
from drivers.mqtt.dialects.dialect import Dialect
from drivers.mqtt.dialects.esphome import ESPHome
from drivers.mqtt.dialects.shelly import Shelly
from drivers.mqtt.dialects.tasmota import Tasmota
from drivers.mqtt.discovery import HomeAssistant, Shown
from drivers.mqtt.link import GateLink
from drivers.mqtt.settings import MqttSettings
from drivers.seen import Seen


class NoBroker(ValueError):
    """A controller speaks MQTT, and `[stores] mqtt` names no broker."""


@dataclass(slots=True)
class MqttWire:
    """One for each gateway: it holds the connections that its controllers share."""

    brokers: dict[tuple[str, str, Target], Broker] = field(default_factory=dict)

    @property
    def settings(self) -> type[MqttSettings]:
        """The model of the controller's own keys."""
        return MqttSettings

    def link(self, settings: WireSettings, surroundings: Surroundings) -> Link:
        """Make the link of one controller.

        Raises:
            NoBroker: There is none to connect to.
        """
        if not isinstance(settings, MqttSettings):
            raise TypeError(f"not for MQTT: {type(settings).__name__}")
        if surroundings.address is None:
            raise NoBroker("[stores] mqtt names no broker")
        broker = self._broker(
            settings,
            surroundings.address,
            surroundings.site,
            surroundings.gateway,
            surroundings.wall,
            drops=surroundings.drops,
        )
        dialect = _dialect(settings, surroundings)
        if dialect is None:
            return GateLink(settings, surroundings, broker)
        return BoardLink(settings, surroundings, broker, dialect)

    async def look(self, site: str, address: str | None) -> Sequence[Seen]:
        """Return the gates and boards that say at the venue's broker that they are there."""
        return () if address is None else await lookout.look(Target(address), site)

    def home_assistant(
        self, settings: MqttSettings, address: str, shown: Shown, wall: Callable[[], int]
    ) -> HomeAssistant:
        """Show a site to a Home Assistant, over the connection of the gates with these settings.

        Raises:
            NoBroker: The address is none.
        """
        broker = self._broker(settings, address, shown.site, shown.gateway, wall)
        alive = partial(_alive, wall)
        return HomeAssistant(broker, shown, alive)

    def _broker(
        self,
        settings: MqttSettings,
        address: str,
        site: str,
        gateway: str,
        wall: Callable[[], int],
        *,
        drops: Drops | None = None,
    ) -> Broker:
        target = Target(
            address=address,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            tls_ca=settings.tls_ca,
            tls_cert=settings.tls_cert,
            tls_key=settings.tls_key,
            keepalive_s=settings.keepalive_s,
            protocol=settings.protocol,
        )
        try:
            _ = target.host, target.port
        except ValueError as error:
            raise NoBroker(f"[stores] mqtt is no address: {error}") from error
        key = (site, gateway, target)
        if key not in self.brokers:
            # The name stays the same from run to run: the broker keeps a session under it. Two
            # connections of one name would throw each other out.
            number = 1 + sum(known[:2] == key[:2] for known in self.brokers)
            identifier = f"composteur-{site}-{gateway}" + (f"-{number}" if number > 1 else "")
            topic = codec.gateway_topic(site, gateway)
            self.brokers[key] = Broker(target, identifier, topic, wall, drops)
        return self.brokers[key]


def _alive(wall: Callable[[], int]) -> bytes:
    return codec.write_gateway_status(online=True, at=wall())


def _dialect(settings: MqttSettings, surroundings: Surroundings) -> Dialect | None:
    """Make the dialect of a board; none for gates of ours."""
    prefix = settings.prefix or ""
    match settings.dialect:
        case "composteur":
            return None
        case "shelly":
            site, gateway = surroundings.site, surroundings.gateway
            return Shelly(prefix, f"{codec.ROOT}/{site}/gateway/{gateway}/{prefix}")
        case "tasmota":
            return Tasmota(prefix)
        case "esphome":
            devices = surroundings.devices
            return ESPHome(
                prefix,
                {number: settings.switch_name.format(number) for number in outputs_of(devices)},
                {number: settings.sensor_name.format(number) for number in inputs_of(devices)},
                hardware_pulse=settings.hardware_pulse,
            )
        case _:
            assert_never(settings.dialect)
