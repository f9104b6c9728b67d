"""Who is calling: a key as Bearer, or a browser session's cookie.

The hot path has looked the header up before; this is what happens when it was not known.
"""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.http.face import Face
from gateway.http.problems import Problem, unauthorized
from gateway.people.browser_sessions import COOKIE
from gateway.people.identity import Identity

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def authenticate(face: Face, request: web.Request) -> Identity:
    """Find the caller, or refuse (401; 403 for a foreign page)."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is not None:
        return await by_key(face, header)
    token = request.cookies.get(COOKIE)
    if token is None:
        raise unauthorized("Send `Authorization: Bearer KEY`, or log in.")
    identity = await face.services.sessions.resolve(token)
    if identity is None:
        raise unauthorized("The session has ended; log in again.")
    if request.method not in SAFE or hdrs.UPGRADE in request.headers:
        require_own_origin(face, request)
    return identity


async def by_key(face: Face, header: str) -> Identity:
    """Find the caller by its key, or refuse (401)."""
    identity = await face.services.keyring.resolve(header)
    if identity is None:
        raise unauthorized("This key is not known.")
    return identity


def require_own_origin(face: Face, request: web.Request) -> None:
    """Refuse what a page of another origin sends with our cookie (403)."""
    origin = urlsplit(request.headers.get(hdrs.ORIGIN, ""))
    schemes = {"https"} if face.services.site.secure else {"http", "https"}
    if origin.scheme not in schemes or not origin.netloc or origin.netloc != request.host:
        raise Problem(403, "foreign_origin")
