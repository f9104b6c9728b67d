"""Sellers tell that an order has changed; we ask them what it is now.

pretix calls with HTTP Basic, whose password is a key of ours; the message is not believed, so that
any key will do. It is answered once the order is written: pretix tries again, for three days,
whatever is not answered with 2xx, and so nothing is lost and nothing waits here.
"""

import base64
import binascii
from typing import Annotated, Final

import msgspec
from aiohttp import hdrs, web

from gateway.errors import DatabaseValueError
from gateway.http.authentication import by_key
from gateway.http.face import Face
from gateway.http.problems import Problem, rate_limited, unauthorized
from gateway.http.requests import SCAN_LIMIT, decode, read_body
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import RefreshAnswer
from gateway.venue.sources import SourceUnavailable

routes = Routes("sources")

_ORDERS: Final = "pretix.event.order."


class PretixCall(msgspec.Struct):
    """What pretix tells: which order of which event, and what has happened to it."""

    organizer: str
    action: str
    event: str | None = None
    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,32}$")] | None = None


_DECODER: Final = msgspec.json.Decoder(PretixCall)


@routes.public(
    "POST",
    "/v1/sources/{id}/pretix",
    "pretix tells that an order has changed: it is fetched from there; a key as Basic password",
    body=PretixCall,
    answer=RefreshAnswer,
    secured=True,
    problems=(401, 404, 422, 429, 503),
)
async def pretix(face: Face, request: web.Request) -> web.StreamResponse:
    """Refresh the order; what is no order's, or another event's, is answered and left alone."""
    await _identify(face, request)
    call = decode(_DECODER, await read_body(request, SCAN_LIMIT))
    sources = face.services.sources
    source = None if sources is None else sources.find(request.match_info["id"])
    if sources is None or source is None:
        raise Problem(404, "unknown_source")
    if (
        call.organizer != source.organizer
        or call.event not in source.events
        or call.code is None
        or not call.action.startswith(_ORDERS)
    ):
        return answer({"tickets": 0, "changed": 0})
    try:
        done = await sources.refresh(source, call.event, call.code)
    except SourceUnavailable as error:
        raise Problem(503, "source_unavailable", str(error)) from error
    except DatabaseValueError as error:
        # pretix can only try again: somebody has to read why.
        said = f"The order has a value that cannot be kept: {error.detail}"
        raise Problem(422, "invalid", said, field=error.field) from error
    return answer({"tickets": done.tickets, "changed": done.changed})


async def _identify(face: Face, request: web.Request) -> None:
    """Let any key in, as Bearer or as the password of Basic; bad ones have to wait."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        raise unauthorized("Send a key as the password of HTTP Basic, or as Bearer.")
    address, now = request.remote or "", face.services.monotonic()
    if wait_s := face.attempts.wait_s(address, now):
        raise rate_limited(wait_s)
    try:
        await by_key(face, _bearer(header))
    except Problem:
        face.attempts.failed(address, now)
        raise
    face.attempts.succeeded(address)


def _bearer(header: str) -> str:
    """Turn Basic, whose user may have any name, into Bearer."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return header
    try:
        _, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        password = ""
    return f"Bearer {password}"
