"""The audit: what people did, newest first."""

import re
from typing import Final

from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import invalid
from gateway.http.requests import one_of, page_limit
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import ActList
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.acts import newest

routes = Routes("audit")

_PAGE = frozenset({"limit", "after"})
_ID: Final = re.compile(r"[0-9]{13}-[0-9a-f]{8}")


@routes.add(
    "GET",
    "/v1/audit",
    "What people did at the gates and to the gateway, newest first",
    role=Role.OPERATOR,
    answer=ActList,
    query=("limit", "after"),
    problems=(503,),
)
async def audit(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List acts: those in the database and those still on their way there."""
    query, services = request.query, face.services
    one_of(query, _PAGE)
    limit, after = page_limit(query), query.get("after")
    if after is not None and not _ID.fullmatch(after):
        raise invalid("after", "Not an act's id.")
    acts, whole = await newest(services.admin, services.central, after=after, limit=limit)
    items = [
        {
            "id": act.id,
            "at": face.times.write(act.at),
            "who": act.who,
            "what": act.what,
            "on": act.on,
            "details": act.details,
        }
        for act in acts
    ]
    document = {"items": items, "next": acts[-1].id if len(acts) == limit else None}
    return answer(document if whole else {**document, "partial": True})
