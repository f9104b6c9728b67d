"""Private servers: Valkey and PostgreSQL from wheels, the machine's own mosquitto.

Whoever opens the stores is given two addresses and need not know whose servers answer there.
"""

from gateway.embedded.home import forget
from gateway.embedded.stores import EMBEDDED, Addresses, open_stores
from gateway.embedded.valkey import Durability

__all__ = ("EMBEDDED", "Addresses", "Durability", "forget", "open_stores")
