"""The face of a process: HTTP on a socket, and what its handlers are given."""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from socket import socket
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

from config import Site
from gateway.app.core import Core, clock, site_now
from gateway.app.first import First
from gateway.app.keeping import keeper_of, privacy_of
from gateway.http.application import build_application
from gateway.http.services import HealthReport, Services, SiteFacts
from gateway.people.browser_sessions import BrowserSessions
from gateway.people.idempotency import Idempotency
from gateway.people.keyring import Keyring
from gateway.tickets.messages import message
from gateway.venue import listening
from gateway.venue.lookout import undescribed
from gateway.venue.sources import Sources
from gateway.venue.wires import wires

HTTP_STOPS_WITHIN_S: Final = 1.0


@asynccontextmanager
async def http_at(core: Core, opened: socket, first: First | None = None) -> AsyncIterator[None]:
    """Answer HTTP on a socket."""
    site = core.site
    application = build_application(_services(core, first))
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=HTTP_STOPS_WITHIN_S,
    )
    await runner.setup()
    try:
        await web.SockSite(
            runner, opened, ssl_context=_tls(site), backlog=listening.BACKLOG
        ).start()
        yield
    finally:
        await runner.cleanup()


def _services(core: Core, first: First | None) -> Services:
    site = core.site
    zone = ZoneInfo(site.identity.timezone)
    health = core.health
    keyring = Keyring(core.shelf, core.rows, time.monotonic)
    services = Services(
        site=_facts(site),
        store=core.store,
        admin=core.admin,
        central=core.central,
        operations=core.operations,
        keyring=keyring,
        sessions=BrowserSessions(core.shelf, keyring, time.monotonic),
        desk=core.desk,
        idempotency=Idempotency(core.shelf),
        degraded=core.late,
        health=lambda: HealthReport(health.ready, health.degraded, health.durability),
        clock=clock,
        monotonic=time.monotonic,
        message=partial(message, zone=zone),
        admit=core.admitting,
        metrics=core.metrics,
        site_file=core.site_file,
        look=lambda: undescribed(site_now(core), wires().values(), core.addresses.mqtt),
        sources=Sources(
            core.central, lambda: site_now(core).sources, zone, clock, core.operations.alarms
        ),
        privacy=privacy_of(core),
        keeper=keeper_of(core),
    )
    if core.site_file is not None:

        async def take_up(site: Site) -> None:
            services.site = _facts(site)

        core.site_file.on_change(take_up)
    gauge = services.metrics.gauge
    gauge("store_up", "Whether the entitlement store answers.", lambda: float(health.store_up))
    gauge("database_up", "Whether the database answers.", lambda: float(health.database_up))
    late = "Exits granted while the store was silent that are still to be recorded."
    gauge("late_scans", late, lambda: float(len(core.late)))
    links = "Equipment on wires that cannot be reached."
    gauge("links_down", links, lambda: float(core.operations.panel.links_down))
    alarms = "Alarms that are not over, or not acknowledged."
    gauge("alarms", alarms, lambda: float(len(core.operations.alarms.documents())))
    if first is not None:
        lag_s = "Age of the oldest event that is not in the database."
        gauge("stream_lag_seconds", lag_s, lambda: first.streamer.lag_s)
        calls = "Events that webhooks are still to be told of."
        gauge("webhook_events_waiting", calls, lambda: float(first.webhooks.waiting))
    return services


def _facts(site: Site) -> SiteFacts:
    return SiteFacts(
        id=site.id,
        name=site.identity.name,
        language=site.identity.language,
        timezone=ZoneInfo(site.identity.timezone),
        secure=site.http.tls_cert is not None,
    )


def _tls(site: Site) -> ssl.SSLContext | None:
    if site.http.tls_cert is None or site.http.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(site.http.tls_cert, site.http.tls_key)
    return context
