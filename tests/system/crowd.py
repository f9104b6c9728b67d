"""A crowd at the gates: an asyncio client that keeps a ledger of every answer it got.

It knows only the HTTP contract. What the ledger says was granted must be in the books; what it says
was given up on must not.
"""

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg

from tests.system.gateways import Gateway

PATIENCE_S = 1.0


@dataclass(slots=True)
class Answer:
    """What one scan was told: a decision, ``store_unavailable``, or nothing (the line broke)."""

    code: str
    nonce: str | None
    direction: str
    word: str
    event: str | None
    replayed: bool
    degraded: bool
    took_s: float
    at: float


@dataclass(slots=True)
class Ledger:
    """All answers, in the order they came."""

    answers: list[Answer] = field(default_factory=list)

    def words(self) -> dict[str, int]:
        """Count the answers by word."""
        counted: dict[str, int] = {}
        for answer in self.answers:
            counted[answer.word] = counted.get(answer.word, 0) + 1
        return counted

    def granted(self) -> dict[str, str]:
        """Return the tickets that were let in, with the event of each."""
        return {
            answer.code: answer.event or ""
            for answer in self.answers
            if answer.word == "granted" and answer.direction == "entry"
        }

    def given_up(self) -> set[str]:
        """Return the tickets that were told of a silent store and of nothing else."""
        silent = {answer.code for answer in self.answers if answer.word == "store_unavailable"}
        return silent - {a.code for a in self.answers if a.word != "store_unavailable"}

    def slowest_s(self) -> float:
        """Return how long the slowest answer took."""
        return max((answer.took_s for answer in self.answers), default=0.0)


@contextlib.asynccontextmanager
async def a_client(key: str, connections: int = 128) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a client with a key."""
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {key}"},
        connector=aiohttp.TCPConnector(limit=connections, force_close=False),
        timeout=aiohttp.ClientTimeout(total=15),
    ) as client:
        yield client


async def scan(
    client: aiohttp.ClientSession,
    url: str,
    code: str,
    *,
    nonce: str | None = None,
    direction: str = "entry",
    reader: str = "door",
    **more: object,
) -> Answer:
    """Scan once."""
    body = {"code": code, "reader": reader, "direction": direction, **more}
    if nonce is not None:
        body["nonce"] = nonce
    began = time.perf_counter()
    word, event, replayed, degraded = "", None, False, False
    try:
        async with client.post(f"{url}/v1/scans", json=body) as response:
            told: dict[str, Any] = await response.json(content_type=None)
            if response.status == 200:
                word = told["reason"] or told["decision"]
                event, replayed, degraded = told["event"], told["replayed"], told["degraded"]
            else:
                word = told["code"]
    except (aiohttp.ClientError, OSError, ValueError):
        word = "no_answer"
    took_s = time.perf_counter() - began
    return Answer(code, nonce, direction, word, event, replayed, degraded, took_s, time.time())


class Crowd:
    """Visitors who keep coming, each with a ticket of their own.

    Args:
        gateways: where they scan, in turn.
        codes: their tickets.
        visitors: how many scan at once.
        exits: every so many-th scan is an exit (0: none).
        retries: how often a visitor whose scan was not decided tries again, with the same nonce.
        nonces: whether entries and exits carry nonces.
        rate: scans a second together at most.
    """

    def __init__(
        self,
        gateways: Sequence[Gateway],
        codes: Iterable[str],
        *,
        visitors: int = 32,
        exits: int = 0,
        retries: int = 0,
        nonces: bool = True,
        rate: float = 400.0,
    ) -> None:
        self.ledger = Ledger()
        self._gateways = gateways
        self._codes = iter(codes)
        self._visitors = visitors
        self._exits = exits
        self._retries = retries
        self._nonces = nonces
        self._pause_s = visitors / rate
        self._turn = itertools.count()
        self._name = secrets.token_hex(4)
        self._stop = False

    @property
    def count(self) -> int:
        """How many answers came."""
        return len(self.ledger.answers)

    @contextlib.asynccontextmanager
    async def coming(self) -> AsyncIterator[Ledger]:
        """Have them come for as long as the block lasts; those who wait get their answers."""
        async with a_client(self._gateways[0].key, self._visitors * 2) as client:
            tasks = [
                asyncio.create_task(self._visit(client), name=f"visitor-{number}")
                for number in range(self._visitors)
            ]
            try:
                yield self.ledger
            finally:
                self._stop = True
                await asyncio.gather(*tasks)

    async def _visit(self, client: aiohttp.ClientSession) -> None:
        while not self._stop:
            code = next(self._codes, None)
            if code is None:
                return
            turn = next(self._turn)
            url = self._gateways[turn % len(self._gateways)].url
            direction = "exit" if self._exits and turn % self._exits == 0 else "entry"
            nonce = f"{self._name}-{turn}" if self._nonces else None
            for _ in range(self._retries + 1):
                began = time.perf_counter()
                answer = await scan(client, url, code, nonce=nonce, direction=direction)
                self.ledger.answers.append(answer)
                await asyncio.sleep(max(0.0, self._pause_s - (time.perf_counter() - began)))
                if answer.word not in {"store_unavailable", "no_answer"}:
                    break


async def until(holds: Callable[[], bool], *, within_s: float = 20.0, what: str = "it") -> float:
    """Wait until something holds; return how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_s, f"{what} took more than {within_s} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def rows(gateway: Gateway, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database."""
    connection = await asyncpg.connect(gateway.run_file["postgres"])
    try:
        found: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return found
    finally:
        await connection.close()


