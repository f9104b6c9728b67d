"""Privacy: what is kept and for how long, and what there is about one visitor; for admins."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from gateway.errors import TicketInUse
from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable, invalid
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.scans import read_code
from gateway.http.schemas import Erased, PrivacyExport, RetentionAnswer
from gateway.http.texts import Text
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.answers import Document
from gateway.venue.privacy import About, Privacy

routes = Routes("privacy")


class PrivacyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Whom it is about: one ticket, all of a person's, or those of an order."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=512)] | None = None
    holder: Text | None = None
    order: Text | None = None


class EraseRequest(PrivacyRequest):
    """Whom it is about; `names`: only names go, and the tickets can be used on."""

    names: bool = False


@routes.add(
    "GET",
    "/v1/privacy",
    "How long what is kept, and what the purge has removed",
    role=Role.ADMIN,
    answer=RetentionAnswer,
    problems=(503,),
)
async def retention(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Show the settings, the last purge and the months it has closed."""
    services = face.services
    if services.keeper is None or services.central is None:
        raise database_unavailable()
    last = await services.keeper.last_run()
    rows = await services.central.fetch("retention.closings", services.site.id)
    return answer(
        {
            "settings": services.keeper.settings(),
            "last_purge_at": None if last is None else last[0],
            "removed": {} if last is None else last[1],
            "months": [
                {
                    "month": f"{row['month']:%Y-%m}",
                    **{name: row[name] for name in ("pseudonymised", "closed_at", "events")},
                    **{name: row[name] for name in ("persons_in", "persons_out", "stamps")},
                }
                for row in rows
            ],
        }
    )


@routes.add(
    "POST",
    "/v1/privacy/export",
    "All there is about a ticket, a holder or an order; audited",
    role=Role.ADMIN,
    body=PrivacyRequest,
    answer=PrivacyExport,
    problems=(404, 503),
)
async def export(
    face: Face, _request: web.Request, identity: Identity, body: PrivacyRequest
) -> web.StreamResponse:
    """Hand out rows, the gate's record, events and acts."""
    found = await _privacy(face).export(_about(face, body), identity.name)
    if not found:
        raise Problem(404, "unknown_ticket")
    return answer({"items": found})


@routes.add(
    "POST",
    "/v1/privacy/erase",
    "Erase a ticket, a holder's tickets or an order's, or only the names on them; audited",
    role=Role.ADMIN,
    body=EraseRequest,
    answer=Erased,
    changes=True,
    problems=(404, 409, 503),
)
async def erase(
    face: Face, _request: web.Request, identity: Identity, body: EraseRequest
) -> web.StreamResponse:
    """Erase (409 while somebody is inside with a ticket; what was erased before it stays so)."""
    privacy = _privacy(face)
    codes = await privacy.codes(_about(face, body))
    if not codes:
        raise Problem(404, "unknown_ticket")
    act = privacy.erase_names if body.names else privacy.erase
    items: list[Document] = []
    try:
        for code in codes:
            found: dict[str, Any] = dict(await act(code, identity.name))
            items.append({"code": code, **found})
    except TicketInUse as error:
        raise Problem(409, "ticket_in_use", str(error)) from error
    return answer({"items": items})


def _privacy(face: Face) -> Privacy:
    if face.services.privacy is None:
        raise database_unavailable()
    return face.services.privacy


def _about(face: Face, body: PrivacyRequest) -> About:
    given = [name for name in ("code", "holder", "order") if getattr(body, name)]
    if len(given) != 1:
        raise invalid("code", "Name one of `code`, `holder` and `order`.")
    code = read_code(face, body.code).reference if body.code else None
    if body.code and code is None:
        raise Problem(404, "unknown_ticket")
    return About(code, body.holder, body.order)
