"""A gate of ours that is not there: it speaks the true wire, and people go through it.

For tests, for the demo and for `composteur simulate gate`. It keeps the rules that the contract
sets a gate, and breaks them on request.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random
from typing import Any, Final, Literal, override

import msgspec

from drivers.mqtt import codec
from drivers.mqtt.connection import Away, Target, connected
from drivers.mqtt.memory import Seen
from drivers.mqtt.packets import Filter, Message, Will
from drivers.mqtt.simulated import Simulated
from drivers.signals import Direction, GateEventType, Mode

FREELY: Final = ""
"""Instead of a grant's event: the gate stands open."""
IDS_REMEMBERED: Final = 256
FRESH_MS: Final = 25_000
"""A gateway says every 10 s that it is there; one that has not for so long is not."""
FIRST_WORD_S: Final = 0.5
EVENTS_KEPT: Final = 1000
PASSAGES_KEPT: Final = 5
"""Told again when a gateway comes, or comes back: the former one may have died before it wrote
them, and a broker that has lost the gateway's session takes what nobody hears."""

DIRECTIONS: Final[tuple[Direction, ...]] = ("entry", "exit")

_READ: Final = msgspec.json.Decoder(dict[str, Any])


class Behaviour(StrEnum):
    """What a person does at a gate."""

    PASS = "pass"  # noqa: S105
    GIVE_UP = "giveup"
    TAILGATE = "tailgate"
    """Pass, and somebody else right behind."""
    WRONG_WAY = "wrongway"
    FORCE = "force"
    """Push through without a ticket."""


@dataclass(slots=True)
class Faults:
    """What is wrong with the gate; change it while it runs.

    Attributes:
        mute: it acknowledges nothing, and obeys nothing.
        late_ack_s: its acknowledgements come so much later.
        refuse: it refuses every command, with this word.
        frozen: it hears nothing and says nothing, while its connection stays.
        duplicate: it says every event and every scan twice.
        bouncing: its passage switch bounces: one person makes three passages within 20 ms.
        battery: in percent.
        clock_ms: its clock is ahead by so much.
    """

    mute: bool = False
    late_ack_s: float = 0.0
    refuse: str = ""
    frozen: bool = False
    duplicate: bool = False
    bouncing: bool = False
    battery: int | None = None
    clock_ms: int = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """How the gate and its people are.

    Attributes:
        hold_s: an open gate closes again after so long.
        walk_s: how long a person takes from the release to having passed.
        patience_s: how long a person waits for the gate.
        local_policy: what the gate does while no gateway is there.
        protocol: the version of MQTT it speaks.
        keepalive_s: its keep-alive.
    """

    hold_s: float = 5.0
    walk_s: float = 0.8
    patience_s: float = 3.0
    local_policy: Literal["deny", "admit"] = "deny"
    protocol: Literal["5", "3.1.1"] = "5"
    keepalive_s: int = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """How it went for one person (or party).

    Attributes:
        code: what they presented.
        outcome: ``passed``, ``gave_up``, ``refused``, ``unanswered``, ``admitted`` (by the gate
            itself), ``forced``.
        reason: why they were refused.
        waited_ms: from the code to the release or refusal.
    """

    code: str
    outcome: str
    reason: str = ""
    waited_ms: float = 0.0


@dataclass(slots=True)
class _Way:
    """One direction: who is released, and who waits."""

    tx: str | None = None
    persons: int = 0
    closing: asyncio.TimerHandle | None = None
    waiting: asyncio.Future[str | None] | None = None
    """A person in front: ends with the grant's event, FREELY, or None for a refusal."""
    scan: str = ""
    decision: dict[str, Any] = field(default_factory=dict)
    one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self) -> None:
        """Stay open while somebody is passing."""
        if self.closing is not None:
            self.closing.cancel()
            self.closing = None

    def close(self) -> None:
        """Close, whoever was released."""
        self.hold()
        self.tx, self.persons = None, 0
        self.closed.set()


