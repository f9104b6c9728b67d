"""The OpenAPI document and a page that shows it without help from elsewhere."""

from importlib.metadata import version

import orjson
from aiohttp import web

from gateway.http.face import Face
from gateway.http.pages import page
from gateway.http.responses import json_answer
from gateway.http.routing import Routes

routes = Routes("docs")


@routes.public("GET", "/openapi.json", "This interface as OpenAPI 3.1", answer=dict[str, object])
async def openapi(face: Face, _request: web.Request) -> web.StreamResponse:
    """Answer the document, made when it is first asked for."""
    from gateway.http.application import all_routes  # noqa: PLC0415 - the routes know this module
    from gateway.http.openapi import document  # noqa: PLC0415

    if not face.openapi:
        face.openapi = orjson.dumps(document(all_routes(), version=version("composteur")))
    return json_answer(face.openapi)


@routes.public("GET", "/docs", "The interface, to read", media="text/html")
async def docs(_face: Face, request: web.Request) -> web.StreamResponse:
    """Show the page that renders the document."""
    return page(request, "docs.html")
