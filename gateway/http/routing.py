"""Routes and what happens before and after each of them.

There are no middlewares: a scan passes one function, `bound`, that knows the caller, the limits and
the body. A route is declared beside its handler, with the types of its request and answer, from
which the OpenAPI document is made.
"""

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.entitlements.store import NotPossible, UnknownEvent, UnknownTicket
from gateway.errors import DatabaseUnavailable, DatabaseValueError, StoreUnavailable
from gateway.http.authentication import authenticate
from gateway.http.face import Face
from gateway.http.problems import (
    TITLES,
    Problem,
    database_unavailable,
    invalid,
    rate_limited,
    store_unavailable,
)
from gateway.http.repeats import once
from gateway.http.requests import SCAN_LIMIT, decode, read_body
from gateway.http.responses import problem_answer
from gateway.people.identity import Identity
from gateway.people.roles import Role

type Handler = Callable[[Face, web.Request, Identity, Any], Awaitable[web.StreamResponse]]
type PublicHandler = Callable[[Face, web.Request], Awaitable[web.StreamResponse]]
type Bound = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the interface.

    ``role`` is the least that may call it (``None``: anybody), ``right`` a single right that serves
    instead. ``body`` is the type of a JSON body; ``empty`` allows to send none;
    ``shape`` is what the document shows where the handler decodes further. ``changes`` marks a
    call that takes an ``Idempotency-Key``. ``counted`` is false for scans, which count themselves.
    ``secured`` marks a public call that looks for a key by itself.
    """

    method: str
    path: str
    summary: str
    handler: Any
    role: Role | None = None
    right: str | None = None
    body: Any = None
    shape: Any = None
    empty: bool = False
    answer: Any = None
    status: int = 200
    media: str = "application/json"
    query: tuple[str, ...] = ()
    sends: str = "application/json"
    limit: int = SCAN_LIMIT
    changes: bool = False
    counted: bool = True
    problems: tuple[int, ...] = ()
    secured: bool = False


@dataclass(slots=True)
class Routes:
    """The routes of one resource, in the order of the file."""

    resource: str
    items: list[Route] = field(default_factory=list)

    def add(
        self, method: str, path: str, summary: str, **facts: Any
    ) -> Callable[[Handler], Handler]:
        """Declare a handler that needs a key; see `Route` for the facts."""

        def declare(handler: Handler) -> Handler:
            self.items.append(Route(method, path, summary, handler, **facts))
            return handler

        return declare

    def public(
        self, method: str, path: str, summary: str, **facts: Any
    ) -> Callable[[PublicHandler], PublicHandler]:
        """Declare a handler that anybody may call."""

        def declare(handler: PublicHandler) -> PublicHandler:
            self.items.append(Route(method, path, summary, handler, **facts))
            return handler

        return declare


def bound(face: Face, route: Route) -> Bound:
    """Make the aiohttp handler of a route."""
    return _open(face, route) if route.role is None else _keyed(face, route, route.role)


def _keyed(face: Face, route: Route, role: Role) -> Bound:
    known = face.services.keyring.known
    monotonic = face.services.monotonic
    metrics = face.services.metrics
    handler: Handler = route.handler
    decoder = None if route.body is None else msgspec.json.Decoder(route.body)
    rank, limit, changes, counted = role.rank, route.limit, route.changes, route.counted

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            identity = known.get(request.headers.get(hdrs.AUTHORIZATION, ""))
            if identity is None:
                identity = await authenticate(face, request)
            if identity.rank < rank or identity.bucket is not None:
                _admit(route, identity, monotonic())
            body = None
            if decoder is not None:
                sent = await read_body(request, limit)
                body = decode(decoder, sent or b"{}" if route.empty else sent)
                if changes and "Idempotency-Key" in request.headers:
                    return await once(face, request, identity, sent, handler, body)
            response = await handler(face, request, identity, body)
        except Exception as error:  # noqa: BLE001 - each becomes a problem
            response = _failed(route, error)
        if counted or response.status != 200:  # noqa: PLR2004
            metrics.answered(f"{route.method} {route.path}", response.status)
        return response

    return handle


def _admit(route: Route, identity: Identity, now: float) -> None:
    """Let a caller in, or refuse (403 role, 429 too many requests of a key bound to a reader)."""
    least = route.role or Role.VIEWER
    if identity.rank < least.rank and not (route.right and identity.may(route.right)):
        raise Problem(403, "forbidden", f"This needs the role {least}.")
    if identity.bucket is not None and (wait_s := identity.bucket.take(now)):
        raise rate_limited(wait_s)


def _open(face: Face, route: Route) -> Bound:
    handler: PublicHandler = route.handler

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(face, request)
        except Exception as error:  # noqa: BLE001 - each becomes a problem
            response = _failed(route, error)
        face.services.metrics.answered(f"{route.method} {route.path}", response.status)
        return response

    return handle


def _failed(route: Route, error: Exception) -> web.StreamResponse:
    """Turn whatever went wrong into a problem; what nobody expected is logged."""
    if isinstance(error, ConnectionError):
        raise error  # the caller has gone
    problem = _problem_of(error)
    if problem is None:
        report(f"{route.method} {route.path}", error)
        problem = Problem(500, "internal")
    return problem_answer(problem)


def _problem_of(error: Exception) -> Problem | None:
    problem: Problem | None = None
    match error:
        case Problem():
            problem = error
        case StoreUnavailable():
            problem = store_unavailable()
        case DatabaseUnavailable():
            problem = database_unavailable()
        case UnknownTicket():
            problem = Problem(404, "unknown_ticket")
        case UnknownEvent():
            problem = Problem(404, "unknown_event")
        case NotPossible():
            code = str(error)
            problem = Problem(409, code if code in TITLES else "conflict")
        case DatabaseValueError():
            problem = invalid(error.field, error.detail)
        case web.RequestPayloadError() | HttpProcessingError():
            problem = Problem(400, "malformed", "The body ends too early.")
        case _:
            pass
    return problem


def report(route: str, error: Exception) -> None:
    """Log what nobody expected; the lines it came through are named, not read from disk."""
    frames = traceback.walk_tb(error.__traceback__)
    where = [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in frames]
    log.error("request_failed", route=route, error=repr(error), where=where)
