"""Conflicts: people who were let in although the rules, asked later, say no."""

from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import database_unavailable
from gateway.http.requests import event_id, one_of, page_limit
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import EventList
from gateway.people.identity import Identity
from gateway.people.roles import Role

routes = Routes("conflicts")

_PAGE = frozenset({"limit", "after"})


@routes.add(
    "GET",
    "/v1/conflicts",
    "Admissions that the rules would have refused, newest first",
    role=Role.OPERATOR,
    answer=EventList,
    query=("limit", "after"),
    problems=(503,),
)
async def conflicts(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List such events from the central database."""
    query, services = request.query, face.services
    one_of(query, _PAGE)
    limit, after = page_limit(query), event_id(query, "after")
    if services.central is None:
        raise database_unavailable()
    rows = await services.central.conflicts(services.site.id, after=after, limit=limit)
    items = [face.answers.stored_event(row) for row in rows]
    return answer({"items": items, "next": items[-1]["event_id"] if len(items) == limit else None})
