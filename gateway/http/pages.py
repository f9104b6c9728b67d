"""The pages and what they are made of, under a strict content security policy.

Nothing comes from elsewhere, nothing is inline; `gateway.http.files` tells how the files are kept.
"""

from typing import Final

from aiohttp import hdrs, web

from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import SECURITY
from gateway.http.routing import Routes

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
DECODES: Final = f"{POLICY}; script-src 'self' 'wasm-unsafe-eval'"
"""Of the handheld page: the reader of its camera's pictures is WebAssembly, served by us."""
FOR_EVER: Final = "public, max-age=31536000, immutable"

routes = Routes("pages")


@routes.public("GET", "/", "The dashboard", media="text/html")
async def dashboard(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the dashboard."""
    return page(face, request, "dashboard/index.html")


@routes.public("GET", "/scan", "The handheld page", media="text/html")
async def handheld(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the handheld page."""
    return page(face, request, "scan/index.html", DECODES)


@routes.public("GET", "/scan/worker.js", "The handheld page's service worker", media="text/html")
async def worker(face: Face, request: web.Request) -> web.StreamResponse:
    """Answer the script that keeps the page for when there is no network."""
    found = page(face, request, "scan/worker.js")
    found.headers["Service-Worker-Allowed"] = "/scan"
    return found


@routes.public("GET", "/setup", "The set-up pages", media="text/html")
async def setup(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the set-up pages; what is on them needs the role admin."""
    return page(face, request, "setup/index.html")


@routes.public("GET", "/reports", "The reports", media="text/html")
async def reports(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the reports' page."""
    return page(face, request, "reports/index.html")


@routes.public("GET", "/static/{path:.+}", "What the pages are made of", media="text/html")
async def static(face: Face, request: web.Request) -> web.StreamResponse:
    """Answer one file of the pages."""
    return page(face, request, request.match_info["path"])


def page(face: Face, request: web.Request, path: str, policy: str = POLICY) -> web.Response:
    """Answer a file, or 304 when the browser has it already (404)."""
    file, for_ever = face.files.find(path)
    if file is None:
        raise Problem(404, "not_found")
    headers = SECURITY.copy()
    headers[hdrs.CONTENT_TYPE] = file.kind
    headers["Content-Security-Policy"] = policy
    headers["X-Frame-Options"] = "DENY"
    headers[hdrs.CACHE_CONTROL] = FOR_EVER if for_ever else "no-cache"
    headers[hdrs.ETAG] = file.tag
    headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if request.headers.get(hdrs.IF_NONE_MATCH) == file.tag:
        return web.Response(status=304, headers=headers)
    if file.gzipped is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=file.gzipped, headers=headers)
    return web.Response(body=file.body, headers=headers)
