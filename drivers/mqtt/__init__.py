"""MQTT: gates of ours by the contract of DESIGN 8, and boards in dialects of their own."""

from drivers.mqtt.settings import MqttSettings
from drivers.mqtt.wire import MqttWire

__all__ = ("MqttSettings", "MqttWire")
