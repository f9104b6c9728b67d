"""Reports: what there is, and each of them as JSON, CSV or a spreadsheet.

A viewer sees figures. Who somebody is (codes, names, orders) needs the role operator: the columns
are left out for a viewer, and asking for them by name is a 403.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from gateway.central.connection import Central
from gateway.central.reports import csv_file, reading
from gateway.central.reports.documents import description, document, file_name
from gateway.central.reports.questions import NotForViewers, Question, ask
from gateway.central.reports.tables import Report, reports
from gateway.central.reports.xlsx_file import write_xlsx
from gateway.http.face import Face
from gateway.http.problems import Problem, database_unavailable, invalid
from gateway.http.requests import one_of
from gateway.http.responses import SECURITY, json_answer
from gateway.http.routing import Routes
from gateway.http.scans import OPERATOR
from gateway.http.schemas import ReportAnswer, ReportList
from gateway.people.identity import Identity
from gateway.people.roles import Role

routes = Routes("reports")

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LANGUAGES: Final = ("en", "fr")
QUERY: Final = (
    "from", "to", "site", "space", "product", "audience", "reader", "operator", "reason", "session",
    "source", "status", "order", "consumer", "dates", "stamped", "payment", "attention", "expected",
    "missing", "by", "columns", "format", "language", "limit", "after",
)  # fmt: skip
EXPORTS_AT_ONCE: Final = 2
"""Of one process: an export holds a connection to the database as long as it lasts."""

CSV_ROWS: Final = 40
XLSX_ROWS: Final = 8
"""Written at once, between scans (`reading.streamed`)."""

ANSWERS_AT_ONCE: Final = 4
"""The same of reports as JSON: the rest of the connections is for short questions."""

_answers = asyncio.Semaphore(ANSWERS_AT_ONCE)
_exports = asyncio.Semaphore(EXPORTS_AT_ONCE)


@routes.add(
    "GET",
    "/v1/reports",
    "The reports there are: their columns and filters",
    role=Role.VIEWER,
    answer=ReportList,
    query=("language",),
)
async def list_reports(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """List the reports this key may see."""
    one_of(request.query, frozenset({"language"}))
    language = _language(face, request)
    personal = identity.rank >= OPERATOR
    found = await asyncio.to_thread(reports)
    items = [
        description(report, language, personal=personal)
        for report in found.values()
        if personal or not report.personal
    ]
    return json_answer(orjson.dumps({"items": items, "next": None}))


@routes.add(
    "GET",
    "/v1/reports/{name}",
    "A report of a period, from ≤ t < to; by default of today",
    role=Role.VIEWER,
    answer=ReportAnswer,
    query=QUERY,
    problems=(404, 503),
)
async def report(
    face: Face, request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Answer a report (404 no such report, 422 a filter or value that is not right)."""
    found = (await asyncio.to_thread(reports)).get(request.match_info["name"])
    if found is None:
        raise Problem(404, "unknown_report")
    given = {name: request.query.getall(name) for name in request.query}
    kind, _ = given.pop("format", ["json"]), given.pop("language", None)
    if kind not in (["json"], ["csv"], ["xlsx"]):
        raise invalid("format", "json, csv or xlsx.")
    central = face.services.central
    if central is None:
        raise database_unavailable()
    question = _question(face, found, given, personal=identity.rank >= OPERATOR)
    language = _language(face, request)
    match kind[0]:
        case "csv":
            return await _csv(request, central, question)
        case "xlsx":
            return await _xlsx(request, central, question, language)
        case _:
            async with _answers:
                answer = await reading.answer(central, question)
            return json_answer(await asyncio.to_thread(_encoded, answer, language))


def _question(
    face: Face, found: Report, given: Mapping[str, Sequence[str]], *, personal: bool
) -> Question:
    services = face.services
    try:
        return ask(
            found,
            given,
            site=services.site.id,
            zone=services.site.timezone,
            now=datetime.fromtimestamp(services.clock() / 1000, UTC),
            personal=personal,
        )
    except NotForViewers as error:
        detail = "Who somebody is needs the role operator."
        raise Problem(403, "forbidden", detail, field=error.field) from None


def _encoded(answer: reading.Answer, language: str) -> bytes:
    return orjson.dumps(document(answer, language))


def _language(face: Face, request: web.Request) -> str:
    """Return the language of words: asked for by name, as a link to a file does, or preferred."""
    named = request.query.getall("language", [])
    if named:
        if len(named) > 1 or named[0] not in LANGUAGES:
            raise invalid("language", "en or fr.")
        return named[0]
    chosen = face.language(request.headers.get("Accept-Language"))
    return chosen if chosen in LANGUAGES else "en"


def _file_headers(question: Question, ending: str, kind: str) -> dict[str, str]:
    return {
        **SECURITY,
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{file_name(question, ending)}"',
    }


async def _csv(request: web.Request, central: Central, question: Question) -> web.StreamResponse:
    """Send rows as they come from the database; memory does not grow with them."""
    async with _exports, reading.streamed(central, question, gentle=CSV_ROWS) as chunks:
        kind = "text/csv; charset=utf-8"
        response = web.StreamResponse(headers=_file_headers(question, "csv", kind))
        await response.prepare(request)
        await response.write(csv_file.head(question.columns))
        async for rows in chunks:
            await response.write(csv_file.lines(rows, question.columns, question.zone))
        await response.write_eof()
    return response


async def _xlsx(
    request: web.Request, central: Central, question: Question, language: str
) -> web.StreamResponse:
    """Write a spreadsheet to the disk, then send it."""
    async with _folder() as folder:
        path = Path(folder, "report.xlsx")
        async with _exports, reading.streamed(central, question, gentle=XLSX_ROWS) as chunks:
            await write_xlsx(path, chunks, question, language)
        response = web.StreamResponse(headers=_file_headers(question, "xlsx", XLSX))
        await response.prepare(request)
        opened = await asyncio.to_thread(path.open, "rb")
        try:
            while part := await asyncio.to_thread(opened.read, 1 << 18):
                await response.write(part)
        finally:
            await asyncio.to_thread(opened.close)
        await response.write_eof()
    return response


@asynccontextmanager
async def _folder() -> AsyncIterator[str]:
    """Keep a folder on the disk as long as it is needed."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="composteur-report-")
    try:
        yield folder.name
    finally:
        await asyncio.shield(asyncio.to_thread(folder.cleanup))