class SimulatedGate(Simulated):
    """One gate on its own connection; `running()` keeps it, `visit()` sends somebody through."""

    def __init__(
        self,
        url: str,
        site: str,
        equipment: str,
        *,
        wall: Callable[[], int],
        dice: Random,
        habits: Habits | None = None,
        target: Target | None = None,
    ) -> None:
        super().__init__(f"gate-{equipment}")
        self.id = equipment
        self.faults = Faults()
        self.habits = habits or Habits()
        self.modes: dict[Direction, Mode] = dict.fromkeys(DIRECTIONS, "normal")
        self.inputs: dict[str, bool] = {}
        self.counters: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.boot = f"{dice.getrandbits(32):08x}"
        self.obeyed: list[dict[str, Any]] = []
        """The commands it carried out."""
        self.shown: deque[dict[str, Any]] = deque(maxlen=100)
        """The decisions, texts, lights and sounds it showed, newest last."""
        self.dropped: Counter[str] = Counter()
        """The commands it did not take, by why."""
        self.connections = 0
        self._target = target or Target(url, keepalive_s=self.habits.keepalive_s)
        self._site = site
        self._wall = wall
        self._dice = dice
        self._sequence = 0
        self._seen = Seen(IDS_REMEMBERED)
        self._ways = {direction: _Way() for direction in DIRECTIONS}
        self._heard_of = asyncio.Event()
        self._gateways: dict[str, int] = {}
        self._untaken: dict[str, tuple[str, bytes]] = {}
        self._passages: deque[tuple[str, bytes]] = deque(maxlen=PASSAGES_KEPT)
        self._tell_again = False

    # --- life

    @override
    def _close(self) -> None:
        for way in self._ways.values():
            way.close()

    @override
    async def _connect(self) -> None:
        will = Will(self._topic("status"), codec.write({"state": "offline"}))
        async with connected(
            self._target,
            f"{self._site}-{self.id}",
            will,
            self._heard,
            modern=self.habits.protocol == "5",
            session_s=0,
        ) as connection:
            await connection.subscribe(
                [
                    Filter(self._topic("cmd")),
                    Filter(self._topic("decision")),
                    Filter(codec.gateway_topic(self._site, "+"), kept=True),
                ]
            )
            self._connection = connection
            self._tell_again = True
            self.connections += 1
            self._say("status", {"state": "online", "boot": self.boot}, retain=True)
            self.tell_state()
            for name, (topic, payload) in self._untaken.items():
                self._publish(topic, payload, taken=partial(self._untaken.pop, name, None))
            self.up.set()
            try:
                await connection.lost()
            except asyncio.CancelledError:
                self._say("status", {"state": "offline", "boot": self.boot}, retain=True)
                raise

    def reboot(self) -> None:
        """Start anew: nothing released, nothing remembered, counters at zero."""
        self.boot = f"{self._dice.getrandbits(32):08x}"
        self._sequence = 0
        self._seen = Seen(IDS_REMEMBERED)
        self.counters = dict.fromkeys(DIRECTIONS, 0)
        self.modes = dict.fromkeys(DIRECTIONS, "normal")
        for way in self._ways.values():
            way.close()
        self._say("status", {"state": "online", "boot": self.boot}, retain=True)
        self.tell_state()

    # --- people

    async def visit(
        self,
        code: str,
        direction: Direction = "entry",
        *,
        does: Behaviour = Behaviour.PASS,
        presents: bool = True,
    ) -> Visit:
        """Send a person to the gate; who comes next waits until they are through or gone."""
        way = self._ways[direction]
        async with way.one_by_one:
            if does is Behaviour.FORCE or not presents:
                self._force(direction)
                return Visit(code, "forced")
            return await self._visit(code, direction, way, does)

    async def _visit(self, code: str, direction: Direction, way: _Way, does: Behaviour) -> Visit:
        loop = asyncio.get_running_loop()
        if not await self._gateway_there():
            return await self._decide_alone(code, direction)
        begun = loop.time()
        way.waiting = loop.create_future()
        way.decision = {}
        way.scan = self.scan(code, direction)
        try:
            async with asyncio.timeout(self.habits.patience_s):
                tx = await way.waiting
        except TimeoutError:
            return Visit(code, "unanswered", waited_ms=(loop.time() - begun) * 1000)
        finally:
            way.waiting = None
        waited_ms = (loop.time() - begun) * 1000
        if tx is None:
            return Visit(code, "refused", str(way.decision.get("reason") or ""), waited_ms)
        walk = self._walk_freely if tx == FREELY else self._walk
        return Visit(code, await walk(direction, way, does), waited_ms=waited_ms)

    async def _walk_freely(self, direction: Direction, _way: _Way, does: Behaviour) -> str:
        """Go through a gate that stands open; it knows of no grant."""
        if does is Behaviour.GIVE_UP:
            return "gave_up"
        await asyncio.sleep(self.habits.walk_s)
        self.passed(direction, None)
        return "passed"

    async def _walk(self, direction: Direction, way: _Way, does: Behaviour) -> str:
        """Go, once the gate is open, or do not."""
        if does in {Behaviour.GIVE_UP, Behaviour.WRONG_WAY}:
            if does is Behaviour.WRONG_WAY:
                await asyncio.sleep(self.habits.walk_s / 2)
                self.event(GateEventType.WRONG_WAY, _other(direction))
            await way.closed.wait()
            return "gave_up"
        tx, persons = way.tx, way.persons
        for _ in range(persons):
            await asyncio.sleep(self.habits.walk_s / 2)
            self.event(GateEventType.PASSAGE_STARTED, direction, tx)
            way.hold()
            await asyncio.sleep(self.habits.walk_s / 2)
            self.passed(direction, tx)
        if does is Behaviour.TAILGATE:
            await asyncio.sleep(self.habits.walk_s / 2)
            self.passed(direction, tx)
            self.event(GateEventType.TAILGATING, direction, tx)
        way.close()
        return "passed"

    async def _decide_alone(self, code: str, direction: Direction) -> Visit:
        if self.habits.local_policy == "deny" and direction == "entry":
            return Visit(code, "refused", "store_unavailable")
        await asyncio.sleep(self.habits.walk_s)
        self.passed(direction, None)
        return Visit(code, "admitted")

    def _force(self, direction: Direction) -> None:
        self.event(GateEventType.FORCED, direction)
        self.passed(direction, None)

    # --- what it says

    def scan(self, code: str, direction: Direction = "entry", *, name: str = "") -> str:
        """Say that a code was read; return the scan's id."""
        name = name or f"{self._dice.getrandbits(64):016x}"
        fields = {"id": name, "direction": direction, "symbology": "]Q1", "code": code}
        for _ in range(1 + self.faults.duplicate):
            self._say("scan", fields)
        return name

    def passed(self, direction: Direction, tx: str | None) -> None:
        """Say that one person has passed; a switch that bounces says it thrice."""
        self.counters[direction] += 1
        for _ in range(3 if self.faults.bouncing else 1):
            self.event(GateEventType.PASSED, direction, tx)

    def event(
        self,
        kind: str,
        direction: Direction | None = None,
        tx: str | None = None,
        **more: object,
    ) -> str:
        """Report something, later if there is no connection now; return the event's id."""
        self._sequence += 1
        name = f"{self.boot}-{self._sequence}"
        fields: dict[str, Any] = {"id": name, "type": str(kind), **more}
        if direction is not None:
            fields["direction"] = direction
        if tx is not None:
            fields["tx"] = tx
        for _ in range(1 + self.faults.duplicate):
            self._say("event", fields)
        return name

    def set_input(self, name: str, *, value: bool) -> None:
        """Change an input."""
        self.inputs[name] = value
        self.event("input", name=name, value=value)

    def tell_state(self) -> None:
        """Say how it stands."""
        self._sequence += 1
        fields: dict[str, Any] = {
            "boot": self.boot,
            "seq": self._sequence,
            "modes": self.modes,
            "inputs": self.inputs,
            "counters": self.counters,
        }
        if self.faults.battery is not None:
            fields["battery"] = self.faults.battery
        self._say("state", fields, retain=True)

    def _say(self, leaf: str, fields: dict[str, Any], *, retain: bool = False) -> None:
        if self.faults.frozen:
            return
        at = self._wall() + self.faults.clock_ms
        payload = codec.write({**fields, "ts": codec.to_text(at)})
        topic = self._topic(leaf)
        if leaf == "event":
            self._keep_telling(str(fields["id"]), topic, payload)
            if fields["type"] == GateEventType.PASSED and "tx" in fields:
                self._passages.append((topic, payload))
        else:
            self._publish(topic, payload, retain=retain)

    def _keep_telling(self, name: str, topic: str, payload: bytes) -> None:
        """Tell an event now, and on each connection to come until the broker has taken it."""
        self._untaken[name] = topic, payload
        if len(self._untaken) > EVENTS_KEPT:
            del self._untaken[next(iter(self._untaken))]
        self._publish(topic, payload, taken=partial(self._untaken.pop, name, None))

    def _publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        taken: Callable[[], object] | None = None,
    ) -> None:
        if self._connection is not None:
            with suppress(Away):
                self._connection.publish(topic, payload, retain=retain, taken=taken)

    # --- what it is told

    def _heard(self, message: Message) -> None:
        if self.faults.frozen:
            return
        try:
            fields = _READ.decode(message.payload)
        except msgspec.DecodeError:
            self.dropped["unreadable"] += 1
            return
        leaf = message.topic.rpartition("/")[2]
        if leaf == "cmd":
            self._take(fields, kept=message.kept)
        elif leaf == "decision" and not message.kept:
            self._show(fields)
        elif leaf == "status":
            self._hear_gateway(message.topic, fields, kept=message.kept)

    def _hear_gateway(self, topic: str, status: dict[str, Any], *, kept: bool) -> None:
        there = status.get("state") == "online"
        self._heard_of.set()
        self._gateways[topic] = codec.to_ms(_instant(status.get("ts"))) if there else 0
        if not there:
            self._tell_again = True
        elif self._tell_again and not kept:  # what the broker has kept may be of one long gone
            self._tell_again = False
            for passage in self._passages:
                self._publish(*passage)

    def _take(self, command: dict[str, Any], *, kept: bool) -> None:
        """Follow a command, unless it was kept by the broker, is late or was seen before."""
        name = str(command.get("id", ""))
        late = codec.to_ms(_instant(command.get("not_after"))) < self._wall() + self.faults.clock_ms
        why = "retained" if kept else "late" if late else "seen" if self._seen.before(name) else ""
        if self.faults.mute:
            why = "mute"
        if why:
            self.dropped[why] += 1
            return
        answer: dict[str, Any] = {"id": name, "ok": True}
        if self.faults.refuse:
            answer = {"id": name, "ok": False, "error": self.faults.refuse}
        elif not self._obey(command):
            answer = {"id": name, "ok": False, "error": f"cannot {command.get('do')}"}
        if self.faults.late_ack_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self.faults.late_ack_s, self._say, "ack", answer)
        else:
            self._say("ack", answer)

    def _obey(self, command: dict[str, Any]) -> bool:
        match command.get("do"):
            case "release":
                self._release(command)
            case "revoke":
                for way in self._ways.values():
                    if way.tx == command.get("tx"):
                        way.close()
            case "mode":
                self.modes[command["direction"]] = command["mode"]
                self.tell_state()
            case "light" | "text" | "buzzer":
                self.shown.append(command)
            case "ping":
                pass
            case _:
                return False
        self.obeyed.append(command)
        return True

    def _release(self, command: dict[str, Any]) -> None:
        direction: Direction = command["direction"]
        way = self._ways[direction]
        way.close()
        way.closed.clear()
        way.tx, way.persons = str(command["tx"]), int(command["persons"])
        loop = asyncio.get_running_loop()
        way.closing = loop.call_later(self.habits.hold_s, self._time_out, direction)
        if way.waiting is not None and not way.waiting.done():
            way.waiting.set_result(way.tx)

    def _time_out(self, direction: Direction) -> None:
        way = self._ways[direction]
        tx = way.tx
        way.close()
        if tx is not None:
            self.event(GateEventType.PASSAGE_TIMEOUT, direction, tx)

    def _show(self, decision: dict[str, Any]) -> None:
        """Show a decision: it opens nothing, but who is refused goes away.

        Whoever is granted at a gate that is free already goes through; no release comes.
        """
        self.shown.append(decision)
        for direction, way in self._ways.items():
            if way.scan and way.scan == decision.get("id"):
                way.decision = decision
                denied = decision.get("decision") == "denied"
                ends = denied or self.modes[direction] == "free"
                if ends and way.waiting is not None and not way.waiting.done():
                    way.waiting.set_result(None if denied else FREELY)

    async def _gateway_there(self) -> bool:
        """Tell whether a gateway is online and fresh; just connected, we have not heard yet."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WORD_S):
                await self._heard_of.wait()
        now = self._wall() + self.faults.clock_ms
        there = self._connection is not None
        return there and any(now - at < FRESH_MS for at in self._gateways.values())

    def _topic(self, leaf: str) -> str:
        return codec.gate_topic(self._site, self.id, leaf)


def _instant(text: object) -> Any:
    """Read an instant; whatever is none is long ago."""
    try:
        return msgspec.convert(text, codec.Instant)
    except msgspec.ValidationError:
        return codec.EPOCH


def _other(direction: Direction) -> Direction:
    return "exit" if direction == "entry" else "entry"
