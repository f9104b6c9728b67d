"""Webhooks: programs elsewhere that are told what happens at the gates.

Calls are made in the transaction in which the streamer takes an event into the central database, so
that none is lost and a scan knows nothing of them. Alarms become calls here (`telling`); one
gateway of a site sends them (`sending`), signed (`signing`).
"""

from gateway.venue.webhooks.sending import Webhooks

__all__ = ("Webhooks",)
