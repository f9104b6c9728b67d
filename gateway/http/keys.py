"""Keys: list, make, revoke; for admins."""

import re
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from gateway.errors import LastAdminKey
from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable, invalid
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import KeyList, NewKeyAnswer
from gateway.people.desk import KeyDesk, NameTaken
from gateway.people.identity import Identity, Key
from gateway.people.roles import Role
from gateway.venue.answers import Document

NAME = "^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$"

routes = Routes("keys")


class KeyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A key to be made."""

    name: Annotated[str, msgspec.Meta(pattern=NAME)]
    role: Role
    reader: str | None = None
    may: list[Literal["destroy"]] = []


@routes.add(
    "GET",
    "/v1/keys",
    "The keys that are not revoked; never their secrets",
    role=Role.ADMIN,
    answer=KeyList,
    problems=(503,),
)
async def keys(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List the keys by name."""
    items = [_document(face, key) for key in await _desk(face).list()]
    return answer({"items": items, "next": None})


@routes.add(
    "POST",
    "/v1/keys",
    "Make a key; the answer shows it, once",
    role=Role.ADMIN,
    body=KeyRequest,
    answer=NewKeyAnswer,
    status=201,
    changes=True,
    problems=(409, 503),
)
async def create(
    face: Face, _request: web.Request, identity: Identity, body: KeyRequest
) -> web.StreamResponse:
    """Make a key (409 when the name is taken)."""
    if body.reader is not None and body.reader not in face.services.readers:
        raise invalid("reader", "There is no such reader.")
    try:
        key, secret = await _desk(face).create(body.name, body.role, body.reader, body.may)
    except NameTaken:
        raise Problem(409, "key_exists", field="name") from None
    acts = face.services.operations.acts
    acts.note(identity.name, "key_create", key.name, role=str(key.role), reader=key.reader)
    await acts.settled()
    return answer({**_document(face, key), "key": secret}, status=201)


@routes.add(
    "DELETE",
    "/v1/keys/{name}",
    "Revoke a key, everywhere within a second",
    role=Role.ADMIN,
    status=204,
    problems=(404, 409, 503),
)
async def revoke(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Revoke a key (409 for the last admin's)."""
    name = request.match_info["name"]
    if not re.match(NAME, name):
        raise Problem(404, "unknown_key")
    try:
        revoked = await _desk(face).revoke(name)
    except LastAdminKey:
        raise Problem(409, "last_admin") from None
    if not revoked:
        raise Problem(404, "unknown_key")
    face.services.keyring.forget()
    face.services.operations.acts.note(identity.name, "key_revoke", name)
    await face.services.operations.acts.settled()
    return web.Response(status=204)


def _desk(face: Face) -> KeyDesk:
    desk = face.services.desk
    if desk is None:
        raise database_unavailable()
    return desk


def _document(face: Face, key: Key) -> Document:
    return {
        "name": key.name,
        "role": key.role,
        "reader": key.reader,
        "may": list(key.may),
        "created_at": face.times.write(key.created_at) if key.created_at else None,
    }
