"""The visitor's own ticket on a telephone, with a code that changes: ``GET /t/{token}``.

Whoever has the address has the ticket: its end is a proof that only a key of the site can make
(80 bits), and it is given to the visitor by whoever sold the ticket.
"""

import base64

import orjson
from aiohttp import web

from gateway.http.face import Face
from gateway.http.pages import page
from gateway.http.problems import Problem
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import PageAnswer, VisitorAnswer
from gateway.http.tickets import code_of
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.codes import rotating
from gateway.tickets.codes.keys import CodeKey, Kind, maker
from gateway.tickets.codes.reference import is_ours
from gateway.venue.answers import Document

routes = Routes("visitor")


@routes.public("GET", "/t/worker.js", "The visitor's page's service worker", media="text/html")
async def worker(face: Face, request: web.Request) -> web.StreamResponse:
    """Answer the script that keeps the page for when there is no network."""
    return page(face, request, "ticket/worker.js")


@routes.public("GET", "/t/{token}", "A visitor's ticket, whose code changes", media="text/html")
async def ticket(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the page; what is on it, it asks for (`GET /v1/visitor/{token}`)."""
    return page(face, request, "ticket/index.html")


@routes.public(
    "GET", "/t/{token}/app.webmanifest", "What makes the page installable", media="text/html"
)
async def manifest(face: Face, request: web.Request) -> web.StreamResponse:
    """Answer the manifest of one ticket's page."""
    path = f"/t/{request.match_info['token']}"
    site = face.services.site.name
    icons = [
        {"src": f"/static/scan/icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png"}
        for side in (192, 512)
    ]
    told = {
        "name": site, "short_name": site[:12], "id": path, "start_url": path, "scope": path,
        "display": "standalone", "background_color": "#ffffff", "theme_color": "#0b6b57",
        "icons": icons,
    }  # fmt: skip
    return web.Response(body=orjson.dumps(told), content_type="application/manifest+json")


@routes.public("GET", "/v1/visitor/{token}", "What a visitor's page shows", answer=VisitorAnswer)
async def visitor(face: Face, request: web.Request) -> web.StreamResponse:
    """Answer the ticket of an address (404: we did not give it, or its key has ended)."""
    services = face.services
    now = services.clock()
    keys = [
        key
        for key in services.operations.codes.keys
        if key.kind is Kind.ROTATING and key.holds(now)
    ]
    found = rotating.reference_of(keys, request.match_info["token"])
    if found is None:
        raise Problem(404, "unknown_ticket")
    key, reference = found
    view = await services.store.look(reference)
    if view is None:
        raise Problem(404, "unknown_ticket")
    response = answer(
        {
            "site": services.site.name,
            "language": services.site.language,
            "timezone": str(services.site.timezone),
            "now": face.times.write(now),
            "code": rotating.code_at(key, reference, now),
            "rotation": rotation(key, reference),
            "ticket": face.answers.ticket(view, operator=False),
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.add(
    "GET",
    "/v1/tickets/{code}/page",
    "The address of a ticket's page, and what a wallet needs to rotate its code",
    role=Role.ADMIN,
    answer=PageAnswer,
)
async def address(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Tell a ticket's address (404 unknown; 409 no rotating key, or not one of our references)."""
    services = face.services
    code = code_of(face, request)
    if await services.store.look(code) is None:
        raise Problem(404, "unknown_ticket")
    key = maker(services.operations.codes.keys, Kind.ROTATING, services.clock())
    if key is None:
        raise Problem(409, "cannot_rotate", "There is no rotating key: `composteur codes key`.")
    if not is_ours(code):
        raise Problem(409, "cannot_rotate", "Only 13 to 26 characters of A-Z and 2-7 can rotate.")
    path = f"/t/{rotating.token_of(key, code)}"
    return answer({"path": path, "rotation": rotation(key, code)})


def rotation(key: CodeKey, reference: str) -> Document:
    """Write how a ticket's code changes."""
    return {
        "prefix": f"{rotating.PREFIX}{reference}.",
        "secret": base64.b32encode(rotating.secret_of(key, reference)).decode(),
        "step_s": rotating.STEP_S,
        "digits": rotating.DIGITS,
    }
