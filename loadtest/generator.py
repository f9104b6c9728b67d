"""Present tickets to a gateway and time the answers.

The open loop sends when a visitor is due, whether or not earlier answers have come: latency counts
from the due time, so a stall shows in every scan it delayed (a closed loop sends less during a
stall and hides it; that is coordinated omission). The time from sending to the answer stands
beside it, and how late this generator was itself, without which the figures prove nothing.

The closed loop sends as soon as an answer has come; it measures throughput where wrk is missing.
A scan is never sent a second time: one without an answer is counted as lost.
"""

import asyncio
import contextlib
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

import orjson

from loadtest.client import Answer, Connection, Place
from loadtest.samples import Spread

LATE_S = 0.005
"""A generator later than this disturbs what it measures."""

BELIEVABLE = 0.01
"""Late for more than this share of its visitors, it is not believed. What it was late counts in
the latency, so below that the figures err to the bad side."""

GRANTED = "granted"
LOST = "lost"


def outcome_of(answer: Answer) -> str:
    """Name what an answer says: `granted`, the reason of a refusal, or the HTTP error.

    >>> outcome_of(Answer(200, b'{"decision":"denied","reason":"too_late"}'))
    'too_late'
    """
    if answer.status == 0:
        return LOST
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return f"http {answer.status}: not JSON"
    if answer.status != 200:  # noqa: PLR2004 - the status of every decision
        return f"http {answer.status}: {content.get('code')}"
    decision = content.get("decision")
    return GRANTED if decision == GRANTED else str(content.get("reason") or decision)


