"""Problems: every answer that is not a success, as ``application/problem+json`` (RFC 9457).

``code`` is a stable word for programs, ``title`` its sentence, ``detail`` this case, ``field`` the
value at fault. A traceback never leaves the process.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
import orjson

TITLES = {
    "malformed": "The request cannot be read.",
    "unauthorized": "A key is needed, or this one is not known.",
    "forbidden": "This key may not do that.",
    "foreign_origin": "A browser's session is used only from this gateway's own pages.",
    "not_found": "There is nothing here.",
    "unknown_ticket": "There is no such ticket.",
    "unknown_event": "There is no such event.",
    "unknown_space": "There is no such space.",
    "unknown_equipment": "There is no such equipment.",
    "unknown_alarm": "There is no such alarm.",
    "unknown_source": "There is no such source.",
    "source_unavailable": "The seller does not answer as expected.",
    "unknown_report": "There is no such report.",
    "unknown_key": "There is no key of this name.",
    "method_not_allowed": "This cannot be done here.",
    "conflict": "This cannot be done now.",
    "all_passed": "All have passed; there is nothing to give back.",
    "not_a_grant": "This event granted nothing.",
    "cannot_rotate": "This ticket's code cannot rotate.",
    "past_retention": "What happened then is past its retention.",
    "ticket_in_use": "Somebody is inside with this ticket, or about to pass.",
    "undone": "This stamp was taken back.",
    "nothing_to_undo": "There is no stamp to take back.",
    "cannot_follow": "This equipment cannot do that.",
    "evacuating": "This cannot be done in an evacuation.",
    "evacuation_not_clear": "It is not clear yet.",
    "stale_revision": "The site file has changed since it was read.",
    "not_writable": "The site file cannot be written here.",
    "site_file_refused": "The site file is not right.",
    "key_exists": "There is a key of this name already.",
    "last_admin": "The last admin key cannot be revoked.",
    "still_running": "The first request with this Idempotency-Key is still running.",
    "too_large": "The request is too large.",
    "invalid": "A value is missing or not allowed.",
    "reused_key": "This Idempotency-Key was used for another request.",
    "rate_limited": "Too many requests.",
    "too_many_in_flight": "Too many scans without an answer.",
    "internal": "Something went wrong in the gateway.",
    "equipment_unreachable": "The equipment has not acknowledged.",
    "store_unavailable": "The entitlement store does not answer now.",
    "database_unavailable": "The central database does not answer now.",
}


class SiteFileProblem(msgspec.Struct):
    """One thing wrong with a site file."""

    line: int | None
    key: str
    detail: str


class ProblemBody(msgspec.Struct, rename={"kind": "type"}, kw_only=True):
    """What is wrong, for people and for programs."""

    kind: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    errors: list[SiteFileProblem] | msgspec.UnsetType = msgspec.UNSET
    """Of a site file: everything that is wrong with it."""


class Problem(Exception):
    """An answer that is not a success."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | None = None,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, object]] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail or TITLES[code]
        self.field = field
        self.headers = headers or {}
        self.errors = errors

    def document(self) -> dict[str, object]:
        """Return the problem as JSON will show it."""
        document: dict[str, object] = {
            "type": f"/docs#problem-{self.code}",
            "title": TITLES.get(self.code, HTTPStatus(self.status).phrase),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "field": self.field,
        }
        return document if self.errors is None else {**document, "errors": self.errors}

    def body(self) -> bytes:
        """Return the problem as JSON."""
        return orjson.dumps(self.document())


def invalid(field: str | None, detail: str) -> Problem:
    """Say that a value is missing or not allowed (422)."""
    return Problem(422, "invalid", detail, field=field)


def too_large(limit: int) -> Problem:
    """Say that a body is over its limit, in bytes (413)."""
    return Problem(413, "too_large", f"The body may have {limit} bytes at most.")


def rate_limited(wait_s: float) -> Problem:
    """Say when to come back, in whole seconds and at least one (429)."""
    seconds = max(1, int(wait_s) + 1)
    return Problem(
        429,
        "rate_limited",
        f"Come back in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )


def unauthorized(detail: str | None = None) -> Problem:
    """Ask for a key (401)."""
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


STORE_UNAVAILABLE = "store_unavailable"


def store_unavailable() -> Problem:
    """Say that the store is silent or loading (503)."""
    return Problem(503, STORE_UNAVAILABLE, headers={"Retry-After": "1"})


def database_unavailable() -> Problem:
    """Say that the central database is away (503)."""
    return Problem(503, "database_unavailable", headers={"Retry-After": "5"})
