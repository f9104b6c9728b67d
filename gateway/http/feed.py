"""The feed for sellers that push: one ticket, or a stream of them, into database and store.

A line that is not right is told with its number, and the others are taken. The same lines again
change nothing, so that a seller who lost the answer sends them again.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import orjson
from aiohttp import web

from gateway.errors import DatabaseValueError
from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable, invalid, too_large
from gateway.http.repeats import once_streamed
from gateway.http.requests import SCAN_LIMIT, decode
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import FeedAnswer, TicketAnswer
from gateway.http.tickets import code_of
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.codes import canonical
from gateway.tickets.model import Audience, Status

CHUNK: Final = 500
NDJSON: Final = "application/x-ndjson"

routes = Routes("feed")

type Columns = dict[str, Any]
type Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class WindowColumns(msgspec.Struct, forbid_unknown_fields=True, rename={"starts": "from"}):
    """One window: a session, or a span with at least one bound."""

    session: str | None = None
    starts: Instant | None = None
    until: Instant | None = None
    spaces: list[str] | None = None
    stamps: Annotated[int, msgspec.Meta(ge=1, le=999_999)] | None = None


class TicketColumns(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket as a seller writes it: the columns of the table `ticket`.

    A line of NDJSON needs a `code`; elsewhere the address names it.
    """

    product: str
    code: str | None = None
    session: str | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    windows: list[WindowColumns] | None = None
    order_ref: str | None = None
    ordered_at: Instant | None = None
    payer: str | None = None
    holder: str | None = None
    audience: Audience = Audience.INDIVIDUAL
    audience_label: str | None = None
    persons: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    spaces: list[str] | None = None
    status: Status = Status.ACTIVE
    hold_until: Instant | None = None
    replaced_by: str | None = None
    form_required: bool = False
    form_signed: bool = False
    attention: bool = False
    destroyed_at: Instant | None = None
    source: str = "own"


@routes.add(
    "PUT",
    "/v1/tickets/{code}",
    "Write a ticket as it is sold now, into database and store",
    role=Role.ADMIN,
    body=TicketColumns,
    answer=TicketAnswer,
    problems=(503,),
)
async def put_ticket(
    face: Face, request: web.Request, _identity: Identity, body: TicketColumns
) -> web.StreamResponse:
    """Write one ticket; the answer shows it as the gate has it. Its stamps are never touched."""
    code = code_of(face, request)
    if body.code is not None and canonical(body.code) != code:
        raise invalid("code", "The code in the body is another than in the address.")
    await _put(face, [_columns(body, code)])
    view = await face.services.store.look(code)
    if view is None:
        raise Problem(404, "unknown_ticket")
    return answer(face.answers.ticket(view, operator=True))


@routes.add(
    "POST",
    "/v1/tickets",
    "Write many tickets, one JSON object a line",
    role=Role.ADMIN,
    shape=TicketColumns,
    sends=NDJSON,
    empty=True,
    answer=FeedAnswer,
    changes=True,
    problems=(413, 422, 503),
)
async def put_tickets(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Take tickets line by line, of any number; a line may have 64 KiB."""
    return await once_streamed(face, request, identity, lambda parts: _take_all(face, parts))


async def _take_all(face: Face, parts: AsyncIterator[bytes]) -> web.StreamResponse:
    decoder = msgspec.json.Decoder(TicketColumns)
    accepted, rejected = 0, list[dict[str, Any]]()
    chunk: list[tuple[int, Columns]] = []
    number = 0
    async for line in _lines(parts):
        number += 1
        if not line.strip():
            continue
        try:
            row = decode(decoder, line)
            code = None if row.code is None else canonical(row.code)
            if code is None:
                raise invalid("code", "A line needs a code that can be one.")
            ticket = _columns(row, code)
        except Problem as problem:
            rejected.append({"line": number, "field": problem.field, "detail": problem.detail})
            continue
        chunk.append((number, ticket))
        if len(chunk) >= CHUNK:
            accepted += await _take(face, chunk, rejected)
            chunk = []
    accepted += await _take(face, chunk, rejected)
    rejected.sort(key=lambda each: int(each["line"]))
    return answer({"accepted": accepted, "rejected": rejected})


async def _take(
    face: Face, chunk: Sequence[tuple[int, Columns]], rejected: list[dict[str, Any]]
) -> int:
    """Write a chunk; where the database refuses one, write its rows one by one."""
    if not chunk:
        return 0
    try:
        await _put(face, [row for _, row in chunk])
    except DatabaseValueError as error:
        if len(chunk) == 1:
            ((line, _),) = chunk
            rejected.append({"line": line, "field": error.field, "detail": error.detail})
            return 0
        taken = 0
        for one in chunk:
            taken += await _take(face, [one], rejected)
        return taken
    return len(chunk)


async def _put(face: Face, rows: Sequence[Columns]) -> None:
    central = face.services.central
    if central is None:
        raise database_unavailable()
    await face.services.admin.put_tickets(await central.put_tickets(rows))


async def _lines(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut the body into lines as it arrives (413 for a line over the limit)."""
    rest = b""
    async for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if len(line) > SCAN_LIMIT:
                raise too_large(SCAN_LIMIT)
            yield line
        if len(rest) > SCAN_LIMIT:
            raise too_large(SCAN_LIMIT)
    if rest:
        yield rest


def _columns(row: TicketColumns, code: str) -> dict[str, Any]:
    """Return the columns of a row by name; windows as JSON."""
    columns = {name: getattr(row, name) for name in row.__struct_fields__}
    for name, value in columns.items():
        if b"\\u0000" in msgspec.json.encode(value):
            raise invalid(name, "The database keeps no text with a NUL in it.")
    windows = None
    if row.windows is not None:
        windows = orjson.dumps([_window(window) for window in row.windows]).decode()
    return columns | {"code": code, "windows": windows}


def _window(window: WindowColumns) -> dict[str, Any]:
    span = {"from": window.starts, "until": window.until}
    bounds = {name: moment for name, moment in span.items() if moment is not None}
    if (window.session is None) != bool(bounds):
        raise invalid("windows", "A window is a session, or a span `from` … `until`.")
    facts = {"session": window.session, "spaces": window.spaces, "stamps": window.stamps}
    return bounds | {name: fact for name, fact in facts.items() if fact is not None}
