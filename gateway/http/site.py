"""The site file: read it, and put another in its place; for admins."""

from typing import Annotated

import msgspec
from aiohttp import web

from config import SiteFileError
from gateway.http.face import Face
from gateway.http.problems import Problem
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import SiteAnswer
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.venue.answers import Document
from gateway.venue.reload import NotWritable, SiteFile, StaleRevision, Standing

LIMIT = 524_288
"""A venue of a thousand gates, written out."""

routes = Routes("site")


class SiteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Another site file, in place of that of a revision."""

    revision: Annotated[str, msgspec.Meta(max_length=64)]
    text: str


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
    return answer(_document(await _file(face).standing()))


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
    file, acts = _file(face), face.services.operations.acts
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
            errors=[
                {"line": each.line, "key": each.key, "detail": each.text} for each in error.problems
            ],
        ) from None
    acts.note(identity.name, "site_put", standing.revision, applied=standing.applied)
    await acts.settled()
    return answer(_document(standing))


def _file(face: Face) -> SiteFile:
    file = face.services.site_file
    if file is None:
        raise Problem(404, "not_found", "This process has no site file.")
    return file


def _document(standing: Standing) -> Document:
    return {
        "revision": standing.revision,
        "text": standing.text,
        "applied": standing.applied,
        "needs_restart": list(standing.needs_restart),
    }
