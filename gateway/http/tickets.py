"""Tickets: look one up, search, its history, destroy, take a stamp back."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from gateway.central.connection import Central
from gateway.entitlements.store import Settled
from gateway.errors import DatabaseUnavailable
from gateway.http.face import Face
from gateway.http.passages import find_event
from gateway.http.problems import Problem, database_unavailable, invalid
from gateway.http.requests import event_id, one_of, page_limit, words
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.scans import OPERATOR, read_code
from gateway.http.schemas import ActAnswer, EventList, TicketAnswer, TicketList
from gateway.http.texts import Text
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.codes import MAX_CODE_BYTES, canonical
from gateway.venue.answers import Document
from gateway.venue.times import read, to_ms

routes = Routes("tickets")

_SEARCH = frozenset({"order", "holder", "limit", "after"})
_PAGE = frozenset({"limit", "after"})
_INSTANTS = frozenset({"valid_from", "valid_until", "hold_until", "destroyed_at"}) | {
    "session.starts_at",
    "session.ends_at",
}


class DestroyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why the ticket is destroyed, for the record."""

    reason: Text | None = None


class UndoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The stamp to take back (by default the last), and why."""

    event: str | None = None
    reason: Text | None = None


@routes.add(
    "GET",
    "/v1/tickets/{code}",
    "A ticket as it stands; looking never consumes",
    role=Role.SCANNER,
    answer=TicketAnswer,
    problems=(404, 503),
)
async def ticket(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Look a ticket up (404 unknown; 503 while the store is loading and has it not yet)."""
    view = await face.services.store.look(code_of(face, request))
    if view is None:
        raise Problem(404, "unknown_ticket")
    return answer(face.answers.ticket(view, operator=identity.rank >= OPERATOR))


