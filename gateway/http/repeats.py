"""Give a repeated request the first one's answer (``Idempotency-Key``)."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from gateway.errors import StoreUnavailable
from gateway.http.face import Face
from gateway.http.problems import Problem, invalid
from gateway.http.responses import json_answer
from gateway.people.idempotency import (
    KEY_LENGTH,
    Different,
    Fingerprint,
    Kept,
    Running,
    fingerprint,
)
from gateway.people.identity import Identity

HEADER = "Idempotency-Key"
_REUSED = "reused_key"
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
    key = _key_of(request)
    print_of = fingerprint(request.method, request.path, sent)
    first = await _begin(face, identity, key, print_of)
    if first is not None:
        return first
    done = False
    try:
        response = await handler(face, request, identity, body)
        done = await _keep(face, identity, key, print_of, response)
    finally:
        if not done:
            await _release(face, identity, key)
    return response


async def once_streamed(
    face: Face,
    request: web.Request,
    identity: Identity,
    take: Callable[[AsyncIterator[bytes]], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Take a body of any length once; a repetition is read to its end before it is known."""
    if HEADER not in request.headers:
        return await take(request.content.iter_any())
    key = _key_of(request)
    whole = Fingerprint(request.method, request.path)
    unread = fingerprint(request.method, f"{request.path}#unread", b"")

    async def parts() -> AsyncIterator[bytes]:
        async for part in request.content.iter_any():
            whole.add(part)
            yield part

    try:
        first = await _begin(face, identity, key, unread)
    except Problem as problem:
        if problem.code != _REUSED:
            raise
        async for _ in parts():
            pass
        first = await _begin(face, identity, key, whole.bytes())
        if first is None:  # it expired meanwhile, and what was read has gone
            await _release(face, identity, key)
            raise _still_running() from None
    if first is not None:
        return first
    done = False
    try:
        response = await take(parts())
        done = await _keep(face, identity, key, whole.bytes(), response)
    finally:
        if not done:
            await _release(face, identity, key)
    return response


def _key_of(request: web.Request) -> str:
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise invalid(HEADER, f"1 to {KEY_LENGTH} visible ASCII characters.")
    return key


async def _begin(
    face: Face, identity: Identity, key: str, print_of: bytes
) -> web.StreamResponse | None:
    """Claim a name, or return the first answer (409 running, 422 another request)."""
    try:
        first = await face.services.idempotency.begin(identity.key.hash, key, print_of)
    except Running:
        raise _still_running() from None
    except Different:
        raise Problem(422, _REUSED, field=HEADER) from None
    if first is None:
        return None
    return json_answer(first.body, status=first.status, kind=first.content_type)


async def _keep(
    face: Face, identity: Identity, key: str, print_of: bytes, response: web.StreamResponse
) -> bool:
    """Keep an answer; false for one that cannot be given again."""
    if not (isinstance(response, web.Response) and isinstance(response.body, bytes)):
        return False
    answer = Kept(response.status, response.headers["Content-Type"], response.body)
    with suppress(StoreUnavailable):  # it is done; the marker expires by itself
        await face.services.idempotency.finish(identity.key.hash, key, print_of, answer)
    return True


def _still_running() -> Problem:
    return Problem(409, "still_running", headers={"Retry-After": "1"})


async def _release(face: Face, identity: Identity, key: str) -> None:
    with suppress(StoreUnavailable):  # the marker expires by itself
        await face.services.idempotency.release(identity.key.hash, key)
