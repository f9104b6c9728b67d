"""The pages: static files, read once, with a strict content security policy.

Plain HTML, CSS and ES modules as they lie in `gateway/web`; nothing comes from elsewhere.
"""

import hashlib
from importlib.resources import files
from typing import Final

from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import SECURITY
from gateway.http.routing import Routes

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}
POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)

routes = Routes("pages")


@routes.public("GET", "/", "The dashboard", media="text/html")
async def dashboard(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the dashboard."""
    return page(face, request, "index.html")


@routes.public("GET", "/scan", "The handheld page", media="text/html")
async def handheld(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the handheld page."""
    return page(face, request, "scan.html")


@routes.public("GET", "/static/{name}", "What the pages are made of", media="text/html")
async def static(face: Face, request: web.Request) -> web.StreamResponse:
    """Answer one file of the pages."""
    return page(face, request, request.match_info["name"])


def page(face: Face, request: web.Request, name: str) -> web.Response:
    """Answer a file, or 304 when the browser has it already (404)."""
    found = face.files.get(name)
    if found is None:
        raise Problem(404, "not_found")
    body, kind, tag = found
    headers = SECURITY.copy()
    headers["Content-Type"] = kind
    headers["Content-Security-Policy"] = POLICY
    headers["X-Frame-Options"] = "DENY"
    headers["Cache-Control"] = "no-cache"
    headers["ETag"] = tag
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def read_files() -> dict[str, tuple[bytes, str, str]]:
    """Read all files of `gateway/web`: name → body, type, tag."""
    found: dict[str, tuple[bytes, str, str]] = {}
    for entry in files("gateway.web").iterdir():
        kind = TYPES.get(entry.name.rpartition(".")[2])
        if kind is not None:
            body = entry.read_bytes()
            found[entry.name] = (body, kind, f'"{hashlib.sha256(body).hexdigest()[:16]}"')
    return found
