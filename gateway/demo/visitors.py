"""Visitors: each comes to a gate or a steward with some ticket; those let in leave a while later.

They arrive at random at a mean rate, whether or not the gateway keeps up (an open loop), and
compare each answer with what their ticket deserves. A few change their mind before an open gate,
walk in behind somebody else, or push through.
"""

import asyncio
import heapq
import itertools
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp

from drivers.mqtt.simulator import Behaviour, Visit
from drivers.signals import Direction
from gateway.demo.books import ROOMS, Window
from gateway.demo.counts import Counts, Fate
from gateway.demo.gates import Gate
from gateway.demo.museum import HABITS, Kind, Space
from gateway.demo.posts import Posts
from gateway.demo.seller import Shop, new_code

STAY_S = 45.0
OUT_S = 20.0
"""So long it takes until a room is empty that is evacuated."""
AT_ONCE = 500
USED_UP = (Kind.DAY, Kind.TOUR, Kind.GROUP)
BEHAVES: Final = {
    Behaviour.PASS: 94.7,
    Behaviour.GIVE_UP: 4,
    Behaviour.TAILGATE: 0.8,
    Behaviour.FORCE: 0.5,
}
ALONE: Final = {Behaviour.PASS: 96, Behaviour.GIVE_UP: 4}
"""At a door that would not notice who follows them."""
NOT_THE_TICKETS: Final = "the ticket holds"
"""What a steward says to whom a gate has refused for a reason of its own."""
OF_THE_PLACE: Final = frozenset(
    {
        "evacuation",
        "reader_out_of_service",
        "lane_busy",
        "space_closed",
        "store_unavailable",
        NOT_THE_TICKETS,
    }
)
"""Refusals that say nothing of a ticket: an operator has done something, or the store is away."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a visit went, wherever it was.

    Attributes:
        reason: why they were refused; None: they were not.
        persons: how many have gone through with this ticket.
        unused: the grant was given back, or nobody was asked.
    judged: it says something of the ticket.
    """

    reason: str | None = None
    persons: int = 0
    unused: bool = False
    judged: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Guest:
    """Somebody inside, and when they leave."""

    leaves_at: float
    number: int
    kind: Kind
    code: str
    persons: int


