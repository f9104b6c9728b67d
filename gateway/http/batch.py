"""``POST /v1/scans/batch``: what handhelds decided while they were offline.

Items are judged in the order of their ``at`` and answered in the order sent. They go to the store
in small groups without the same ticket twice, so that live scans find their turn in between.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
import orjson
from aiohttp import hdrs, web

from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim, believed
from gateway.http.face import Face
from gateway.http.problems import Problem, invalid
from gateway.http.repeats import HEADER
from gateway.http.requests import BATCH_LIMIT, nonce_of, problem_of
from gateway.http.responses import json_answer
from gateway.http.routing import Routes
from gateway.http.scans import (
    NONCE_LENGTH,
    OPERATOR,
    CodeText,
    Nonce,
    Persons,
    check_length,
    place_of,
    taken,
)
from gateway.http.schemas import BatchAnswer
from gateway.http.times import instant
from gateway.people.identity import Identity
from gateway.people.roles import Role
from gateway.tickets.codes.reading import MALFORMED, Reading
from gateway.tickets.decision import Decision
from gateway.tickets.reasons import Reason
from gateway.venue.answers import Document
from gateway.venue.codes import noted
from gateway.venue.readers import ReaderFacts

ITEMS = 1000
GROUP = 32

routes = Routes("batch")


class OfflineScan(msgspec.Struct, forbid_unknown_fields=True):
    """A scan that was decided offline, at ``at`` by the device's clock."""

    code: CodeText
    nonce: Nonce
    at: str
    decided: Literal["granted", "denied"]
    direction: Literal["entry", "exit"] | None = None
    persons: Persons | None = None
    reason: Reason | None = None


@dataclass(slots=True)
class _Item:
    position: int
    scan: OfflineScan
    reader: ReaderFacts
    place: Place
    at: int
    reading: Reading = MALFORMED


@routes.add(
    "POST",
    "/v1/scans/batch",
    "Upload scans decided offline; a granted one always counts",
    role=Role.SCANNER,
    body=list[msgspec.Raw],
    shape=list[OfflineScan],
    answer=BatchAnswer,
    limit=BATCH_LIMIT,
    changes=True,
    problems=(503,),
)
async def batch(
    face: Face, request: web.Request, identity: Identity, body: list[msgspec.Raw]
) -> web.StreamResponse:
    """Record a batch; invalid items are told apart, the others are taken."""
    if HEADER not in request.headers:
        raise invalid(HEADER, "A batch needs an Idempotency-Key.")
    if identity.reader is None:
        raise invalid("reader", "A batch is the upload of one reader: use a key bound to it.")
    if len(body) > ITEMS:
        raise Problem(413, "too_large", f"A batch has at most {ITEMS} items.")
    answers: list[Document] = [{} for _ in body]
    items = sorted(_read(face, identity, body, answers), key=lambda item: item.at)
    language = face.language(request.headers.get(hdrs.ACCEPT_LANGUAGE))
    for group in _groups(face, items):
        decisions = await asyncio.gather(*(_record(face, identity, item) for item in group))
        for item, decision in zip(group, decisions, strict=True):
            message = face.services.message(decision, item.place, language)
            document = face.answers.decision(decision, message, operator=identity.rank >= OPERATOR)
            document["nonce"] = item.scan.nonce
            answers[item.position] = document
        await asyncio.sleep(0)
    return json_answer(orjson.dumps({"items": answers}))


def _read(
    face: Face, identity: Identity, body: list[msgspec.Raw], answers: list[Document]
) -> Iterator[_Item]:
    """Read the items that are valid; write a problem for each other."""
    decoder = msgspec.json.Decoder(OfflineScan)
    now = face.services.clock()
    for position, raw in enumerate(body):
        try:
            scan = decoder.decode(raw)
            said = instant("at", scan.at)
            reader, place = place_of(face, identity, None, scan.direction)
            check_length(scan.code)
        except (Problem, msgspec.DecodeError, UnicodeDecodeError) as error:
            text = bytes(raw)
            problem = error if isinstance(error, Problem) else problem_of(error, text)
            nonce = nonce_of(text, NONCE_LENGTH)
            answers[position] = {"nonce": nonce, "problem": problem.document()}
            continue
        yield _Item(position, scan, reader, place, believed(said, now))


def _groups(face: Face, items: list[_Item]) -> Iterator[list[_Item]]:
    """Read the codes, and cut into groups, in order, in which no ticket comes twice.

    A group at a time: a thousand signatures in a row would have live scans wait.
    """
    codes_of_site = face.services.operations.codes
    group: list[_Item] = []
    codes: set[str | None] = set()
    for item in items:
        item.reading = codes_of_site.read(item.scan.code, item.at)
        code = item.reading.reference
        if len(group) >= GROUP or code in codes:
            yield group
            group, codes = [], set()
        group.append(item)
        codes.add(code)
    if group:
        yield group


async def _record(face: Face, identity: Identity, item: _Item) -> Decision:
    scan, store = item.scan, face.services.store
    reading = await face.services.operations.codes.settled(scan.code, item.reading, item.at)
    reading = taken(identity, item.reader, item.place, reading)
    if reading.reference is None:
        return await store.malformed(item.place, operator=identity.operator)
    claim = Claim(
        at=item.at,
        granted=scan.decided == "granted",
        reason=scan.reason,
        device_at=instant("at", scan.at),
    )
    decision = await store.record(
        reading.reference,
        item.place,
        claim,
        nonce=scan.nonce,
        persons=scan.persons,
        operator=identity.operator,
        flags=reading.objection,
        step=reading.step,
    )
    return noted(decision, reading)
