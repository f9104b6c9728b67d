"""``POST /v1/scans``: the call that this project exists for, and what a scan means.

`judge` is shared with the stream: it finds the place, asks the store once, and writes the answer.
Nothing here logs, waits for a second thing or starts a task.
"""

import secrets
from typing import Annotated, Literal

import msgspec
import orjson
from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from gateway.entitlements.place import Place
from gateway.errors import StoreUnavailable
from gateway.http.face import Face
from gateway.http.problems import Problem, invalid
from gateway.http.responses import Answer, json_answer
from gateway.http.routing import Routes
from gateway.http.schemas import ScanAnswer
from gateway.http.texts import Text
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.codes import MAX_CODE_BYTES
from gateway.tickets.codes.reading import Reading
from gateway.tickets.decision import Decision
from gateway.tickets.reasons import Reason
from gateway.venue.answers import Document
from gateway.venue.codes import demanded, noted
from gateway.venue.late import LateScan
from gateway.venue.readers import ReaderFacts
from gateway.venue.scanning import LOCAL, Admission

PATIENCE_MS = 1000
NONCE_LENGTH = 128
OPERATOR = Role.OPERATOR.rank

routes = Routes("scans")

type Nonce = Annotated[str, msgspec.Meta(min_length=1, max_length=NONCE_LENGTH)]
type Persons = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
type CodeText = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CODE_BYTES)]


class Override(msgspec.Struct, forbid_unknown_fields=True):
    """Why an operator lets a visitor in all the same."""

    reason: Text


class ScanRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What a reader read; ``code`` has 1 to 512 bytes of UTF-8."""

    code: CodeText
    nonce: Nonce | None = None
    reader: str | None = None
    direction: Literal["entry", "exit"] | None = None
    mode: Literal["stamp", "check"] = "stamp"
    persons: Persons | None = None
    override: Override | None = None


@routes.add(
    "POST",
    "/v1/scans",
    "Stamp or check a ticket; a refusal is a 200",
    role=Role.SCANNER,
    body=ScanRequest,
    answer=ScanAnswer,
    counted=False,
    problems=(503,),
)
async def scan(
    face: Face, request: web.Request, identity: Identity, body: ScanRequest
) -> web.StreamResponse:
    """Answer one scan."""
    language = face.language(request.headers.get(hdrs.ACCEPT_LANGUAGE))
    try:
        document = await judge(face, identity, body, language)
    except StoreUnavailable:
        silent(face, identity, body)
        raise
    encoded = orjson.dumps(document)
    if request.keep_alive and request.version == HttpVersion11:
        return Answer(face.head.at(face.services.clock() // 1000), encoded)
    return json_answer(encoded)


async def judge(face: Face, identity: Identity, scan: ScanRequest, language: str) -> Document:
    """Decide about one scan and write the answer.

    Raises:
        Problem: the place or the code is not allowed, or the override is not for this caller.
        StoreUnavailable: an entry, while the store is silent.
    """
    services = face.services
    reader, place = place_of(face, identity, scan.reader, scan.direction)
    override = scan.override
    if override is not None and identity.rank < OPERATOR:
        raise Problem(403, "forbidden", "An override needs the role operator.", field="override")
    reading = read_code(face, scan.code)
    if reading.objection:
        reading = await services.operations.codes.settled(scan.code, reading)
    reading = taken(identity, reader, place, reading)
    code = reading.reference
    operator = identity.operator if override is None else identity.name
    if scan.nonce is None and place.direction == "exit":
        # Should the store's answer be lost, its record and the late one are told to be the same.
        scan.nonce = secrets.token_hex(8)
    started = services.monotonic()
    try:
        decision = await _ask(face, place, scan, reading, operator)
    except StoreUnavailable:
        if code is None or place.direction != "exit":
            raise
        decision = opened(face, code, place, scan, operator)
    if decision.reason is not None:
        decision = noted(decision, reading)
    counted_at = place.reader if scan.mode == "stamp" else ""
    services.metrics.scanned(
        counted_at, decision.reason, services.monotonic() - started, decision.persons
    )
    if scan.mode == "stamp":
        _tell(face, reader, place, decision, code)
    if override is not None and scan.mode == "stamp" and not decision.replayed:
        services.operations.acts.note(
            operator, "override", code, reason=override.reason, event=decision.event
        )
        await services.operations.acts.settled()
    message = services.message(decision, place, language, override=override is not None)
    return face.answers.decision(decision, message, operator=identity.rank >= OPERATOR)


def silent(face: Face, identity: Identity, scan: ScanRequest) -> None:
    """Count a scan that the store did not answer."""
    reader = scan.reader or identity.reader or ""
    face.services.metrics.scanned(
        reader if reader in face.services.readers else "", Reason.STORE_UNAVAILABLE, 0.0, 0
    )


def _tell(
    face: Face, reader: ReaderFacts, place: Place, decision: Decision, code: str | None
) -> None:
    """Tell those whom a decision concerns besides the caller."""
    if reader.asks:
        face.services.operations.http_gates.decided(place, decision)
    if reader.opens is not None and decision.granted:
        _open(face, reader.opens, place, decision, code)


def _open(face: Face, gate: str, place: Place, decision: Decision, code: str | None) -> None:
    """Have a gate let in whom a handheld beside it has granted; a repeated answer opens nothing."""
    if decision.replayed:
        return
    admission = Admission(
        place.direction,
        decision.event or f"{LOCAL}{secrets.token_hex(8)}",
        decision.persons,
        decision.attention,
        counted=place.hold_ms is None or decision.degraded,
        code=code or "",
        reader=place.reader,
    )
    face.services.admit(gate, admission)


def place_of(
    face: Face, identity: Identity, named: str | None, direction: Literal["entry", "exit"] | None
) -> tuple[ReaderFacts, Place]:
    """Find where a scan happens (422 unknown; 403 not the key's reader)."""
    own = identity.reader
    if own is not None and named is not None and named != own:
        raise Problem(403, "forbidden", f"This key scans at {own} only.", field="reader")
    name = named or own
    if name is None:
        raise invalid("reader", "Name a reader: this key is bound to none.")
    reader = face.services.readers.get(name)
    if reader is None:
        raise invalid("reader", "There is no such reader.")
    place = reader.place(direction)
    if place is None:
        raise invalid("direction", f"The reader {name} does not serve this direction.")
    return reader, place


def read_code(face: Face, text: str) -> Reading:
    """Read a code (422 when it is too long)."""
    check_length(text)
    return face.services.operations.codes.read(text)


def taken(identity: Identity, reader: ReaderFacts, place: Place, reading: Reading) -> Reading:
    """Object to a code that the reader does not take; operators look at the ticket as well."""
    if reader.accepts == "any" or identity.rank >= OPERATOR:
        return reading
    return demanded(reading, reader.accepts, place.direction)


def check_length(text: str) -> None:
    """Refuse a code that is too long (422)."""
    if not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > MAX_CODE_BYTES:
        raise invalid("code", f"A code has at most {MAX_CODE_BYTES} bytes.")


async def _ask(
    face: Face, place: Place, scan: ScanRequest, reading: Reading, operator: str
) -> Decision:
    """Have the store decide; the first of the staff opens a space that waits for them."""
    code = reading.reference
    if code is None:
        return await _malformed(face, place, scan, operator)
    operations, store = face.services.operations, face.services.store
    flags = operations.flags.of(place) + reading.objection
    first = bool(flags) and operations.opening.awaits_first(place, flags)
    if first:
        flags = await operations.opening.flags_of_first(
            code, place, flags, store, within_ms=PATIENCE_MS
        )
    decision = await store.scan(
        code,
        place,
        check=scan.mode == "check",
        nonce=scan.nonce,
        persons=scan.persons,
        operator=operator,
        override=None if scan.override is None else scan.override.reason,
        patience_ms=PATIENCE_MS,
        flags=flags,
        step=reading.step,
    )
    if first and "c" not in flags and decision.granted and decision.event is not None:
        operations.opening.came(place)
    return decision


async def _malformed(face: Face, place: Place, scan: ScanRequest, operator: str) -> Decision:
    """Refuse what no ticket can be; a check makes no event, and a silent store none either."""
    refused = Decision(granted=False, reason=Reason.MALFORMED_CODE, persons=scan.persons or 1)
    if scan.mode == "check":
        return refused
    try:
        return await face.services.store.malformed(place, operator=operator)
    except StoreUnavailable:
        return msgspec.structs.replace(refused, degraded=True)


def opened(face: Face, code: str, place: Place, scan: ScanRequest, operator: str) -> Decision:
    """Let a visitor out while the store is silent, and keep the scan for later."""
    if scan.mode == "stamp":
        services = face.services
        services.degraded.put(
            LateScan(code, place, scan.nonce, scan.persons, operator, services.clock())
        )
    return Decision(granted=True, persons=scan.persons or 1, degraded=True)
