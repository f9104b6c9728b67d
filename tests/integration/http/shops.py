"""A shop that speaks pretix's interface as far as it is asked: over HTTP, by token, in pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "shop-token"
BASE = "/api/v1/organizers/museum/events/nuit"


def a_position(number: int, secret: str, **more: Any) -> dict[str, Any]:
    plain = {
        "id": 1000 + number,
        "positionid": number,
        "item": 1,
        "variation": None,
        "subevent": 7,
        "price": "12.00",
        "attendee_name": "Ada",
        "secret": secret,
        "canceled": False,
        "blocked": None,
        "valid_from": None,
        "valid_until": None,
    }
    return plain | more


def an_order(code: str, *positions: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {
        "code": code,
        "status": "p",
        "testmode": False,
        "email": "ada@example.org",
        "datetime": "2026-11-01T09:30:00+01:00",
        "checkin_attention": False,
        "valid_if_pending": False,
        "positions": list(positions),
    }
    return plain | more


@dataclass
class Shop:
    """What is sold there now."""

    url: str = ""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    starts: dict[int, str] = field(default_factory=lambda: {7: "2026-12-24T20:00:00+01:00"})
    failing: int | None = None
    asked: list[str] = field(default_factory=list)

    def sell(self, code: str, *positions: dict[str, Any], **more: Any) -> None:
        self.orders[code] = an_order(code, *positions, **more)

    async def order(self, request: web.Request) -> web.Response:
        return self._answer(request, self.orders.get(request.match_info["code"]))

    async def listed(self, request: web.Request) -> web.Response:
        if "modified_since" in request.query:
            return self._answer(request, {"results": [], "next": None})
        page, codes = int(request.query.get("page", 1)), sorted(self.orders)
        here = [self.orders[code] for code in codes[2 * page - 2 : 2 * page]]
        more = f"{self.url}{BASE}/orders/?page={page + 1}" if len(codes) > 2 * page else None
        return self._answer(request, {"count": len(codes), "results": here, "next": more})

    async def item(self, request: web.Request) -> web.Response:
        kinds = [{"id": 11, "value": {"de": "Ermäßigt", "en": "Reduced"}}]
        name = {"fr": "Adulte", "en": "Adult"}
        return self._answer(request, {"id": 1, "name": name, "variations": kinds})

    async def subevent(self, request: web.Request) -> web.Response:
        begins = self.starts[int(request.match_info["id"])]
        return self._answer(request, {"name": {"en": "Night"}, "date_from": begins})

    async def event(self, request: web.Request) -> web.Response:
        date = {"date_from": "2026-12-01T10:00:00+01:00", "date_to": "2026-12-01T18:00:00+01:00"}
        return self._answer(request, {"name": {"en": "Nights"}, "timezone": "Europe/Paris", **date})

    def _answer(self, request: web.Request, found: Any) -> web.Response:
        self.asked.append(request.path)
        if request.headers.get("authorization") != f"Token {TOKEN}":
            return web.json_response({"detail": "Invalid token."}, status=401)
        if self.failing is not None:
            return web.Response(status=self.failing, text="<html>")
        if found is None:
            return web.json_response({"detail": "Not found."}, status=404)
        return web.json_response(found)


@asynccontextmanager
async def a_shop() -> AsyncIterator[Shop]:
    """Run one until the end of the block."""
    shop = Shop()
    application = web.Application()
    application.add_routes(
        [
            web.get(f"{BASE}/", shop.event),
            web.get(f"{BASE}/orders/", shop.listed),
            web.get(f"{BASE}/orders/{{code}}/", shop.order),
            web.get(f"{BASE}/items/{{id}}/", shop.item),
            web.get(f"{BASE}/subevents/{{id}}/", shop.subevent),
        ]
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield shop
    finally:
        await runner.cleanup()
