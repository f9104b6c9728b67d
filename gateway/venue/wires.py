"""The wires of this installation: the one place that knows them by name.

A site file may name these drivers and no others; the next one is a line here.
"""

from collections.abc import Collection
from typing import Final, override

from config.values import Kind
from config.wires import Wires as SettingsOfWires
from config.wires import WireSettings
from drivers.link import Wire
from drivers.modbus.settings import ModbusSettings
from drivers.modbus.wire import ModbusWire
from drivers.mqtt.settings import MqttSettings
from drivers.mqtt.wire import MqttWire
from drivers.osdp.settings import OsdpSettings
from drivers.osdp.wire import OsdpWire
from drivers.serial.settings import SerialSettings
from drivers.serial.wire import SerialWire

type Wires = dict[str, Wire]


class HttpSettings(WireSettings):
    """Gates that speak the HTTP API themselves: they report passages, and nobody calls them."""

    @override
    def reports_passages(self, kind: Kind, channels: Collection[str]) -> bool:
        del channels
        return kind in {"turnstile", "door"}


SETTINGS: Final[SettingsOfWires] = {
    "http": HttpSettings,
    "modbus": ModbusSettings,
    "mqtt": MqttSettings,
    "osdp": OsdpSettings,
    "serial": SerialSettings,
}
"""What controllers of each driver may say, for `config.load`."""


def wires() -> Wires:
    """Return the wires that have a link to keep; each holds what its links share."""
    return {
        "modbus": ModbusWire(),
        "mqtt": MqttWire(),
        "osdp": OsdpWire(),
        "serial": SerialWire(),
    }
