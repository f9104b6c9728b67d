"""Alarms: what somebody has to care for, and the word that somebody does."""

import msgspec
from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import Problem, invalid
from gateway.http.requests import one_of
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import AlarmAnswer, AlarmList
from gateway.people.identity import Identity
from gateway.people.roles import Role

routes = Routes("alarms")

_QUERY = frozenset({"all"})
_WORDS = {"true": True, "false": False}


class AckRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing needs to be said."""


@routes.add(
    "GET",
    "/v1/alarms",
    "The alarms that are not over, or not acknowledged; all=true: those of a day",
    role=Role.OPERATOR,
    answer=AlarmList,
    query=("all",),
)
async def alarms(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List alarms, newest first."""
    one_of(request.query, _QUERY)
    past = _WORDS.get(request.query.get("all", "false"))
    if past is None:
        raise invalid("all", "true or false.")
    items = face.services.operations.alarms.documents(past=past)
    return answer({"items": items, "next": None})


@routes.add(
    "POST",
    "/v1/alarms/{id}/ack",
    "Acknowledge an alarm; it goes when its cause is over too",
    role=Role.OPERATOR,
    body=AckRequest,
    empty=True,
    answer=AlarmAnswer,
    changes=True,
    problems=(404,),
)
async def ack(
    face: Face, request: web.Request, identity: Identity, _body: AckRequest
) -> web.StreamResponse:
    """Acknowledge an alarm; a second acknowledgement changes nothing."""
    operations = face.services.operations
    name = request.match_info["id"]
    try:
        document = operations.alarms.ack(name, identity.name)
    except KeyError:
        raise Problem(404, "unknown_alarm") from None
    operations.acts.note(identity.name, "ack", name)
    await operations.acts.settled()
    await operations.alarms.settled()
    return answer(document)
