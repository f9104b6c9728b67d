"""Read requests: bodies with a limit, JSON into typed values, query strings.

What is wrong is told as a problem with the field's name.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from gateway.http.problems import Problem, invalid, too_large

SCAN_LIMIT = 65_536
BATCH_LIMIT = 1_048_576
PAGE = 100
PAGE_LIMIT = 1000
WORDS_LENGTH = 200
EVENT_ID = re.compile(r"[0-9]{1,9}-[0-9]{1,15}-[0-9]{1,9}")

_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_FIELD = re.compile(r"field `(?P<field>[^`]*)`")


async def read_body(request: web.Request, limit: int) -> bytes:
    """Read the whole body, at most ``limit`` bytes (413)."""
    content = request.content
    if content.is_eof():  # it came together with the headers, as a scan's does
        body = content.read_nowait()
        if len(body) > limit:
            raise too_large(limit)
        return body
    length = request.content_length
    if length is not None and length > limit:
        raise too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return b"".join(parts)


def decode[T](decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a JSON body (400 when it is no JSON, 422 when a value is not allowed)."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise problem_of(error, body) from None
    except RecursionError:
        raise Problem(400, "malformed", "The JSON is nested too deeply.") from None


def problem_of(error: Exception, body: bytes) -> Problem:
    """Turn what the decoder found into a problem: 400 for what is no JSON, else the field."""
    if not isinstance(error, msgspec.ValidationError) or not _is_json(body):
        return Problem(400, "malformed", "The body is not JSON in UTF-8.")
    text = str(error)
    path = match["path"].lstrip(".") if (match := _PATH.search(text)) else ""
    detail = _PATH.sub("", text)
    if "required field" in detail or "unknown field" in detail:
        named = _FIELD.search(detail)
        path = ".".join(part for part in (path, named["field"] if named else "") if part)
    return invalid(path or None, detail)


def _is_json(body: bytes) -> bool:
    """Tell whether a body is JSON at all; the typed decoder stops at the first bad value."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def nonce_of(body: bytes, longest: int) -> str | None:
    """Read the nonce of a scan that cannot be read otherwise."""
    if not _is_json(body):
        return None
    document: Any = msgspec.json.decode(body)
    nonce = document.get("nonce") if isinstance(document, dict) else None
    return nonce if isinstance(nonce, str) and len(nonce) <= longest else None


def one_of(query: Mapping[str, str], allowed: frozenset[str]) -> None:
    """Refuse parameters that are not known (422)."""
    for name in query:
        if name not in allowed:
            raise invalid(name, f"There is no parameter `{name}` here.")


def words(query: Mapping[str, str], name: str) -> str | None:
    """Read a parameter that people type: 1 to 200 characters, none of them a control character."""
    text = query.get(name)
    if text is not None and not (1 <= len(text) <= WORDS_LENGTH and text.isprintable()):
        raise invalid(name, f"1 to {WORDS_LENGTH} characters, in one line.")
    return text


def event_id(query: Mapping[str, str], name: str) -> str | None:
    """Read a parameter that names an event, such as ``1-1763759123456-0``."""
    text = query.get(name)
    if text is not None and not EVENT_ID.fullmatch(text):
        raise invalid(name, "Not an event's id.")
    return text


def page_limit(query: Mapping[str, str]) -> int:
    """Read ``?limit=``: 1 to 1,000, by default 100."""
    text = query.get("limit")
    if text is None:
        return PAGE
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:5]) <= PAGE_LIMIT):
        raise invalid("limit", f"A whole number from 1 to {PAGE_LIMIT}.")
    return int(text)
