"""Pages under a strict policy; the OpenAPI document says what there is."""

import gzip
import re

import pytest

from gateway.http.application import all_routes
from gateway.http.services import HealthReport
from gateway.people.roles import Role
from tests.unit.http.calls import ask
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import Venue


@pytest.mark.parametrize("path", ["/", "/scan", "/docs"])
async def test_page_has_a_strict_policy_and_needs_nothing_from_elsewhere(
    client: Client, path: str
) -> None:
    response = await client.get(path)
    text = await response.text()

    assert response.status == 200
    assert response.content_type == "text/html"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert "<script>" not in text
    assert "style=" not in text
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        part = await client.get(name)
        assert part.status == 200
        assert "immutable" in part.headers["Cache-Control"]


async def test_page_that_the_browser_has_is_304(client: Client) -> None:
    tag = (await client.get("/")).headers["ETag"]

    assert (await client.get("/", headers={"If-None-Match": tag})).status == 304


async def test_script_goes_out_compressed_to_those_who_can_read_it(client: Client) -> None:
    plain = await client.get(
        "/static/vendor/preact.js", headers={"Accept-Encoding": "identity"}, auto_decompress=False
    )
    small = await client.get(
        "/static/vendor/preact.js", headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    )

    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await small.read()) == await plain.read()


async def test_file_of_a_version_before_is_answered_but_not_kept(client: Client) -> None:
    response = await client.get("/static/~0123456789ab/common/ui.js")

    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-cache"


async def test_page_names_all_modules_it_will_need_so_that_it_waits_once(client: Client) -> None:
    text = await (await client.get("/docs")).text()

    named = re.findall(r'rel="modulepreload" href="/static/~[^/]+/([^"]+)"', text)
    assert {"common/ui.js", "common/frame.js", "vendor/preact.js", "vendor/htm.js"} <= set(named)
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2F..%2Ferrors.py", "__init__.py", "vendor/packages.toml", "common"]
)
async def test_only_the_pages_files_are_served(client: Client, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status == 404


async def test_document_names_every_call(client: Client) -> None:
    status, document = await ask(client, "GET", "/openapi.json", who=None)

    assert status == 200
    assert document["openapi"] == "3.1.0"
    named = {(path, method) for path, calls in document["paths"].items() for method in calls}
    assert named == {
        (route.path, route.method.lower()) for route in all_routes() if route.media != "text/html"
    }


def test_least_roles_are_those_of_the_design() -> None:
    roles = {(route.method, route.path): route.role for route in all_routes() if route.role}

    assert roles == {
        ("POST", "/v1/scans"): Role.SCANNER,
        ("POST", "/v1/scans/batch"): Role.SCANNER,
        ("GET", "/v1/carried"): Role.SCANNER,
        ("GET", "/v1/stream"): Role.SCANNER,
        ("POST", "/v1/scans/{event}/passage"): Role.SCANNER,
        ("POST", "/v1/scans/{event}/annul"): Role.SCANNER,
        ("GET", "/v1/tickets/{code}"): Role.SCANNER,
        ("GET", "/v1/tickets"): Role.OPERATOR,
        ("GET", "/v1/tickets/{code}/history"): Role.OPERATOR,
        ("GET", "/v1/tickets/{code}/page"): Role.ADMIN,
        ("POST", "/v1/tickets/{code}/destroy"): Role.OPERATOR,
        ("POST", "/v1/tickets/{code}/undo"): Role.OPERATOR,
        ("PUT", "/v1/tickets/{code}"): Role.ADMIN,
        ("POST", "/v1/tickets"): Role.ADMIN,
        ("GET", "/v1/spaces"): Role.VIEWER,
        ("GET", "/v1/spaces/trend"): Role.VIEWER,
        ("GET", "/v1/ingress"): Role.VIEWER,
        ("POST", "/v1/spaces/{id}/mode"): Role.OPERATOR,
        ("POST", "/v1/spaces/{id}/count"): Role.OPERATOR,
        ("GET", "/v1/equipment"): Role.VIEWER,
        ("POST", "/v1/equipment/{id}/command"): Role.OPERATOR,
        ("POST", "/v1/evacuation/ack"): Role.OPERATOR,
        ("GET", "/v1/alarms"): Role.OPERATOR,
        ("POST", "/v1/alarms/{id}/ack"): Role.OPERATOR,
        ("GET", "/v1/conflicts"): Role.OPERATOR,
        ("GET", "/v1/reports"): Role.VIEWER,
        ("GET", "/v1/reports/{name}"): Role.VIEWER,
        ("GET", "/v1/events"): Role.VIEWER,
        ("GET", "/v1/audit"): Role.OPERATOR,
        ("GET", "/v1/devices"): Role.ADMIN,
        ("GET", "/v1/privacy"): Role.ADMIN,
        ("POST", "/v1/privacy/export"): Role.ADMIN,
        ("POST", "/v1/privacy/erase"): Role.ADMIN,
        ("GET", "/v1/site"): Role.ADMIN,
        ("PUT", "/v1/site"): Role.ADMIN,
        ("POST", "/v1/site/draft"): Role.ADMIN,
        ("GET", "/v1/site/before"): Role.ADMIN,
        ("GET", "/v1/site/schema"): Role.ADMIN,
        ("GET", "/v1/keys"): Role.ADMIN,
        ("POST", "/v1/keys"): Role.ADMIN,
        ("DELETE", "/v1/keys/{name}"): Role.ADMIN,
        ("GET", "/v1/live"): Role.VIEWER,
        ("GET", "/v1/login"): Role.VIEWER,
    }


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_has_one_shape(
    client: Client, venue: Venue, ready: bool, status: int
) -> None:
    venue.health = HealthReport(
        ready=ready, degraded=["database_unavailable"], durability="everysec"
    )

    assert await ask(client, "GET", "/readyz", who=None) == (
        status,
        {"ready": ready, "degraded": ["database_unavailable"], "durability": "everysec"},
    )


async def test_alive(client: Client) -> None:
    assert (await client.get("/healthz")).status == 200
    assert (await client.head("/healthz")).status == 200
