"""Equipment: how each turnstile, door and reader stands, and what it is told to do."""

from typing import Literal

import msgspec
from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import CommandAnswer, EquipmentList
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.equipment import CannotFollow, NoAnswer

routes = Routes("equipment")


class CommandRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What an equipment is to do, in one direction or in all it serves."""

    command: Literal["open", "lock", "free", "normal", "test"]
    direction: Literal["entry", "exit"] | None = None


@routes.add(
    "GET",
    "/v1/equipment",
    "All equipment: its link, state, modes, last scan",
    role=Role.VIEWER,
    answer=EquipmentList,
)
async def equipment(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List all equipment, in the order of the site file."""
    return answer({"items": face.services.operations.panel.documents(), "next": None})


@routes.add(
    "POST",
    "/v1/equipment/{id}/command",
    "Open, lock, free, set back to normal or test an equipment",
    role=Role.OPERATOR,
    body=CommandRequest,
    answer=CommandAnswer,
    changes=True,
    problems=(404, 409, 503),
)
async def command(
    face: Face, request: web.Request, identity: Identity, body: CommandRequest
) -> web.StreamResponse:
    """Have an equipment do something (409 it cannot; 503 it has not acknowledged within 1 s)."""
    operations = face.services.operations
    name = request.match_info["id"]
    if name not in operations.readers:
        raise Problem(404, "unknown_equipment")
    if body.command == "lock" and operations.evacuation.at(name):
        raise Problem(409, "evacuating", "Nothing is locked in an evacuation.")
    failed: Problem | None = None
    try:
        await operations.panel.command(name, body.command, body.direction, identity.name)
    except CannotFollow as error:
        raise Problem(409, "cannot_follow", str(error)) from None
    except NoAnswer as error:
        failed = Problem(
            503, "equipment_unreachable", str(error) or None, headers={"Retry-After": "1"}
        )
    operations.acts.note(
        identity.name,
        "command",
        name,
        command=body.command,
        direction=body.direction,
        acknowledged=failed is None,
    )
    await operations.acts.settled()
    if failed is not None:
        raise failed
    return answer({"equipment": operations.panel.document(name)})
