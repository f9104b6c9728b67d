"""OSDP (IEC 60839-11-5): readers on an RS-485 line, supervised, over a secure channel.

Nothing here needs libosdp (the extra `composteur[osdp]`) before a link is made.
"""

from drivers.osdp.settings import OsdpSettings
from drivers.osdp.wire import OsdpWire

__all__ = ("OsdpSettings", "OsdpWire")
