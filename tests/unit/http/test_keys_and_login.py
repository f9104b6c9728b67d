"""Keys are made, shown once, revoked; browsers log in with them."""

import asyncio

import pytest

from gateway.people.browser_sessions import COOKIE
from gateway.people.identity import digest
from gateway.people.roles import Role
from tests.unit.http.calls import ask, bearer, problem, scan
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import Venue


async def test_key_is_made_shown_once_and_works(client: Client, venue: Venue) -> None:
    status, made = await ask(
        client, "POST", "/v1/keys", json={"name": "gate 7", "role": "scanner", "reader": "north-1"}
    )
    listed = (await ask(client, "GET", "/v1/keys"))[1]["items"]

    assert status == 201
    assert (await ask(client, "POST", "/v1/scans", who=made["key"], json={"code": "TICKET"}))[
        0
    ] == 200
    assert digest(made["key"]) in venue.shelf.keys
    assert made["key"] not in str(listed)
    assert "gate 7" in [key["name"] for key in listed]


async def test_name_that_is_taken_is_409(client: Client) -> None:
    found = await ask(client, "POST", "/v1/keys", json={"name": "admin", "role": "viewer"})

    assert problem(found, 409, "key_exists", "name")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "x", "role": "viewer", "may": ["fly"]}, "may[0]"),
        ({"name": "x", "role": "viewer", "reader": "nowhere"}, "reader"),
        ({"name": "x", "role": "viewer", "key": "mine"}, "key"),
    ],
)
async def test_key_that_cannot_be_is_422(
    client: Client, document: dict[str, object], field: str
) -> None:
    assert problem(await ask(client, "POST", "/v1/keys", json=document), 422, "invalid", field)


async def test_revoked_key_stops_working_within_a_second(client: Client) -> None:
    _, made = await ask(client, "POST", "/v1/keys", json={"name": "brief", "role": "scanner"})
    assert (await scan(client, made["key"]))[0] == 200

    assert (await ask(client, "DELETE", "/v1/keys/brief"))[0] == 204
    await asyncio.sleep(1)

    assert problem(await scan(client, made["key"]), 401, "unauthorized")


async def test_key_revoked_by_another_process_stops_working_within_a_second(
    client: Client, venue: Venue
) -> None:
    assert (await scan(client))[0] == 200
    venue.rows.rows = [key for key in venue.rows.rows if key.name != "scanner"]
    await venue.shelf.put_keys({}, drop=[digest("secret-of-the-scanner")])
    await asyncio.sleep(1)

    assert problem(await scan(client), 401, "unauthorized")


async def test_last_admin_key_stays(client: Client) -> None:
    assert problem(await ask(client, "DELETE", "/v1/keys/admin"), 409, "last_admin")


async def test_unknown_key_cannot_be_revoked(client: Client) -> None:
    assert problem(await ask(client, "DELETE", "/v1/keys/nobody"), 404, "unknown_key")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_keys_are_for_admins(client: Client, method: str) -> None:
    found = await ask(client, method, "/v1/keys", who=Role.OPERATOR, json={})

    assert problem(found, 403, "forbidden")


# --- browsers


async def _logged_in(client: Client, who: Role = Role.VIEWER) -> dict[str, str]:
    """Log in and return the headers a browser sends from our own page."""
    response = await client.post("/v1/login", headers=bearer(who))
    assert response.status == 200
    cookie = response.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["max-age"] == "43200"
    return {"Cookie": f"{COOKIE}={cookie.value}", "Origin": str(client.make_url("")).rstrip("/")}


async def test_login_tells_who_has_logged_in(client: Client) -> None:
    status, document = await ask(client, "POST", "/v1/login", who=Role.OPERATOR)

    assert status == 200
    assert (document["name"], document["role"]) == ("operator", "operator")
    assert document["expires_at"] == "2025-11-22T10:05:23.456+01:00"


async def test_cookie_serves_as_the_key(client: Client) -> None:
    browser = await _logged_in(client)

    assert (await ask(client, "GET", "/v1/spaces", who=None, headers=browser))[0] == 200


async def test_cookie_from_a_foreign_page_changes_nothing(client: Client) -> None:
    browser = await _logged_in(client, Role.OPERATOR)
    body = {"mode": "locked"}
    path = "/v1/spaces/hall/mode"

    own = await ask(client, "POST", path, who=None, json=body, headers=browser)
    foreign = await ask(
        client, "POST", path, who=None, json=body, headers=browser | {"Origin": "https://evil.org"}
    )
    del browser["Origin"]
    missing = await ask(client, "POST", path, who=None, json=body, headers=browser)

    assert own[0] == 200
    assert problem(foreign, 403, "foreign_origin")
    assert problem(missing, 403, "foreign_origin")


async def test_websocket_with_a_cookie_needs_our_origin(client: Client) -> None:
    browser = await _logged_in(client, Role.SCANNER)
    browser["Origin"] = "https://evil.org"
    headers = browser | {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }

    found = await ask(client, "GET", "/v1/stream", who=None, headers=headers)

    assert problem(found, 403, "foreign_origin")


async def test_log_out_ends_the_session(client: Client) -> None:
    browser = await _logged_in(client)

    assert (await ask(client, "DELETE", "/v1/login", who=None, headers=browser))[0] == 204
    found = await ask(client, "GET", "/v1/spaces", who=None, headers=browser)

    assert problem(found, 401, "unauthorized")


async def test_session_ends_with_its_key(client: Client) -> None:
    browser = await _logged_in(client)
    await ask(client, "DELETE", "/v1/keys/viewer")
    await asyncio.sleep(1.1)

    found = await ask(client, "GET", "/v1/spaces", who=None, headers=browser)

    assert problem(found, 401, "unauthorized")


async def test_address_that_guesses_keys_has_to_wait(client: Client) -> None:
    for _ in range(10):
        assert (await ask(client, "POST", "/v1/login", who="guess"))[0] == 401

    assert problem(await ask(client, "POST", "/v1/login"), 429, "rate_limited")
    assert (await scan(client))[0] == 200
