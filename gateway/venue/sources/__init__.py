"""Sellers whose orders are fetched when they change: pretix.

A message that an order has changed is not believed, and says little: it has us ask the seller
(`pretix`), read the answer as tickets of ours (`orders`), and write them (`refreshing`).
"""

from gateway.venue.sources.pretix import SourceUnavailable
from gateway.venue.sources.refreshing import Refreshed, Sources

__all__ = ("Refreshed", "SourceUnavailable", "Sources")
