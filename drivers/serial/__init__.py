"""Serial lines: scan engines, and gates with a protocol of their own."""

from drivers.serial.settings import SerialSettings
from drivers.serial.wire import SerialWire

__all__ = ("SerialSettings", "SerialWire")
