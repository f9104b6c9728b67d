"""What happens to a code that a wire has read: one question to the store, one answer to the gate.

This is the path a visitor waits on: no task, no lock and no log line for a scan. Each direction of
a reader has one long-lived task that takes codes one by one. Where the store is silent the decision
is made here, by the equipment's policy, soon enough for the visitor not to notice (DESIGN 11).
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from config.models import Equipment
from controllers.machine import Refusal
from drivers.signals import CodeRead
from gateway.entitlements.place import Direction, Place
from gateway.errors import StoreUnavailable
from gateway.tickets.codes import MAX_CODE_BYTES
from gateway.tickets.codes.reading import MALFORMED, Reading
from gateway.tickets.decision import Decision
from gateway.tickets.reasons import REFUSES_EXIT, Reason
from gateway.venue.codes import demanded, noted
from gateway.venue.late import LateScan
from gateway.venue.needs import Needs
from gateway.venue.settlements import Entry, Malformed, Untracked

PATIENCE_MS: Final = 100
"""What the store has; the rest of the 150 ms is for what is decided and sent without it."""
SHORTEST_MS: Final = 20
MOST_WAITING: Final = 16
"""Codes of one direction. Nobody stands behind a sixteenth one."""
LOCAL: Final = "local-"
"""How the `tx` of a grant begins that has no event: it was made while the store was silent."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A grant that a gate is to let in.

    Attributes:
        tx: the grant's event.
        persons: how many may pass.
        longer: they need more time.
        counted: the books have them already, whether they pass or not.
        code: the ticket's reference, ``""`` where it is not known.
        reader: who has read it.
    """

    direction: Direction
    tx: str
    persons: int = 1
    longer: bool = False
    counted: bool = False
    code: str = ""
    reader: str = ""


class Barrier(Protocol):
    """The gate that a reader stands at, wherever it is."""

    def refusal(self, direction: Direction) -> Refusal | None:
        """Why nobody can be let in just now."""

    def open_for(self, direction: Direction) -> Admission | None:
        """Return whom it is letting in, as far as that is known."""

    def admit(self, admission: Admission) -> None:
        """Let them in; never waits."""


@dataclass(slots=True)
class _Last:
    """The code that a direction has read last; instants are in seconds of the loop.

    Attributes:
        at: when it was seen last.
        decided_at: when it was decided about; ``None``: not yet.
        granted: what was decided.
        held: the gate was busy then: with its visitor, or with another one.
    """

    code: str = ""
    at: float = 0.0
    decided_at: float | None = None
    granted: bool = False
    held: bool = False


@dataclass(slots=True)
class _Shown:
    """A code in its turn: ``read`` names the reference, ``text`` is what was read."""

    read: CodeRead
    text: str
    reading: Reading
    since: float


type Decided = Callable[[CodeRead, Place, Decision], None]
"""Told of each decision: to be shown."""


class Scanner:
    """One reader.

    Args:
        equipment: the reader, or the gate that reads by itself.
        places: where it stands, by direction.
        barrier: what its grants open.
        needs: the rest of the venue.
        settle: has something written into the books.
        decided: told of each decision.
    """

    def __init__(
        self,
        equipment: Equipment,
        places: dict[Direction, Place],
        barrier: Barrier,
        needs: Needs,
        *,
        settle: Callable[[Entry], None],
        decided: Decided,
    ) -> None:
        self._equipment = equipment
        self._places = places
        self._barrier = barrier
        self._needs = needs
        self._settle = settle
        self._decided = decided
        self._queues: dict[Direction, deque[_Shown]] = {direction: deque() for direction in places}
        self._some = {direction: asyncio.Event() for direction in places}
        self._last = {direction: _Last() for direction in places}
        self._loop = asyncio.get_running_loop()

    def take(self, read: CodeRead) -> None:
        """Take what was read: to be judged in its turn."""
        direction = self._direction(read)
        reading = self._read(read.code)
        if read.id is None and self._is_seen_again(reading.reference or read.code, direction):
            return
        place = self._places[direction]
        if reading.reference is None:
            self._settle(Malformed(place))
            self._decide_last(read.code, direction, granted=False)
            self._answer(read, place, Decision(granted=False, reason=Reason.MALFORMED_CODE), 0.0)
            return
        queue = self._queues[direction]
        if len(queue) < MOST_WAITING:
            named = replace(read, code=reading.reference)
            queue.append(_Shown(named, read.code, reading, self._loop.time()))
            self._some[direction].set()

    def _is_seen_again(self, code: str, direction: Direction) -> bool:
        """Tell whether a reader, which names no readings, goes on seeing the code it has read.

        Its visitor still stands there, and to be told that their ticket is used would be wrong.
        """
        last, now = self._last[direction], self._loop.time()
        recent = last.code == code and now - last.at < self._equipment.repeat_ms / 1000
        if recent and not self._is_over(last, direction, now):
            last.at = now
            return True
        self._last[direction] = _Last(code, now)
        return False

    def _is_over(self, last: _Last, direction: Direction, now: float) -> bool:
        """Tell whether nobody acts on a reading any more: whoever shows the code means it anew."""
        if last.decided_at is None:
            return False
        if last.held:  # also who was refused because of somebody else waits for this
            return self._barrier.refusal(direction) != "lane_busy"
        return not last.granted and now - last.decided_at >= self._equipment.deny_s

    def _decide_last(self, code: str, direction: Direction, *, granted: bool) -> None:
        last = self._last[direction]
        if last.code == code:
            last.decided_at, last.granted = self._loop.time(), granted
            last.held = self._barrier.refusal(direction) == "lane_busy"

    def _read(self, text: str) -> Reading:
        if len(text.encode("utf-8", "surrogatepass")) > MAX_CODE_BYTES:
            return MALFORMED
        return self._needs.codes.read(text)

    def _direction(self, read: CodeRead) -> Direction:
        """Return the direction a code was read in: the reader's own where it says none."""
        if read.direction is not None and read.direction in self._places:
            return read.direction
        return next(iter(self._places))

    async def keep_judging(self, direction: Direction) -> None:
        """Judge codes of one direction until cancelled, one after the other."""
        queue, some, place = self._queues[direction], self._some[direction], self._places[direction]
        while True:
            await some.wait()
            while queue:
                shown = queue.popleft()
                decision = await self._judge(shown, place)
                self._decide_last(shown.read.code, direction, granted=decision.granted)
                self._answer(shown.read, place, decision, self._loop.time() - shown.since)
            some.clear()

    async def _judge(self, shown: _Shown, place: Place) -> Decision:
        """Decide about one code, and let in whom it lets in."""
        needs, barrier, read = self._needs, self._barrier, shown.read
        reading = shown.reading
        if reading.objection:
            reading = await needs.codes.settled(shown.text, reading)
        reading = demanded(reading, self._equipment.accepts, place.direction)
        if barrier.refusal(place.direction) == "lane_busy":
            busy = self._busy(read, place)
            if busy is not None:
                return busy
        nonce = read.id or secrets.token_hex(8)
        flags = needs.flags.of(place) + reading.objection
        waited_ms = int((self._loop.time() - shown.since) * 1000)
        patience_ms = max(SHORTEST_MS, PATIENCE_MS - waited_ms // 10 * 10)
        first = needs.first if flags else None
        first = first if first and first.awaits_first(place, flags) else None
        try:
            if first is not None:
                flags = await first.flags_of_first(
                    read.code, place, flags, needs.store, within_ms=patience_ms
                )
            decision = await needs.store.scan(
                read.code,
                place,
                nonce=nonce,
                patience_ms=patience_ms,
                flags=flags,
                step=reading.step,
            )
        except StoreUnavailable:
            decision = self._decide_alone(reading, place, nonce, flags)
        else:
            if needs.outage.lasts:
                needs.outage.over(needs.wall())
            if first is not None and decision.granted and "c" not in flags:
                first.came(place)
        if decision.granted and not decision.replayed and (decision.event or "f" not in flags):
            counted = place.hold_ms is None or decision.degraded
            barrier.admit(
                Admission(
                    place.direction,
                    decision.event or f"{LOCAL}{nonce}",
                    decision.persons,
                    decision.attention,
                    counted,
                    read.code,
                    place.reader,
                )
            )
        return decision if decision.granted else noted(decision, reading)

    def _busy(self, read: CodeRead, place: Place) -> Decision | None:
        """Answer at a gate that has somebody to let through; ``None``: the store knows better.

        It does where it keeps this reader's reservation. Who shows the same code again meanwhile
        gets the same answer, and no second release.
        """
        opened = self._barrier.open_for(place.direction)
        if opened is None or opened.reader != place.reader:
            return Decision(granted=False, reason=Reason.LANE_BUSY)
        if not opened.counted:
            return None
        if opened.code != read.code:
            return Decision(granted=False, reason=Reason.LANE_BUSY)
        event = None if opened.tx.startswith(LOCAL) else opened.tx
        return Decision(
            granted=True,
            event=event,
            replayed=True,
            persons=opened.persons,
            degraded=event is None,
        )

    def _decide_alone(self, reading: Reading, place: Place, nonce: str, flags: str) -> Decision:
        """Decide while the store is silent, and keep who is let in for later."""
        reason = self._refused_alone(reading, place, flags)
        if reason is not None:
            return Decision(granted=False, reason=reason, degraded=True)
        if "f" in flags and place.direction == "entry":
            if place.hold_ms is None:  # else the gate counts who passes freely
                self._settle(Untracked(place, 1, "free"))
            return Decision(granted=True, degraded=True)
        code = reading.reference or ""
        self._needs.late.put(LateScan(code, place, nonce, None, "", self._needs.wall()))
        return Decision(granted=True, degraded=True)

    def _refused_alone(self, reading: Reading, place: Place, flags: str) -> Reason | None:
        found = [Reason.READER_OUT_OF_SERVICE] if "o" in flags else []
        found += [Reason.SPACE_CLOSED] if "c" in flags else []
        if place.direction == "exit":
            return next((reason for reason in found if reason in REFUSES_EXIT), None)
        if found or "f" in flags:
            return next(iter(found), None)
        if reading.objection:
            return Reason.BAD_SIGNATURE if reading.objection == "b" else Reason.STALE_CODE
        match self._equipment.local_policy:
            case "admit":
                return None
            case "deny":
                return Reason.STORE_UNAVAILABLE
            case "signed":
                needs = self._needs
                return needs.outage.refusal(self._equipment, reading, needs.wall())

    def _answer(self, read: CodeRead, place: Place, decision: Decision, took_s: float) -> None:
        self._needs.scanned(place.reader, decision.reason, took_s, decision.persons)
        self._decided(read, place, decision)
