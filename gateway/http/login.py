"""Browsers log in with a key and get a cookie in its place."""

from aiohttp import hdrs, web

from gateway.http.authentication import by_key, require_own_origin
from gateway.http.face import Face
from gateway.http.problems import Problem, rate_limited, unauthorized
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import LoginAnswer, WhoAnswer
from gateway.people.browser_sessions import COOKIE, LIFETIME_S
from gateway.people.identity import Identity
from gateway.people.roles import Role

routes = Routes("login")


@routes.public(
    "POST",
    "/v1/login",
    "Log in: a key as Bearer becomes a cookie for 12 hours",
    answer=LoginAnswer,
    secured=True,
    problems=(401, 429, 503),
)
async def log_in(face: Face, request: web.Request) -> web.StreamResponse:
    """Open a session; an address that tried many bad keys has to wait."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        raise unauthorized("Send the key as `Authorization: Bearer KEY`.")
    address, now = request.remote or "", face.services.monotonic()
    if wait_s := face.attempts.wait_s(address, now):
        raise rate_limited(wait_s)
    try:
        identity = await by_key(face, header)
    except Problem:
        face.attempts.failed(address, now)
        raise
    face.attempts.succeeded(address)
    token = await face.services.sessions.start(identity)
    face.services.operations.acts.note(identity.name, "login", address=address)
    await face.services.operations.acts.settled()
    key = identity.key
    response = answer(
        {
            "name": key.name,
            "role": key.role,
            "reader": key.reader,
            "may": list(key.may),
            "expires_at": face.times.write(face.services.clock() + LIFETIME_S * 1000),
        }
    )
    response.set_cookie(
        COOKIE,
        token,
        max_age=LIFETIME_S,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=face.services.site.secure,
    )
    return response


@routes.add(
    "GET",
    "/v1/login",
    "Who is calling, and which site this is",
    role=Role.VIEWER,
    answer=WhoAnswer,
)
async def who(
    face: Face, _request: web.Request, identity: Identity, _body: None
) -> web.StreamResponse:
    """Tell a page, which cannot read its cookie, whose session it has."""
    key, site = identity.key, face.services.site
    return answer(
        {
            "name": key.name,
            "role": key.role,
            "reader": key.reader,
            "may": list(key.may),
            "site": {
                "id": site.id,
                "name": site.name,
                "language": site.language,
                "timezone": site.timezone.key,
            },
        }
    )


@routes.public("DELETE", "/v1/login", "Log out", status=204, secured=True, problems=(401, 403, 503))
async def log_out(face: Face, request: web.Request) -> web.StreamResponse:
    """Close the browser's session everywhere."""
    token = request.cookies.get(COOKIE)
    if token is None:
        raise unauthorized("There is no session to end.")
    require_own_origin(face, request)
    await face.services.sessions.end(token)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response
