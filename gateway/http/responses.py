"""Answers: security headers made once, and a scan's answer written in one piece.

`Answer` is the response of the hot path. aiohttp's own response builds its headers anew for each
request (6 of 20 µs of a bare handler's CPU); this one joins a head, kept for a second because of
its date, with the body. Both are public extension points of aiohttp: ``prepare`` and ``write_eof``
of a response, and the request's transport.
"""

from email.utils import formatdate
from typing import override

import orjson
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.typedefs import LooseHeaders
from multidict import CIMultiDict

from gateway.http.problems import Problem

JSON = "application/json"
PROBLEM = "application/problem+json"

SECURITY = CIMultiDict(
    {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)

_BUFFERED = 65_536


class Head:
    """The head of a successful JSON answer, made anew every second for its date."""

    __slots__ = ("_bytes", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._bytes = b""

    def at(self, second: int) -> bytes:
        """Return status line and headers up to the value of ``Content-Length``."""
        if second != self._second:
            self._second = second
            lines = [f"{name}: {value}" for name, value in SECURITY.items()]
            self._bytes = "\r\n".join(
                [
                    "HTTP/1.1 200 OK",
                    f"Content-Type: {JSON}",
                    *lines,
                    f"Date: {formatdate(second, usegmt=True)}",
                    "Content-Length: ",
                ]
            ).encode()
        return self._bytes


class Answer(web.StreamResponse):
    """A JSON answer with status 200, for HTTP/1.1 connections that stay open."""

    def __init__(self, head: bytes, body: bytes) -> None:
        super().__init__()
        self._head = head
        self._content = body
        self._request: web.BaseRequest | None = None

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._request = request
        self._keep_alive = True
        return None

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        request, self._request = self._request, None
        transport = None if request is None else request.transport
        self._eof_sent = True
        if transport is None or request is None:
            return  # the caller has gone
        body = self._content
        transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        if transport.get_write_buffer_size() > _BUFFERED:
            await request.writer.drain()


def json_answer(
    body: bytes, *, status: int = 200, headers: LooseHeaders | None = None, kind: str = JSON
) -> web.Response:
    """Answer with JSON that is encoded already."""
    merged = SECURITY.copy()
    merged["Content-Type"] = kind
    if headers:
        merged.update(headers)
    return web.Response(body=body, status=status, headers=merged)


def answer(document: object, *, status: int = 200) -> web.Response:
    """Answer with a document as JSON."""
    return json_answer(orjson.dumps(document), status=status)


def problem_answer(problem: Problem) -> web.Response:
    """Answer with a problem."""
    return json_answer(problem.body(), status=problem.status, headers=problem.headers, kind=PROBLEM)
