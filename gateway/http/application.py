"""The application: every route of the contract, bound to the services of one process."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.http import (
    alarms,
    audit,
    batch,
    carried,
    conflicts,
    devices,
    docs,
    equipment,
    evacuation,
    events,
    feed,
    files,
    health,
    ingress,
    keys,
    live,
    login,
    openapi,
    pages,
    passages,
    privacy,
    reports,
    scans,
    site,
    sources,
    spaces,
    stream,
    tickets,
    visitor,
)
from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import problem_answer
from gateway.http.routing import Route, Routes, bound
from gateway.http.services import Services

RESOURCES: tuple[Routes, ...] = (
    scans.routes,
    batch.routes,
    carried.routes,
    stream.routes,
    passages.routes,
    tickets.routes,
    visitor.routes,
    feed.routes,
    sources.routes,
    ingress.routes,
    spaces.routes,
    equipment.routes,
    devices.routes,
    evacuation.routes,
    alarms.routes,
    conflicts.routes,
    reports.routes,
    events.routes,
    audit.routes,
    privacy.routes,
    keys.routes,
    site.routes,
    login.routes,
    live.routes,
    health.routes,
    docs.routes,
    pages.routes,
)
LAG_EVERY_S = 0.1

_of_the_server = logging.getLogger("aiohttp.server")

FACE = web.AppKey("FACE", Face)


def build_application(services: Services) -> web.Application:
    """Build the application of one process.

    Serve it with ``web.AppRunner(application, access_log=None)``: a scan writes no log line. The
    body limits are the routes' own, so that aiohttp's is off.
    """
    application = web.Application(client_max_size=0)
    face = Face(services)
    application[FACE] = face
    for route in all_routes():
        if route.method == "GET" and route.media != live.EVENT_STREAM:
            application.router.add_get(route.path, bound(face, route))
        else:
            application.router.add_route(route.method, route.path, bound(face, route))
    application.router.add_route("*", "/{tail:.*}", _nothing_here)
    application.cleanup_ctx.append(_background)
    application.on_shutdown.append(_say_goodbye)
    return application


def all_routes() -> Iterable[Route]:
    """Return the routes of all resources."""
    return (route for resource in RESOURCES for route in resource.items)


async def _nothing_here(request: web.Request) -> web.StreamResponse:
    """Tell a path that does not exist from a method that does not (404, 405)."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical != "/{tail}":
            _, methods = await resource.resolve(request)
            allowed |= methods
    if not allowed:
        return problem_answer(Problem(404, "not_found"))
    headers = {"Allow": ", ".join(sorted(allowed))}
    return problem_answer(Problem(405, "method_not_allowed", headers=headers))


async def _background(application: web.Application) -> AsyncIterator[None]:
    """Read the pages, watch the keys, and measure how late the loop is."""
    face = application[FACE]
    services = face.services
    loop = asyncio.get_running_loop()
    _of_the_server.addFilter(_is_ours)
    face.files = await loop.run_in_executor(None, files.read_files)
    face.openapi = await loop.run_in_executor(None, openapi.encoded, list(all_routes()))
    tasks = [
        asyncio.create_task(services.keyring.watch(), name="keyring"),
        asyncio.create_task(_measure_lag(services), name="loop-lag"),
    ]
    try:
        yield
    finally:
        _of_the_server.removeFilter(_is_ours)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell what may be logged: not the traceback of each request or body that cannot be read."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


async def _measure_lag(services: Services) -> None:
    while True:
        due = services.monotonic() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        services.metrics.loop_lag_s = max(0.0, services.monotonic() - due)


async def _say_goodbye(application: web.Application) -> None:
    """End the open streams and dashboards, which would otherwise keep the process up."""
    face = application[FACE]
    face.live.close()
    for socket in list(face.sockets):
        await socket.close(code=1001, message=b"the gateway stops")
