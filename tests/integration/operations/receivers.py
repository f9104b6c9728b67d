"""A program elsewhere that is told what happens: real HTTP, and it believes no call unverified."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway.venue.webhooks.signing import new_secret


@dataclass
class Receiver:
    """What it was told, and how it answers: the next of `statuses`, else 204."""

    url: str = ""
    secret: str = field(default_factory=new_secret)
    statuses: list[int] = field(default_factory=list)
    poison: str | None = None
    """A ticket that it will never take."""
    ids: list[str] = field(default_factory=list)
    """Of the calls it answered, whatever it answered."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """What it took."""

    def write_secret(self, path: Path) -> Path:
        path.write_text(self.secret + "\n")
        return path

    @property
    def told(self) -> list[tuple[str, str | None]]:
        """Types and tickets of what it took."""
        return [(each["type"], each["data"].get("ticket_code")) for each in self.events]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._verify(request, body)
        events = json.loads(body)["events"]
        self.ids.append(request.headers["webhook-id"])
        status = self.statuses.pop(0) if self.statuses else 204
        if self.poison in [each["data"].get("ticket_code") for each in events if self.poison]:
            status = 422
        if status == 204:
            self.events += events
        return web.Response(status=status, headers={"location": "/elsewhere"})

    def _verify(self, request: web.Request, body: bytes) -> None:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        name, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        digest = hmac.digest(key, f"{name}.{at}.".encode() + body, hashlib.sha256)
        expected = f"v1,{base64.b64encode(digest).decode()}"
        assert hmac.compare_digest(request.headers["webhook-signature"], expected)


@asynccontextmanager
async def a_receiver(port: int = 0) -> AsyncIterator[Receiver]:
    """Run one until the end of the block."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()
