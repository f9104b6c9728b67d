"""Alive, ready, and the figures for Prometheus; anybody may ask."""

import asyncio
from functools import partial

from aiohttp import web

from gateway.http.face import Face
from gateway.http.responses import SECURITY, answer
from gateway.http.routing import Routes
from gateway.http.schemas import ReadyAnswer
from gateway.http.services import Services

routes = Routes("health")


@routes.public("GET", "/healthz", "Whether the process is alive", answer=dict[str, str])
async def alive(_face: Face, _request: web.Request) -> web.StreamResponse:
    """Answer, and so prove that the loop turns."""
    return answer({"status": "alive"})


@routes.public(
    "GET",
    "/readyz",
    "Whether the gateway can decide; not ready is the same shape with 503",
    answer=ReadyAnswer,
    problems=(503,),
)
async def ready(face: Face, _request: web.Request) -> web.StreamResponse:
    """Tell whether this process can decide; a missing database only degrades."""
    document = readiness(face.services)
    return answer(document, status=200 if document["ready"] else 503)


def readiness(services: Services) -> dict[str, object]:
    """Write the state of health."""
    report = services.health()
    return {
        "ready": report.ready,
        "degraded": list(report.degraded),
        "durability": report.durability,
    }


@routes.public("GET", "/metrics", "The figures, for Prometheus", media="text/plain")
async def metrics(face: Face, _request: web.Request) -> web.StreamResponse:
    """Write all figures; done in a thread, since it takes milliseconds."""
    loop = asyncio.get_running_loop()
    text = await loop.run_in_executor(None, partial(face.services.metrics.expose))
    headers = SECURITY.copy()
    headers["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
    return web.Response(body=text, headers=headers)
