"""``GET /v1/stream``: scans over one WebSocket, many in flight, matched by their nonce."""

import asyncio
from typing import Final

import msgspec
import orjson
from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from gateway.errors import StoreUnavailable
from gateway.http.authentication import authenticate
from gateway.http.face import Face
from gateway.http.problems import Problem, invalid, rate_limited
from gateway.http.requests import SCAN_LIMIT, decode, nonce_of
from gateway.http.routing import Routes, report
from gateway.http.scans import NONCE_LENGTH, ScanRequest, judge, silent
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.decision import Decision
from gateway.tickets.reasons import Reason
from gateway.venue.answers import Document

IN_FLIGHT: Final = 64
HEARTBEAT_S: Final = 30.0
CHECK_KEY_S: Final = 1.0

routes = Routes("stream")

_SILENT = Decision(granted=False, reason=Reason.STORE_UNAVAILABLE)


@routes.add(
    "GET",
    "/v1/stream",
    "WebSocket: scan requests in (with a nonce), the same answers out",
    role=Role.SCANNER,
    status=101,
    media="application/octet-stream",
    problems=(400,),
)
async def stream(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Serve one WebSocket until either side closes it, or the key is revoked."""
    socket = web.WebSocketResponse(max_msg_size=SCAN_LIMIT, heartbeat=HEARTBEAT_S, compress=False)
    if not socket.can_prepare(request):
        raise Problem(400, "malformed", "This is a WebSocket: ask for an upgrade.")
    await socket.prepare(request)
    face.sockets.add(socket)
    face.services.metrics.stream_clients = len(face.sockets)
    reader = face.services.readers.get(identity.reader or "")
    gate = reader.id if reader is not None and reader.asks else None
    gates = face.services.operations.http_gates
    if gate is not None:
        gates.came(gate)
    try:
        await _Stream(face, request, identity, socket).serve()
    finally:
        if gate is not None:
            gates.went(gate)
        face.sockets.discard(socket)
        face.services.metrics.stream_clients = len(face.sockets)
    return socket


class _Stream:
    """One WebSocket and its scans in flight."""

    def __init__(
        self,
        face: Face,
        request: web.Request,
        identity: Identity,
        socket: web.WebSocketResponse,
    ) -> None:
        self._face = face
        self._request = request
        self._checked_at = face.services.monotonic()
        self._language = face.language(request.headers.get(hdrs.ACCEPT_LANGUAGE))
        self._identity = identity
        self._socket = socket
        self._decoder = msgspec.json.Decoder(ScanRequest)
        self._flying = 0

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            async for message in self._socket:
                if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    break
                data = message.data
                body = data.encode() if isinstance(data, str) else data
                if not await self._still_allowed():
                    await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
                    break
                if self._flying >= IN_FLIGHT:
                    problem = Problem(429, "too_many_in_flight", f"At most {IN_FLIGHT}.")
                    await self._send(problem.document(), nonce_of(body, NONCE_LENGTH))
                    continue
                self._flying += 1
                group.create_task(self._one(body), name="stream-scan")

    async def _still_allowed(self) -> bool:
        """Ask once a second whether the key still holds; a silent store changes nothing."""
        now = self._face.services.monotonic()
        if now - self._checked_at >= CHECK_KEY_S:
            self._checked_at = now
            try:
                self._identity = await authenticate(self._face, self._request)
            except Problem:
                return False
            except StoreUnavailable:
                return True
        return self._identity.rank >= Role.SCANNER.rank

    async def _one(self, body: bytes) -> None:
        try:
            await self._send(*await self._answer(body))
        except ConnectionError:
            pass  # the caller has gone; what was stamped stands, its nonce answers it
        finally:
            self._flying -= 1

    async def _answer(self, body: bytes) -> tuple[Document, str | None]:
        try:
            scan = decode(self._decoder, body)
        except Problem as problem:
            return problem.document(), nonce_of(body, NONCE_LENGTH)
        try:
            return await self._judge(scan), scan.nonce
        except Problem as problem:
            return problem.document(), scan.nonce
        except StoreUnavailable:
            return self._silent(scan), scan.nonce
        except Exception as error:  # noqa: BLE001 - one scan must not end the others
            report("GET /v1/stream", error)
            return Problem(500, "internal").document(), scan.nonce

    async def _judge(self, scan: ScanRequest) -> Document:
        if scan.nonce is None:
            raise invalid("nonce", "Each scan of a stream needs a nonce.")
        bucket = self._identity.bucket
        if bucket is not None and (wait_s := bucket.take(self._face.services.monotonic())):
            raise rate_limited(wait_s)
        return await judge(self._face, self._identity, scan, self._language)

    def _silent(self, scan: ScanRequest) -> Document:
        """Write the decision of a store that does not answer."""
        face = self._face
        silent(face, self._identity, scan)
        message = face.services.message(_SILENT, None, self._language)
        return face.answers.decision(_SILENT, message, operator=False)

    async def _send(self, document: Document, nonce: str | None) -> None:
        document["nonce"] = nonce
        await self._socket.send_str(orjson.dumps(document).decode())
