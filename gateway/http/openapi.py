"""The OpenAPI 3.1 document, made from the routes and the types beside them."""

import re
from collections.abc import Iterable
from importlib import metadata
from typing import Any

import msgspec
import orjson

from gateway.http.problems import TITLES, ProblemBody
from gateway.http.routing import Route

REFERENCE = "#/components/schemas/{name}"

_PARAMETER = re.compile(r"{(\w+)}")
_REASONS = {
    400: "The request cannot be read (in plain text where it is no HTTP)",
    401: "No key, or one that is not known",
    403: "The role does not suffice",
    404: "Not found",
    409: "Not possible now",
    413: "Too large",
    422: "A value or field is not allowed",
    429: "Too many requests",
    503: "A store does not answer",
}

type Json = dict[str, Any]


def encoded(routes: Iterable[Route]) -> bytes:
    """Write the document as JSON; reads the version from disk."""
    return orjson.dumps(document(routes, version=metadata.version("composteur")))


def document(routes: Iterable[Route], *, version: str) -> Json:
    """Write the document for these routes."""
    listed = [route for route in routes if route.media != "text/html"]
    types = {id(kind): kind for route in listed for kind in _types(route)}
    types[id(ProblemBody)] = ProblemBody
    schemas, components = msgspec.json.schema_components(types.values(), ref_template=REFERENCE)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, Json] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Composteur",
            "version": version,
            "description": "Stamps tickets at the gates of a venue.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "x-problems": TITLES,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "composteur_session"},
            },
        },
    }


def _types(route: Route) -> Iterable[Any]:
    shape = route.shape or route.body
    return (kind for kind in (shape, route.answer) if kind is not None)


def _operation(route: Route, schemas: dict[int, Json]) -> Json:
    name = route.handler.__name__
    operation: Json = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{name}",
        "summary": route.summary,
        "tags": [route.handler.__module__.rpartition(".")[2]],
        "responses": {str(route.status): _success(route, schemas)},
    }
    parameters = [
        {"name": found, "in": "path", "required": True, "schema": {"type": "string"}}
        for found in _PARAMETER.findall(route.path)
    ]
    parameters += [_query(found) for found in route.query]
    if route.changes:
        parameters.append(_idempotency(route))
    if parameters:
        operation["parameters"] = parameters
    if route.role is not None or route.secured:
        operation["security"] = [{"key": []}, {"session": []}]
        operation["description"] = f"Role: {route.role or 'any key'}."
    shape = route.shape or route.body
    if shape is not None:
        operation["requestBody"] = {
            "required": not route.empty,
            "content": {route.sends: {"schema": schemas[id(shape)]}},
        }
    for status in _problems(route):
        operation["responses"].setdefault(str(status), _problem(status, schemas))
    return operation


def _success(route: Route, schemas: dict[int, Json]) -> Json:
    success: Json = {"description": route.summary}
    if route.answer is not None:
        success["content"] = {route.media: {"schema": schemas[id(route.answer)]}}
    elif route.status == 200 and route.media != "application/json":  # noqa: PLR2004
        success["content"] = {route.media: {"schema": {"type": "string"}}}
    return success


def _problems(route: Route) -> list[int]:
    found = {400, *route.problems}
    if route.role is not None:
        found |= {401, 403, 429, 503}
    if route.body is not None:
        found |= {413, 422}
    if route.query or _PARAMETER.search(route.path):
        found |= {422}
    if _PARAMETER.search(route.path):
        found |= {404}
    if route.changes:
        found |= {409}
    return sorted(found)


def _problem(status: int, schemas: dict[int, Json]) -> Json:
    found: Json = {
        "description": _REASONS[status],
        "content": {"application/problem+json": {"schema": schemas[id(ProblemBody)]}},
    }
    if status == 400:  # noqa: PLR2004 - the parser of HTTP itself answers in plain text
        found["content"]["text/plain"] = {"schema": {"type": "string"}}
    if status == 429:  # noqa: PLR2004
        found["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return found


def _query(name: str) -> Json:
    schema: Json = {"type": "string"}
    if name == "limit":
        schema = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    return {"name": name, "in": "query", "schema": schema}


def _idempotency(route: Route) -> Json:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": route.path.endswith("/batch"),
        "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
    }
