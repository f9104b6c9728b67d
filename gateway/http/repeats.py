"""Give a repeated request the first one's answer (``Idempotency-Key``)."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from gateway.errors import StoreUnavailable
from gateway.http.face import Face
from gateway.http.problems import Problem, invalid
from gateway.http.responses import json_answer
from gateway.people.idempotency import KEY_LENGTH, Different, Kept, Running, fingerprint
from gateway.people.identity import Identity

HEADER = "Idempotency-Key"
_KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH}}}")


async def once(  # noqa: PLR0917 - a request, whose it is, and what it would do
    face: Face,
    request: web.Request,
    identity: Identity,
    sent: bytes,
    handler: Callable[[Face, web.Request, Identity, Any], Awaitable[web.StreamResponse]],
    body: Any,
) -> web.StreamResponse:
    """Run a handler, or answer what it answered before (409 running, 422 another request)."""
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise invalid(HEADER, f"1 to {KEY_LENGTH} visible ASCII characters.")
    kept = face.services.idempotency
    print_of = fingerprint(request.method, request.path, sent)
    try:
        first = await kept.begin(identity.key.hash, key, print_of)
    except Running:
        raise Problem(409, "still_running", headers={"Retry-After": "1"}) from None
    except Different:
        raise Problem(422, "reused_key", field=HEADER) from None
    if first is not None:
        return json_answer(first.body, status=first.status, kind=first.content_type)
    done = False
    try:
        response = await handler(face, request, identity, body)
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            done = True
            answer = Kept(response.status, response.headers["Content-Type"], response.body)
            with suppress(StoreUnavailable):  # it is done; the marker expires by itself
                await kept.finish(identity.key.hash, key, print_of, answer)
    finally:
        if not done:
            await _release(face, identity, key)
    return response


async def _release(face: Face, identity: Identity, key: str) -> None:
    with suppress(StoreUnavailable):  # the marker expires by itself
        await face.services.idempotency.release(identity.key.hash, key)