@routes.add(
    "GET",
    "/v1/tickets",
    "Search by order or holder",
    role=Role.OPERATOR,
    answer=TicketList,
    query=("order", "holder", "limit", "after"),
    problems=(503,),
)
async def search(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Find tickets in the central database, and show them as the gate knows them."""
    query = request.query
    one_of(query, _SEARCH)
    order, holder, after = words(query, "order"), words(query, "holder"), query.get("after")
    if not order and not holder:
        raise invalid("order", "Search by `order` or by `holder`.")
    if after is not None and canonical(after) is None:
        raise invalid("after", "Not a ticket's code.")
    limit = page_limit(query)
    codes = await _central(face).find_tickets(order=order, holder=holder, after=after, limit=limit)
    items: list[Document] = []
    for code in codes:
        view = await face.services.store.look(code)
        if view is not None:
            items.append(face.answers.ticket(view, operator=True))
    return answer({"items": items, "next": codes[-1] if len(codes) == limit else None})


@routes.add(
    "GET",
    "/v1/tickets/{code}/history",
    "The events of a ticket, oldest first",
    role=Role.OPERATOR,
    answer=EventList,
    query=("limit", "after"),
    problems=(404, 503),
)
async def history(
    face: Face, request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """List events from the database and those not there yet; without it what the store has."""
    code, query, services = code_of(face, request), request.query, face.services
    one_of(query, _PAGE)
    limit, after = page_limit(query), event_id(query, "after")
    stored: list[Document] | None = None
    changes: list[tuple[datetime, dict[str, Any]]] = []
    if services.central is not None:
        try:
            rows = await services.central.history(code, after=after, limit=limit)
            stored = [face.answers.stored_event(row) for row in rows]
            if after is None:
                changes = await services.central.changes(code)
        except DatabaseUnavailable:
            stored = None
    if stored is not None and len(stored) == limit:
        return answer(_page({"items": stored, "next": stored[-1]["event_id"]}, face, changes))
    known = {row["event_id"] for row in stored or ()} | {after}
    fresh = await services.admin.events_of(code, "0-0")
    if not fresh and not stored and after is None and await services.store.look(code) is None:
        raise Problem(404, "unknown_ticket")
    items = stored or []
    items += [
        face.answers.event(row)
        for row in fresh
        if row.event_id not in known and (after is None or _place(row.event_id) > _place(after))
    ]
    document: Document = {"items": items[:limit], "next": None}
    if len(items) > limit:
        document["next"] = items[limit - 1]["event_id"]
    if stored is None:
        document["partial"] = True
    return answer(_page(document, face, changes))


def _page(
    document: Document, face: Face, changes: Sequence[tuple[datetime, dict[str, Any]]]
) -> Document:
    """Add to a page of events what the seller changed, if anything."""
    if changes:
        document["changes"] = [
            {
                "at": face.times.write(to_ms(at)),
                "what": {name: _values(face, name, pair) for name, pair in what.items()},
            }
            for at, what in changes
        ]
    return document


def _values(face: Face, name: str, pair: Sequence[Any]) -> list[Any]:
    """Write what a column was and is; instants in the site's zone."""
    if name not in _INSTANTS:
        return list(pair)
    return [None if each is None else face.times.write(read(each)) for each in pair]


@routes.add(
    "POST",
    "/v1/tickets/{code}/destroy",
    "Make a ticket unusable for ever",
    role=Role.OPERATOR,
    right="destroy",
    body=DestroyRequest,
    empty=True,
    answer=ActAnswer,
    changes=True,
    problems=(404, 503),
)
async def destroy(
    face: Face, request: web.Request, identity: Identity, body: DestroyRequest
) -> web.StreamResponse:
    """Destroy a ticket; once destroyed it keeps its first date."""
    code = code_of(face, request)
    settled = await face.services.store.destroy(code, operator=identity.name, reason=body.reason)
    await _note(face, identity, "destroy", code, body.reason, settled)
    return _act(face, identity, settled)


@routes.add(
    "POST",
    "/v1/tickets/{code}/undo",
    "Take a stamp back",
    role=Role.OPERATOR,
    body=UndoRequest,
    empty=True,
    answer=ActAnswer,
    changes=True,
    problems=(404, 409, 503),
)
async def undo(
    face: Face, request: web.Request, identity: Identity, body: UndoRequest
) -> web.StreamResponse:
    """Undo a stamp; a second undo of the same event answers the first."""
    code, store = code_of(face, request), face.services.store
    event = body.event or await store.last_grant(code)
    if event is None:
        if await store.look(code) is None:
            raise Problem(404, "unknown_ticket")
        raise Problem(409, "nothing_to_undo")
    row = await find_event(face, event)
    if row.ticket_code != code:
        raise Problem(404, "unknown_event", "This event is another ticket's.", field="event")
    undone_by = await _undone_by(face, event)
    settled = await store.undo(row, operator=identity.name, reason=body.reason, undone_by=undone_by)
    await _note(face, identity, "undo", code, body.reason, settled)
    return _act(face, identity, settled)


def code_of(face: Face, request: web.Request) -> str:
    """Read the reference that the code in the address names (422 too long, 404 no ticket's).

    A rotating code may be old here: nobody is let in by it.
    """
    text = request.match_info["code"]
    if len(text.encode("utf-8", "surrogatepass")) > MAX_CODE_BYTES:
        raise invalid("code", f"A code has at most {MAX_CODE_BYTES} bytes.")
    reading = read_code(face, text)
    if reading.reference is None or reading.objection == "b":
        raise Problem(404, "unknown_ticket")
    return reading.reference


async def _note(  # noqa: PLR0917 - who, what, to which ticket, why, and what came of it
    face: Face, identity: Identity, what: str, code: str, reason: str | None, settled: Settled
) -> None:
    acts = face.services.operations.acts
    acts.note(identity.name, what, code, reason=reason, event=settled.event, of=settled.of)
    await acts.settled()


def _act(face: Face, identity: Identity, settled: Settled) -> web.StreamResponse:
    return answer(face.answers.act(settled, operator=identity.rank >= OPERATOR))


async def _undone_by(face: Face, event: str) -> str | None:
    """Name an earlier undo that the store may not remember any more."""
    if face.services.central is None:
        return None
    with suppress(DatabaseUnavailable):
        return await face.services.central.undone_by(event)
    return None


def _central(face: Face) -> Central:
    central = face.services.central
    if central is None:
        raise database_unavailable()
    return central


def _place(event_id: str) -> tuple[int, ...]:
    """Order events of a site: epoch, then place in the stream."""
    return tuple(int(part) for part in event_id.split("-") if part.isdecimal())
