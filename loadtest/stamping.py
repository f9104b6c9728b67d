"""Stamp a given number of tickets, each once: to fill a store or a stream, not to time anything."""

import asyncio
from collections.abc import Iterator

import orjson

from loadtest.client import Connection
from loadtest.codes import code_of
from loadtest.generator import Generator
from loadtest.site import READER, lane
from loadtest.stand import OK, Stand, StandFailed

CONNECTIONS = 32


async def stamp(stand: Stand, first: int, count: int) -> None:
    """Stamp tickets at a reader whose grant is the entry; every one must be granted."""
    requests = stand.requests

    def scans() -> Iterator[bytes]:
        for number in range(first, first + count):
            code = code_of(number)
            body = {"code": code, "nonce": code, "reader": READER}
            yield requests.scan(orjson.dumps(body))

    generator = Generator(stand.place, scans(), connections=CONNECTIONS)
    outcome = await generator.closed_loop(lasts_s=3_600)
    if outcome.outcomes != {"granted": count}:
        raise StandFailed(f"not all were granted: {outcome.outcomes} {outcome.examples[:1]}")


async def stamp_and_pass(stand: Stand, first: int, count: int, *, lanes: int) -> None:
    """Stamp tickets at turnstiles, and report each passage before the next scan there."""
    numbers = iter(range(first, first + count))

    async def turnstile(reader: str) -> None:
        connection = await Connection.open(stand.place)
        requests = stand.requests
        for number in numbers:
            code = code_of(number)
            body = orjson.dumps({"code": code, "nonce": code, "reader": reader})
            answer = await connection.ask(requests.scan(body))
            content = orjson.loads(answer.body) if answer.status == OK else {}
            if content.get("decision") != "granted":
                raise StandFailed(f"not granted: {answer}")
            passage = requests.post(f"/v1/scans/{content['event']}/passage", b"{}")
            answer = await connection.ask(passage)
            if answer.status != OK:
                raise StandFailed(f"no passage: {answer}")
        connection.close()

    async with asyncio.TaskGroup() as group:
        for number in range(lanes):
            group.create_task(turnstile(lane(number)), name=lane(number))
