"""The end of an evacuation: it is clear, and an operator says so."""

import msgspec
from aiohttp import web

from gateway.errors import StoreUnavailable
from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import SpaceList
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.evacuation import NotClear
from gateway.venue.spaces import space_documents

routes = Routes("evacuation")


class AckRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing needs to be said."""


@routes.add(
    "POST",
    "/v1/evacuation/ack",
    "Return to service: all evacuated spaces are clear, and an operator acknowledges it",
    role=Role.OPERATOR,
    body=AckRequest,
    empty=True,
    answer=SpaceList,
    changes=True,
    problems=(409, 503),
)
async def acknowledge(
    face: Face, _request: web.Request, identity: Identity, _body: AckRequest
) -> web.StreamResponse:
    """End the evacuations; answer their spaces (409 names what is not clear)."""
    operations = face.services.operations
    try:
        ended = await operations.evacuation.acknowledge(identity.name)
    except NotClear as error:
        raise Problem(409, "evacuation_not_clear", str(error)) from None
    await operations.acts.settled()
    try:
        states = await face.services.admin.spaces()
    except StoreUnavailable:
        states = []
    documents = space_documents(operations, states)
    return answer({"items": [documents[space] for space in ended], "next": None})