class Crowd:
    """All visitors of a run.

    Args:
        http: to the gateway.
        shop: where they buy.
        posts: where they go.
        window: shows whether everything works as usual (else an answer says nothing of a ticket),
            and which rooms are evacuated.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        shop: Shop,
        posts: Posts,
        window: Window,
    ) -> None:
        self.counts = Counts()
        self._http = http
        self._shop = shop
        self._posts = posts
        self._window = window
        self._hurried: set[Space] = set()
        self._used: deque[str] = deque(maxlen=200)
        self._inside: list[Guest] = []
        self._stowaways: Counter[Space] = Counter()
        """Inside without a ticket: they leave behind somebody who has one."""
        self._order = itertools.count()
        self._busy = asyncio.Semaphore(AT_ONCE)
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let nobody come any more; those at a gate or handheld are served."""
        self._closing.set()

    # --- coming and going

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
                self._look_around(loop.time())
                async for departure in self._departures(loop.time()):
                    visits.create_task(departure, name="demo-departure")

    async def _departures(self, now: float) -> AsyncIterator[Coroutine[Any, Any, None]]:
        """Name those who leave now; from an evacuated room also who came without a ticket."""
        while self._inside and self._inside[0].leaves_at <= now:
            await self._busy.acquire()
            yield self._leave(heapq.heappop(self._inside))
        for space in self._hurried:
            gate = self._posts.gate(space, "exit", group=False)
            if self._stowaways[space] and gate is not None and gate.modes["exit"] == "free":
                self._stowaways[space] -= 1
                yield self._walk_out(gate, space)

    def _look_around(self, now: float) -> None:
        """Notice what an operator has set: all leave a room that is evacuated."""
        if not self._window.calm:
            self._used.clear()  # somebody may have walked in without a stamp
        for space in ROOMS:
            if not self._window.standing.evacuated(space):
                self._hurried.discard(space)
            elif space not in self._hurried:
                self._hurried.add(space)
                self._inside = [
                    replace(guest, leaves_at=now + random.uniform(0, OUT_S))
                    if HABITS[guest.kind].space == space and guest.leaves_at > now + OUT_S
                    else guest
                    for guest in self._inside
                ]
                heapq.heapify(self._inside)

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
            answer = await self._enter(kind, code)
        finally:
            self._busy.release()
        if answer is None:
            return
        if answer.unused and (kind in USED_UP or kind is Kind.MEMBER):
            self._shop.shelf[kind].append(code)  # as good as before: somebody else comes with it
        await self._compare(kind, answer, habit.refused_as)
        if not answer.persons:
            return
        if not answer.judged or habit.refused_as is not None:
            self._stowaways[habit.space] += answer.persons  # let in whatever they showed
            return
        if kind is Kind.DAY and self._window.calm:
            self._used.append(code)
        leaves_at = asyncio.get_running_loop().time() + random.expovariate(1 / STAY_S)
        heapq.heappush(
            self._inside, Guest(leaves_at, next(self._order), kind, code, answer.persons)
        )

    async def _enter(self, kind: Kind, code: str) -> Answer | None:
        """Go in by a gate or past a steward; None: nobody has answered."""
        space = HABITS[kind].space
        gate = self._posts.gate(space, "entry", group=kind is Kind.GROUP)
        if gate is None or self._window.standing.evacuated(space):
            return await self._past_a_steward(space, code, "entry")
        does = Behaviour.PASS
        if kind is not Kind.GROUP:
            behaves = BEHAVES if self._posts.counts_heads(gate) else ALONE
            (does,) = random.choices(list(behaves), list(behaves.values()))
        return await self._through(gate, space, code, "entry", does)

    async def _leave(self, guest: Guest) -> None:
        space = HABITS[guest.kind].space
        try:
            answer = await self._go_out(guest, space)
        finally:
            self._busy.release()
        if answer is not None:
            await self._compare("leaving", answer, None)
        if guest.kind is Kind.MEMBER:
            self._shop.shelf[guest.kind].append(guest.code)

    async def _go_out(self, guest: Guest, space: Space) -> Answer | None:
        group = guest.kind is Kind.GROUP
        gate = self._posts.gate(space, "exit", group=group)
        if gate is not None:
            does = Behaviour.PASS
            if self._stowaways[space] and not group and self._posts.counts_heads(gate):
                self._stowaways[space] -= 1
                does = Behaviour.TAILGATE
            answer = await self._through(gate, space, guest.code, "exit", does)
            if answer is not None and answer.reason is None:
                return answer
            self._stowaways[space] += does is Behaviour.TAILGATE
        return await self._past_a_steward(space, guest.code, "exit")

    async def _walk_out(self, gate: Gate, space: Space) -> None:
        await self._through(gate, space, "", "exit", Behaviour.PASS)

    # --- a steward, a gate

    async def _past_a_steward(self, space: Space, code: str, direction: Direction) -> Answer | None:
        handheld = random.choice(self._posts.handhelds[space])
        answer = await handheld.scan(self._http, self.counts, code, direction)
        if answer is None:
            return None
        if answer["decision"] != "granted":
            self.counts.refused[answer["reason"]] += 1
            return Answer(answer["reason"])
        persons = 1 if answer["ticket"] is None else answer["ticket"]["persons"]
        self._count(space, direction, persons)
        return Answer(persons=persons)

    async def _ask_why(self, space: Space, code: str, direction: Direction) -> str:
        """Ask a steward, where a red lamp is all that a gate has to say."""
        steward = random.choice(self._posts.handhelds[space])
        return await steward.why(self._http, code, direction) or NOT_THE_TICKETS

    async def _through(
        self, gate: Gate, space: Space, code: str, direction: Direction, does: Behaviour
    ) -> Answer | None:
        """Go to a gate with a ticket; who passed is what the gate itself has counted."""
        async with self._posts.turn(gate):
            before = gate.counters[direction]
            if gate.modes[direction] == "free":
                await gate.walk_through(direction)
                visit = Visit(code, "free")
            else:
                visit = await gate.visit(code, direction, does=does)
            persons = gate.counters[direction] - before
        self._count(space, direction, persons)
        if visit.outcome == "forced":
            self.counts.gates[Fate.FORCED] += 1
            self._stowaways[space] += 1
            return Answer(unused=True, judged=False)
        if visit.outcome in {"free", "admitted"}:
            return Answer(persons=persons, judged=False)
        if visit.outcome == "unanswered":
            self.counts.unanswered += 1
            return None
        granted = visit.outcome in {"passed", "gave_up"}
        self.counts.answered(visit.waited_ms, granted=granted)
        if not granted:
            reason = visit.reason or await self._ask_why(space, code, direction)
            self.counts.refused[reason] += 1
            return Answer(reason, unused=reason == NOT_THE_TICKETS)
        if visit.outcome == "gave_up":
            self.counts.gates[Fate.GAVE_UP] += 1
            return Answer(unused=True)
        behind = int(does is Behaviour.TAILGATE)
        self.counts.gates[Fate.TAILGATED] += behind
        self.counts.gates[Fate.PASSED] += persons - behind
        if direction == "entry":
            self._stowaways[space] += behind
        return Answer(persons=persons - behind)

    # --- what is noted

    def _count(self, space: Space, direction: Direction, persons: int) -> None:
        (self.counts.entered if direction == "entry" else self.counts.left)[space] += persons

    async def _compare(self, who: str, answer: Answer, deserved: str | None) -> None:
        """Note an answer that a ticket did not deserve, while everything is as usual."""
        reason = answer.reason
        if not answer.judged or reason == deserved or reason in OF_THE_PLACE:
            return
        if await self._window.ordinary():
            self.counts.surprises[f"{who}: {reason or 'granted'}"] += 1