@dataclass(slots=True)
class Tally:
    """What happened, as it happens."""

    latency: array[float] = field(default_factory=lambda: array("d"))
    service: array[float] = field(default_factory=lambda: array("d"))
    outcomes: Counter[str] = field(default_factory=Counter)
    late: int = 0
    queued: int = 0
    latest_s: float = 0.0
    sent: int = 0
    examples: list[str] = field(default_factory=list)

    def note_late(self, late_s: float) -> None:
        """Note how late this generator attended to a visitor."""
        self.late += late_s > LATE_S
        self.latest_s = max(self.latest_s, late_s)

    def outcome(
        self, lasted_s: float, expected: frozenset[str] = frozenset({GRANTED})
    ) -> "Outcome":
        """Sum up what happened."""
        return Outcome(
            sent=self.sent,
            lasted_s=lasted_s,
            outcomes=dict(self.outcomes),
            wrong=sum(n for name, n in self.outcomes.items() if name not in expected),
            latency=Spread.of_seconds(self.latency),
            service=Spread.of_seconds(self.service),
            late=self.late,
            latest_ms=round(self.latest_s * 1_000, 3),
            queued=self.queued,
            examples=self.examples,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a generator found."""

    sent: int
    lasted_s: float
    outcomes: dict[str, int]
    wrong: int
    latency: Spread
    """From the due time to the answer."""
    service: Spread
    """From sending to the answer."""
    late: int
    """Visitors this generator attended to more than 5 ms late."""
    latest_ms: float
    queued: int
    """Visitors who found every connection busy."""
    examples: list[str]

    @property
    def answered(self) -> int:
        """How many got an answer."""
        return self.sent - self.outcomes.get(LOST, 0)

    @property
    def believable(self) -> bool:
        """Whether the generator itself was in time."""
        return self.late <= BELIEVABLE * self.sent

    @property
    def void(self) -> str:
        """Say why the run must not be used."""
        if self.wrong or not self.answered:
            return f"{self.wrong} wrong answers of {self.sent}: {self.examples[:2]}"
        if not self.believable:
            return f"the generator was more than 5 ms late {self.late} times of {self.sent}"
        return ""

    def as_json(self) -> dict[str, object]:
        """Return the outcome for a file or another process."""
        return {**asdict(self), "answered": self.answered, "rate": self.answered / self.lasted_s}

    @classmethod
    def from_json(cls, content: dict[str, object]) -> "Outcome":
        """Read what another process wrote."""
        known = {name: content[name] for name in cls.__slots__}
        for name in ("latency", "service"):
            spread = known[name]
            if not isinstance(spread, dict):
                raise TypeError(name)
            known[name] = Spread(**spread)
        return cls(**known)  # type: ignore[arg-type]


class Generator:
    """A fixed set of connections and what is sent over them.

    `requests` yields what to send, and its end is the end of the run; `expected` names the outcomes
    that are right.
    """

    def __init__(
        self,
        place: Place,
        requests: Iterator[bytes],
        *,
        connections: int,
        expected: frozenset[str] = frozenset({GRANTED}),
        on_begin: Callable[[], object] = lambda: None,
    ) -> None:
        self._place = place
        self._requests = requests
        self._size = connections
        self._expected = expected
        self._on_begin = on_begin
        self._tally = Tally()
        self._connections: list[Connection] = []
        self._free: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Send nothing more; what is on its way is waited for."""
        self._stop.set()

    async def open_loop(self, schedule: Iterator[float]) -> Outcome:
        """Send at the due times, until the schedule ends or `stop`."""
        await self._connect()
        self._free = list(self._connections)
        self._on_begin()
        begun = time.perf_counter()
        for offset in schedule:
            due = begun + offset
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            elif self._tally.sent % 16 == 0:
                await asyncio.sleep(0)  # behind: let answers in all the same
            if self._stop.is_set():
                break
            self._attend(due)
        await self._drain()
        return self._tally.outcome(time.perf_counter() - begun, self._expected)

    async def closed_loop(self, *, lasts_s: float) -> Outcome:
        """Keep one request on its way on every connection, for so long or until `stop`."""
        await self._connect()
        begun = time.perf_counter()
        until = begun + lasts_s

        def again(connection: Connection) -> None:
            now = time.perf_counter()
            if now < until and not self._stop.is_set() and connection.is_open:
                self._send(connection, now, again)

        for connection in self._connections:
            again(connection)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lasts_s):
                await self._stop.wait()
        await self._drain()
        return self._tally.outcome(time.perf_counter() - begun, self._expected)

    async def _connect(self) -> None:
        self._connections = [await Connection.open(self._place) for _ in range(self._size)]

    async def _drain(self) -> None:
        """Wait for the answers that are due; give up after ten seconds."""
        while self._in_flight or self._waiting:
            self._idle.clear()
            try:
                async with asyncio.timeout(10):
                    await self._idle.wait()
            except TimeoutError:
                break
        for connection in self._connections:
            connection.close()
        await asyncio.sleep(0)
        for _ in self._waiting:
            self._tally.sent += 1
            self._tally.outcomes[LOST] += 1

    def _attend(self, due: float) -> None:
        """Send for a visitor who is due, now or as soon as a connection is free."""
        self._tally.note_late(time.perf_counter() - due)
        if self._free:
            self._send(self._free.pop(), due, self._release)
        else:
            self._tally.queued += 1
            self._waiting.append(due)

    def _release(self, connection: Connection) -> None:
        """Serve whoever waits longest, or keep the connection for the next."""
        if not connection.is_open:
            return
        if self._waiting:
            self._send(connection, self._waiting.popleft(), self._release)
        else:
            self._free.append(connection)

    def _send(self, connection: Connection, due: float, then: Callable[[Connection], None]) -> None:
        request = next(self._requests, None)
        if request is None:
            self.stop()
            return
        tally = self._tally
        tally.sent += 1
        self._in_flight += 1
        sent = time.perf_counter()

        def answered(answer: Answer) -> None:
            now = time.perf_counter()
            self._in_flight -= 1
            outcome = outcome_of(answer)
            tally.outcomes[outcome] += 1
            if answer.status:
                tally.latency.append(now - due)
                tally.service.append(now - sent)
            if outcome not in self._expected and len(tally.examples) < 5:  # noqa: PLR2004 - some
                tally.examples.append(
                    f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}"
                )
            then(connection)
            if not self._in_flight:
                self._idle.set()

        connection.send(request, answered)
