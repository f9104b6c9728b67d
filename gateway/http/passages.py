"""What follows a grant: so many have passed, or those who have not are given back."""

import msgspec
from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.requests import EVENT_ID
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.scans import OPERATOR, Persons
from gateway.http.schemas import ActAnswer
from gateway.http.times import instant
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.codes import is_pseudonym
from gateway.tickets.event import EventRow

routes = Routes("passages")


class PassageRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How many have passed under this grant so far (by default all), and when."""

    persons: Persons | None = None
    at: str | None = None


class AnnulRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing needs to be said."""


@routes.add(
    "POST",
    "/v1/scans/{event}/passage",
    "Tell how many have passed under a grant; the first passage commits the stamp",
    role=Role.SCANNER,
    body=PassageRequest,
    empty=True,
    answer=ActAnswer,
    changes=True,
    problems=(404, 409, 503),
)
async def passage(
    face: Face, request: web.Request, identity: Identity, body: PassageRequest
) -> web.StreamResponse:
    """Commit a grant; an equal or smaller figure than before changes nothing."""
    row = await own_grant(face, request, identity)
    at = None if body.at is None else instant("at", body.at)
    settled = await face.services.store.passage(row, persons=body.persons, at=at)
    _closed(face, row)
    return answer(face.answers.act(settled, operator=identity.rank >= OPERATOR))


@routes.add(
    "POST",
    "/v1/scans/{event}/annul",
    "Give back those of a grant who have not passed",
    role=Role.SCANNER,
    body=AnnulRequest,
    empty=True,
    answer=ActAnswer,
    changes=True,
    problems=(404, 409, 503),
)
async def annul(
    face: Face, request: web.Request, identity: Identity, _body: AnnulRequest
) -> web.StreamResponse:
    """Annul a grant (409 when all have passed)."""
    row = await own_grant(face, request, identity)
    settled = await face.services.store.annul(row)
    _closed(face, row)
    return answer(face.answers.act(settled, operator=identity.rank >= OPERATOR))


def _closed(face: Face, row: EventRow) -> None:
    """Show that a gate which has told so is closed again."""
    reader = face.services.readers.get(row.reader)
    if reader is not None and reader.asks:
        face.services.operations.http_gates.closed(reader.id)


async def own_grant(face: Face, request: web.Request, identity: Identity) -> EventRow:
    """Find the grant that the address names (404; 403 at another reader than the key's)."""
    row = await find_event(face, request.match_info["event"])
    if identity.reader is not None and row.reader != identity.reader:
        raise Problem(403, "forbidden", f"This key speaks for {identity.reader} only.")
    return row


async def find_event(face: Face, event: str) -> EventRow:
    """Find an event in the stream, else in the database (404; 409 where it was purged)."""
    if not EVENT_ID.fullmatch(event):
        raise Problem(404, "unknown_event")
    row = await face.services.store.grant(event)
    central = face.services.central
    if row is None and central is not None:
        row = await central.event(event)
        named = row is not None and not is_pseudonym(row.ticket_code)
        if not named and await central.is_past_retention(face.services.site.id, event):
            raise Problem(409, "past_retention")
    if row is None or not row.ticket_code:
        raise Problem(404, "unknown_event")
    return row
