"""``GET /v1/live``: what happens at the venue, as server-sent events."""

import asyncio
import contextlib

from aiohttp import web

from gateway.errors import StoreUnavailable
from gateway.http.authentication import authenticate
from gateway.http.face import Face
from gateway.http.problems import Problem, rate_limited
from gateway.http.responses import SECURITY
from gateway.http.routing import Routes
from gateway.people.identity import Identity
from gateway.people.roles import Role

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_S = 15.0
STUCK_S = 30.0
CHECK_KEY_S = 1.0

routes = Routes("live")


@routes.add(
    "GET",
    "/v1/live",
    "Watch: a snapshot, then scan, occupancy and health events",
    role=Role.VIEWER,
    media=EVENT_STREAM,
)
async def live(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Send a snapshot, then what changes, until the caller goes, or may not look any more."""
    if face.live.full:
        raise rate_limited(5)
    headers = SECURITY.copy()
    headers["Content-Type"] = EVENT_STREAM
    headers["X-Accel-Buffering"] = "no"
    response = web.StreamResponse(headers=headers)
    operator = identity.rank >= Role.OPERATOR.rank
    listener, snapshot = await face.live.join(operator=operator)
    try:
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n" + snapshot)
        spoken_at = checked_at = face.services.monotonic()
        while not face.live.closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_KEY_S):
                    await listener.wake.wait()
            now = face.services.monotonic()
            if now - checked_at >= CHECK_KEY_S:
                checked_at = now
                with contextlib.suppress(StoreUnavailable):  # a silent store changes nothing
                    await authenticate(face, request)
            news = listener.take()
            if not news and now - spoken_at >= KEEP_ALIVE_S:
                news = b": still here\n\n"
            if news:
                spoken_at = now
                async with asyncio.timeout(STUCK_S):
                    await response.write(news)
    except (Problem, TimeoutError, ConnectionError):
        request.protocol.force_close()  # its key has gone, or it has: nothing can be said any more
    finally:
        await face.live.leave(listener)
    return response
