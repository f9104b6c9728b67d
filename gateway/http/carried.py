"""The list that a handheld carries, to decide while the gateway is away.

Only at readers whose site file says `carries = true`, and only for a key bound to such a reader:
the list of a venue's tickets is not everybody's, even under hashes.
"""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import web

from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable, invalid
from gateway.http.requests import one_of, page_limit
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import CarriedAnswer
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.carried import Row, carried, key_of
from gateway.tickets.codes import canonical
from gateway.venue.spaces import chain

BEFORE: Final = timedelta(hours=1)
AHEAD: Final = timedelta(hours=30)
AT_ONCE: Final = 100
"""Rows written before scans have their turn: two milliseconds."""

routes = Routes("carried")

_PAGE = frozenset({"limit", "after"})


@routes.add(
    "GET",
    "/v1/carried",
    "The tickets a handheld carries, by hash: those that may come in within 30 hours",
    role=Role.SCANNER,
    answer=CarriedAnswer,
    query=("limit", "after"),
    problems=(503,),
)
async def carry(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """List the rows of `gateway.tickets.carried` for the reader of the key (403 elsewhere)."""
    query, services = request.query, face.services
    one_of(query, _PAGE)
    facts = services.readers.get(identity.reader) if identity.reader is not None else None
    if facts is None or not facts.carries or facts.entry is None:
        raise Problem(403, "forbidden", "This key's reader carries no list (`carries`).")
    limit, after = page_limit(query), query.get("after", "")
    if after and canonical(after) is None:
        raise invalid("after", "Not a ticket's code.")
    if services.central is None:
        raise database_unavailable()
    now = services.clock()
    at = datetime.fromtimestamp(now / 1000, UTC)
    found, sessions = await services.central.carried(after, at - BEFORE, at + AHEAD, limit)
    around = chain(services.operations, facts.entry.space)
    rows: list[Row] = []
    for number, (ticket, product, state) in enumerate(found, 1):
        row = carried(ticket, product, sessions, state, around, refuses_inside=facts.refuses_inside)
        rows.append({"key": key_of(services.site.id, ticket.code), **row})
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    last = found[-1].ticket.code if len(found) == limit else None
    return answer(
        {
            "at": face.times.write(now),
            "keys": [
                {"id": key.id, "public": b64encode(key.public).decode()}
                for key in services.operations.codes.keys
                if key.public and key.holds(now)
            ],
            "signed": facts.signed,
            "items": rows,
            "next": last,
        }
    )
