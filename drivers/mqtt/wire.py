"""MQTT as a wire: makes the link of each controller, and has those of one broker share it."""

from dataclasses import dataclass, field

from config.wires import WireSettings
from drivers.link import Link, Surroundings
from drivers.mqtt import codec
from drivers.mqtt.broker import Broker
from drivers.mqtt.connection import Target
from drivers.mqtt.link import GateLink
from drivers.mqtt.settings import MqttSettings


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
        return GateLink(settings, surroundings, self._broker(settings, surroundings))

    def _broker(self, settings: MqttSettings, surroundings: Surroundings) -> Broker:
        if surroundings.address is None:
            raise NoBroker("[stores] mqtt names no broker")
        target = Target(
            address=surroundings.address,
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
        site, gateway = surroundings.site, surroundings.gateway
        key = (site, gateway, target)
        if key not in self.brokers:
            # The name stays the same from run to run: the broker keeps a session under it. Two
            # connections of one name would throw each other out.
            number = 1 + sum(known[:2] == key[:2] for known in self.brokers)
            identifier = f"composteur-{site}-{gateway}" + (f"-{number}" if number > 1 else "")
            topic = codec.gateway_topic(site, gateway)
            self.brokers[key] = Broker(target, identifier, topic, surroundings.wall)
        return self.brokers[key]
