"""The central database as the rest of the gateway sees it."""

from gateway.central.calls import Calls
from gateway.central.carried import Carried
from gateway.central.catalogue import Catalogue
from gateway.central.history import History
from gateway.central.ingress import Ingress
from gateway.central.pool import connect, told, unavailable
from gateway.central.sold import Orders

__all__ = ("Central", "connect", "told", "unavailable")


class Central(Catalogue, Calls, Carried, History, Ingress, Orders):
    """The central database: connections and queries, the catalogue, what has happened, days."""
