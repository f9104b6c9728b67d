"""The OpenAPI document and a page that shows it without help from elsewhere."""

from typing import Any

from aiohttp import web

from gateway.http.face import Face
from gateway.http.pages import page
from gateway.http.responses import json_answer
from gateway.http.routing import Routes

routes = Routes("docs")


@routes.public("GET", "/openapi.json", "This interface as OpenAPI 3.1", answer=dict[str, Any])
async def openapi(face: Face, _request: web.Request) -> web.StreamResponse:
    """Answer the document."""
    return json_answer(face.openapi)


@routes.public("GET", "/docs", "The interface, to read", media="text/html")
async def docs(face: Face, request: web.Request) -> web.StreamResponse:
    """Show the page that renders the document."""
    return page(face, request, "docs/index.html")
