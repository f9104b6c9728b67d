"""Visitors: each comes to a handheld with some ticket, and those let in leave a while later.

They arrive at random at a mean rate, whether or not the gateway keeps up (an open loop), and
compare each answer with what their ticket deserves.
"""

import asyncio
import heapq
import itertools
import random
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from gateway.demo.museum import HABITS, Kind, Space
from gateway.demo.seller import Shop, new_code

STAY_S = 45.0
ATTEMPTS = 5
PATIENCE_S = 2.0
AT_ONCE = 500
USED_UP = (Kind.DAY, Kind.TOUR, Kind.GROUP)


@dataclass(slots=True)
class Counts:
    """What has happened at the handhelds so far."""

    scans: int = 0
    granted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    surprises: Counter[str] = field(default_factory=Counter)
    """Answers that a ticket did not deserve; there must be none."""
    latest_ms: deque[float] = field(default_factory=lambda: deque(maxlen=2000))

    def percentile(self, share: float) -> float:
        """Return a percentile of the latest answers' times, in milliseconds."""
        times = sorted(self.latest_ms)
        return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0


@dataclass(frozen=True, slots=True)
class Handheld:
    """A scanner in somebody's hand: its key is bound to its reader."""

    reader: str
    space: Space
    key: str


class Crowd:
    """All visitors of a run."""

    def __init__(self, http: aiohttp.ClientSession, shop: Shop, handhelds: list[Handheld]) -> None:
        self.counts = Counts()
        self._http = http
        self._shop = shop
        self._handhelds: Mapping[Space, list[Handheld]] = {
            space: [each for each in handhelds if each.space == space] for space in Space
        }
        self._used: deque[str] = deque(maxlen=200)
        self._leaving: list[tuple[float, int, Kind, str, int]] = []
        self._order = itertools.count()
        self._busy = asyncio.Semaphore(AT_ONCE)
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let nobody come any more; those at a handheld get their answer."""
        self._closing.set()

    async def come(self, rate: float) -> None:
        """Let visitors arrive and leave until the doors close."""
        kinds, weights = list(HABITS), [habit.weight for habit in HABITS.values()]
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        async with asyncio.TaskGroup() as visits:
            while not self._closing.is_set():
                next_at += random.expovariate(rate)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(max(next_at, loop.time())):
                        await self._closing.wait()
                        return
                (kind,) = random.choices(kinds, weights)
                if (code := self._ticket(kind)) is not None:
                    await self._busy.acquire()
                    visits.create_task(self._arrive(kind, code), name="demo-arrival")
                while self._leaving and self._leaving[0][0] <= loop.time():
                    _, _, was, code, persons = heapq.heappop(self._leaving)
                    await self._busy.acquire()
                    visits.create_task(self._leave(was, code, persons), name="demo-departure")

    def _ticket(self, kind: Kind) -> str | None:
        """Take a ticket of a kind; none when the shop has sold out."""
        if kind is Kind.UNKNOWN:
            return new_code()
        if kind is Kind.COPY:
            return random.choice(self._used) if self._used else None
        shelf = self._shop.shelf[kind]
        if not shelf:
            return None
        code = shelf.popleft()
        if kind not in USED_UP and kind is not Kind.MEMBER:
            shelf.append(code)
        return code

    async def _arrive(self, kind: Kind, code: str) -> None:
        habit = HABITS[kind]
        try:
            answer = await self._scan(random.choice(self._handhelds[habit.space]), code, "entry")
        finally:
            self._busy.release()
        if answer is None:
            return
        if answer["reason"] != habit.refused_as:
            self.counts.surprises[f"{kind}: {answer['reason'] or 'granted'}"] += 1
        if answer["decision"] != "granted":
            self.counts.refused[answer["reason"]] += 1
            return
        persons = answer["ticket"]["persons"]
        self.counts.entered[habit.space] += persons
        if kind is Kind.DAY:
            self._used.append(code)
        leaves_at = asyncio.get_running_loop().time() + random.expovariate(1 / STAY_S)
        heapq.heappush(self._leaving, (leaves_at, next(self._order), kind, code, persons))

    async def _leave(self, kind: Kind, code: str, persons: int) -> None:
        space = HABITS[kind].space
        try:
            answer = await self._scan(random.choice(self._handhelds[space]), code, "exit")
        finally:
            self._busy.release()
        if answer is None:
            return
        if answer["decision"] == "granted":
            self.counts.left[space] += persons
        else:
            self.counts.refused[answer["reason"]] += 1
            self.counts.surprises[f"leaving: {answer['reason']}"] += 1
        if kind is Kind.MEMBER:
            self._shop.shelf[kind].append(code)

    async def _scan(self, handheld: Handheld, code: str, direction: str) -> dict[str, Any] | None:
        """Post a scan; the same nonce makes another attempt the same scan."""
        request = {"code": code, "direction": direction, "nonce": new_code()}
        loop = asyncio.get_running_loop()
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(0.2 * attempt)
            since = loop.time()
            try:
                async with self._http.post(
                    "/v1/scans",
                    json=request,
                    headers={"Authorization": f"Bearer {handheld.key}"},
                    timeout=aiohttp.ClientTimeout(PATIENCE_S),
                ) as response:
                    if response.status == 200:  # noqa: PLR2004  # OK, as everywhere
                        answer: dict[str, Any] = await response.json()
                        self.counts.latest_ms.append((loop.time() - since) * 1000)
                        self.counts.scans += 1
                        self.counts.granted += answer["decision"] == "granted"
                        return answer
            except (aiohttp.ClientError, TimeoutError):
                continue
        self.counts.unanswered += 1
        return None
