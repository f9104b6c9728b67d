"""The central database as the rest of the gateway sees it."""

from gateway.central.catalogue import Catalogue
from gateway.central.history import History
from gateway.central.pool import connect, told, unavailable

__all__ = ("Central", "connect", "told", "unavailable")


class Central(Catalogue, History):
    """The central database: connections and named queries, the catalogue, what has happened."""
