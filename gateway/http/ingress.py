"""The course of a day at the entrances, and of the last hours inside: a dashboard's curves."""

from datetime import UTC, date, datetime

from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable, invalid
from gateway.http.requests import one_of
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import IngressAnswer, TrendAnswer
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.ingress import STEP_MIN, WEEK

routes = Routes("ingress")

_QUERY = frozenset({"day", "space"})


@routes.add(
    "GET",
    "/v1/ingress",
    "Who came in on a day, who was expected, who came the same day a week before",
    role=Role.VIEWER,
    answer=IngressAnswer,
    query=("day", "space"),
    problems=(404, 503),
)
async def ingress(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Answer the course of a day (today by default) in steps of the venue's clock."""
    query, services = request.query, face.services
    one_of(query, _QUERY)
    space = query.get("space")
    if space is not None and space not in services.spaces:
        raise Problem(404, "unknown_space", field="space")
    zone = services.site.timezone
    now = datetime.fromtimestamp(services.clock() / 1000, UTC).astimezone(zone)
    day = _day(query.get("day"), now.date())
    if face.courses is None:
        raise database_unavailable()
    course = await face.courses.of(day, space)
    return answer(
        {
            "day": day.isoformat(),
            "compared_with": (day - WEEK).isoformat(),
            "space": space,
            "step_min": STEP_MIN,
            "now_step": (now.hour * 60 + now.minute) // STEP_MIN if day == now.date() else None,
            "entries": course.entries,
            "exits": course.exits,
            "before": course.before,
            "expected": course.expected,
            "sold": course.sold,
        }
    )


@routes.add(
    "GET",
    "/v1/spaces/trend",
    "How many were inside, minute by minute, for three hours",
    role=Role.VIEWER,
    answer=TrendAnswer,
    problems=(503,),
)
async def trend(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Answer the minutes that are kept, oldest first."""
    minutes = await face.services.operations.trend.read()
    items = [{"at": face.times.write(at), "inside": inside} for at, inside in minutes]
    return answer({"items": items, "next": None})


def _day(text: str | None, today: date) -> date:
    if text is None:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("day", "A day is written as 2026-12-24.") from None
