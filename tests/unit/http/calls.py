"""Short ways to call, for the tests."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientResponse

from gateway.people.roles import Role
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import SECRETS


def bearer(who: Role | str) -> dict[str, str]:
    """Return the header of a role's key, or of a secret."""
    secret = SECRETS[who] if isinstance(who, Role) else who
    return {"Authorization": f"Bearer {secret}"}


async def ask(
    client: Client,
    method: str,
    path: str,
    *,
    who: Role | str | None = Role.ADMIN,
    json: Any = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Call, and return the status and the document."""
    sent = dict(headers or {})
    if who is not None:
        sent |= bearer(who)
    response = await client.request(method, path, json=json, data=body, headers=sent)
    return response.status, await document(response)


async def document(response: ClientResponse) -> Any:
    if not response.content_type.endswith("json"):
        return await response.text()
    return await response.json(content_type=None)


async def scan(client: Client, who: Role | str = Role.SCANNER, **facts: Any) -> tuple[int, Any]:
    """Scan the ticket at the north gate."""
    known = {"code": "TICKET", "reader": "north-1"} | facts
    return await ask(client, "POST", "/v1/scans", who=who, json=known)


def problem(found: tuple[int, Any], status: int, code: str, field: str | None = None) -> bool:
    """Tell whether this is the problem expected; its shape is checked on the way."""
    document = found[1]
    assert set(document) == {"type", "title", "status", "detail", "code", "field"}
    assert document["status"] == found[0]
    return (found[0], document["code"], document["field"]) == (status, code, field)
