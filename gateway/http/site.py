"""The site file: read it, try a change of it, and put another in its place; for admins."""

import tomllib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from aiohttp import web

from config import Problem as Finding
from config import SiteFileError
from config.editing import CannotChange, Change, Put, Remove, difference
from config.schema import schema
from gateway.http.face import Face
from gateway.http.problems import Problem, invalid
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import SiteAnswer, SiteBeforeAnswer, SiteDraftAnswer
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.answers import Document
from gateway.venue.reload import NotWritable, SiteFile, StaleRevision, Standing
from gateway.venue.wires import SETTINGS

LIMIT = 524_288
"""A venue of a thousand gates, written out."""
MOST_CHANGES = 100

routes = Routes("site")

type Revision = Annotated[str, msgspec.Meta(max_length=64)]


class SiteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Another site file, in place of that of a revision."""

    revision: Revision
    text: str


class SiteChange(msgspec.Struct, forbid_unknown_fields=True):
    """A change of one table: ``values`` (null takes a key away), or ``remove``."""

    table: str
    id: str | None = None
    values: dict[str, Any] | None = None
    remove: bool = False


class SiteDraftRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Changes to try on the file of a revision, at most 100."""

    revision: Revision
    changes: Annotated[list[SiteChange], msgspec.Meta(max_length=MOST_CHANGES)]


@routes.add(
    "GET",
    "/v1/site",
    "The site file with its revision, and whether it is what the gateway does",
    role=Role.ADMIN,
    answer=SiteAnswer,
    problems=(404,),
)
async def site(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Show the site file."""
    return answer(_document(await site_file_of(face).standing()))


@routes.add(
    "PUT",
    "/v1/site",
    "Put another site file in its place; it is checked as a whole, then taken up",
    role=Role.ADMIN,
    body=SiteRequest,
    limit=LIMIT,
    answer=SiteAnswer,
    problems=(404, 409),
)
async def put(
    face: Face, _request: web.Request, identity: Identity, body: SiteRequest
) -> web.StreamResponse:
    """Write and apply a site file (409 stale or read-only; 422 with every error in it)."""
    file, acts = site_file_of(face), face.services.operations.acts
    try:
        standing = await file.put(body.text, body.revision)
    except StaleRevision:
        raise Problem(409, "stale_revision", field="revision") from None
    except NotWritable as error:
        raise Problem(409, "not_writable", str(error)) from None
    except SiteFileError as error:
        raise Problem(
            422,
            "site_file_refused",
            f"{len(error.problems)} errors; nothing has changed.",
            field="text",
            errors=_findings(error.problems),
        ) from None
    acts.note(identity.name, "site_put", standing.revision, applied=standing.applied)
    await acts.settled()
    return answer(_document(standing))


@routes.add(
    "POST",
    "/v1/site/draft",
    "Try changes: what the file would be, how it differs, what is wrong with it",
    role=Role.ADMIN,
    body=SiteDraftRequest,
    limit=LIMIT,
    answer=SiteDraftAnswer,
    problems=(404, 409),
)
async def draft(
    face: Face, _request: web.Request, _identity: Identity, body: SiteDraftRequest
) -> web.StreamResponse:
    """Show what changes would make of the file; nothing is written (409 stale)."""
    file = site_file_of(face)
    changes = [_change(place, each) for place, each in enumerate(body.changes)]
    try:
        found = await file.draft(changes, body.revision)
    except StaleRevision:
        raise Problem(409, "stale_revision", field="revision") from None
    except CannotChange as error:
        raise invalid(f"changes[{error.position}].{error.key}", str(error)) from None
    return answer(
        {
            "revision": body.revision,
            "text": found.text,
            "tables": _tables(found.text),
            "difference": found.difference,
            "errors": _findings(found.problems),
            "warnings": _findings(found.warnings),
            "needs_restart": list(found.needs_restart),
        }
    )


@routes.add(
    "GET",
    "/v1/site/before",
    "The site file that was replaced last: to go back, put it in place again",
    role=Role.ADMIN,
    answer=SiteBeforeAnswer,
    problems=(404,),
)
async def before(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Show the version before (404 where nothing was replaced from here)."""
    file = site_file_of(face)
    text, standing = await file.before(), await file.standing()
    if text is None:
        raise Problem(404, "not_found", "Nothing has been replaced from here yet.")
    return answer(
        {
            "revision": standing.revision,
            "text": text,
            "difference": difference(standing.text, text),
        }
    )


@routes.add(
    "GET",
    "/v1/site/schema",
    "The JSON Schema of site files, with the wires installed here",
    role=Role.ADMIN,
    answer=dict[str, Any],
)
async def site_schema(
    _face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Show every key of a site file, with what it means and allows."""
    return answer(schema(SETTINGS))


def site_file_of(face: Face) -> SiteFile:
    """Return the site file that this process follows (404 where it follows none)."""
    file = face.services.site_file
    if file is None:
        raise Problem(404, "not_found", "This process has no site file.")
    return file


def _change(place: int, said: SiteChange) -> Change:
    if said.remove:
        if said.id is None or said.values is not None:
            raise invalid(f"changes[{place}].remove", "Name an id, and no values.")
        return Remove(said.table, said.id)
    if said.values is None:
        raise invalid(f"changes[{place}].values", "Give values, or say `remove`.")
    return Put(said.table, said.id, said.values)


def _findings(found: Sequence[Finding]) -> list[Document]:
    return [{"line": each.line, "key": each.key, "detail": each.text} for each in found]


def _tables(text: str) -> Document | None:
    """Return what a text says as data; none where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _document(standing: Standing) -> Document:
    return {
        "revision": standing.revision,
        "text": standing.text,
        "tables": _tables(standing.text),
        "applied": standing.applied,
        "needs_restart": list(standing.needs_restart),
        "writable": standing.writable,
    }