async def sell(
    gateway: Gateway,
    count: int,
    *,
    product: str = "day",
    prefix: str = "T9",  # no base32: a seller's code, taken as it is
) -> list[str]:
    """Sell many tickets at once, by plain SQL, and wait until the gate knows the last of them."""
    connection = await asyncpg.connect(gateway.run_file["postgres"])
    try:
        await connection.execute(
            "INSERT INTO composteur.product (id, label) VALUES ($1, $1) ON CONFLICT DO NOTHING",
            product,
        )
        codes = [f"{prefix}-{number:06}-{time.time_ns() % 10**9:09}" for number in range(count)]
        await connection.execute(
            "INSERT INTO composteur.ticket (code, product)"
            " SELECT code, $2 FROM unnest($1::text[]) AS code",
            codes,
            product,
        )
    finally:
        await connection.close()
    async with a_client(gateway.key) as client:
        for code in (codes[0], codes[len(codes) // 2], codes[-1]):
            ends_at = time.monotonic() + 15
            while True:
                async with client.get(f"{gateway.url}/v1/tickets/{code}") as response:
                    if response.status == 200:
                        break
                assert time.monotonic() < ends_at, "the feed took more than 15 s"
                await asyncio.sleep(0.02)
    return codes


async def settled(gateway: Gateway, ledger: Ledger) -> None:
    """Check that the books say what the visitors were told."""
    granted = ledger.granted()
    verdict = await asyncio.to_thread(gateway.run, "verify")
    assert "store = events = attendance ✓" in verdict, verdict
    states = {
        row["code"]: row["made"]
        for row in await rows(gateway, "SELECT code, made FROM composteur.ticket_state")
    }
    events = {
        row["ticket_code"]: (row["stamps"], row["made"])
        for row in await rows(
            gateway,
            "SELECT ticket_code, sum(counted_stamps)::int AS stamps, array_agg(event_id) AS made"
            " FROM composteur.scan_event WHERE ticket_code IS NOT NULL GROUP BY ticket_code",
        )
    }
    lost = [code for code in granted if states.get(code) != 1]
    if lost:
        found = await rows(
            gateway,
            "SELECT event_id, kind, of, decision, reason, degraded, override_reason, counted_stamps"
            " FROM composteur.scan_event WHERE ticket_code = $1",
            lost[0],
        )
        told = [answer for answer in ledger.answers if answer.code == lost[0]]
        what = f"{len(lost)} of {len(granted)} stamps are lost: {lost[:5]}"
        raise AssertionError(
            f"{what}; told {told}, found {found}, {verdict}" + "".join(gateway.said)
        )
    uncounted = [code for code in granted if events.get(code, (0, []))[0] != 1]
    assert not uncounted, f"{len(uncounted)} stamps are not counted: {uncounted[:5]}"
    unnamed = [code for code, event in granted.items() if event not in events[code][1]]
    assert not unnamed, f"{len(unnamed)} events are not those that were told: {unnamed[:5]}"
    astray = [code for code in ledger.given_up() if states.get(code, 0) != 0]
    assert not astray, f"{len(astray)} stamps given up on stand: {astray[:5]}"
    twice = [code for code, made in states.items() if made > 1]
    assert not twice, f"{len(twice)} tickets are stamped twice: {twice[:5]}"
