"""Events: what a figure of a report counts, one by one, oldest first."""

from datetime import UTC, datetime

from aiohttp import web

from gateway.central.reports import opening
from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable
from gateway.http.requests import event_id, page_limit
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.scans import OPERATOR
from gateway.http.schemas import EventList
from gateway.people.identity import Identity
from gateway.people.roles import Role

routes = Routes("events")


@routes.add(
    "GET",
    "/v1/events",
    "The events of a period, oldest first; those that a report's figure counts",
    role=Role.VIEWER,
    answer=EventList,
    query=(*sorted(opening.NAMES), "limit", "after"),
    problems=(503,),
)
async def events(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """List events; below the role operator without their tickets' codes."""
    query, services = request.query, face.services
    limit, after = page_limit(query), event_id(query, "after")
    given = {name: query.getall(name) for name in query if name not in {"limit", "after"}}
    personal = identity.rank >= OPERATOR
    if opening.CODE in given and not personal:
        raise Problem(403, "forbidden", "Who somebody is needs the role operator.", field="code")
    if services.central is None:
        raise database_unavailable()
    what = opening.opening(
        given,
        site=services.site.id,
        zone=services.site.timezone,
        now=datetime.fromtimestamp(services.clock() / 1000, UTC),
    )
    rows = await opening.events(services.central, what, after=after, limit=limit)
    if not personal:
        for row in rows:
            row["ticket_code"] = None
    items = [face.answers.stored_event(row) for row in rows]
    return answer({"items": items, "next": items[-1]["event_id"] if len(items) == limit else None})
