"""Spaces: who is inside, the mode, persons waved through."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from gateway.entitlements.admin import SpaceState
from gateway.entitlements.place import Place
from gateway.errors import StoreUnavailable
from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import ActAnswer, SpaceAnswer, SpaceList
from gateway.http.services import Services
from gateway.http.texts import Text
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.readers import SpaceFacts
from gateway.venue.spaces import chain, space_documents

routes = Routes("spaces")


class ModeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The mode of a space from now on."""

    mode: Literal["normal", "free", "locked", "evacuate"]


class CountRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Persons who passed without a scan."""

    direction: Literal["entry", "exit"]
    persons: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    reason: Text | None = None


@routes.add(
    "GET",
    "/v1/spaces",
    "Who is inside each space, and whether it is open",
    role=Role.VIEWER,
    answer=SpaceList,
    problems=(503,),
)
async def spaces(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List all spaces, in the order of the site file."""
    states = await face.services.admin.spaces()
    items = list(space_documents(face.services.operations, states).values())
    return answer({"items": items, "next": None})


@routes.add(
    "POST",
    "/v1/spaces/{id}/mode",
    "Open, lock or evacuate a space",
    role=Role.OPERATOR,
    body=ModeRequest,
    answer=SpaceAnswer,
    changes=True,
    problems=(404, 409, 503),
)
async def set_mode(
    face: Face, request: web.Request, identity: Identity, body: ModeRequest
) -> web.StreamResponse:
    """Set the mode of a space, and answer how it stands.

    An evacuation begins although the store is away; to set it back to normal is to say that it is
    clear (409 for any other mode meanwhile).
    """
    facts = _space(face.services, request)
    operations, states = face.services.operations, list[SpaceState]()
    evacuation, mode = operations.evacuation, body.mode
    if mode == "evacuate":
        await evacuation.begin(facts.id, identity.name)
    elif facts.id in evacuation.spaces and mode == "normal":
        evacuation.clear(facts.id, identity.name)
    elif evacuation.holds(facts.id):
        raise Problem(409, "evacuating", "The space, or one around it, is being evacuated.")
    else:
        await face.services.admin.set_mode(facts.id, mode)
        operations.acts.note(identity.name, "mode", facts.id, mode=mode)
    await operations.acts.settled()
    try:
        states = await face.services.admin.spaces()
    except StoreUnavailable:
        if facts.id not in evacuation.spaces:
            raise
    return answer(space_documents(operations, states)[facts.id])


@routes.add(
    "POST",
    "/v1/spaces/{id}/count",
    "Count persons waved through",
    role=Role.OPERATOR,
    body=CountRequest,
    answer=ActAnswer,
    changes=True,
    problems=(404, 503),
)
async def count(
    face: Face, request: web.Request, identity: Identity, body: CountRequest
) -> web.StreamResponse:
    """Count persons in or out without a ticket."""
    facts = _space(face.services, request)
    place = Place("", facts.id, chain(face.services.operations, facts.id), body.direction)
    settled = await face.services.store.count(
        place, persons=body.persons, operator=identity.name, reason=body.reason
    )
    acts = face.services.operations.acts
    acts.note(
        identity.name,
        "count",
        facts.id,
        direction=body.direction,
        persons=body.persons,
        reason=body.reason,
        event=settled.event,
    )
    await acts.settled()
    return answer(face.answers.act(settled, operator=True))


def _space(services: Services, request: web.Request) -> SpaceFacts:
    facts = services.spaces.get(request.match_info["id"])
    if facts is None:
        raise Problem(404, "unknown_space")
    return facts
