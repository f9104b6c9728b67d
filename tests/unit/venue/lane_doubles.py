"""A wire, a store and people for lanes that run without any of them."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from msgspec import structs

import config
from config import Site
from controllers.commands import Mode
from drivers.commands import Command, Release, ShowDecision
from drivers.link import CommandFailed, Link, Speaks, Surroundings
from drivers.signals import CodeRead, GateEvent, GateEventType, LinkChanged, Signal
from gateway.entitlements.place import Direction, Place
from gateway.entitlements.store import EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.tickets.codes.decoder import Decoder
from gateway.tickets.codes.reading import Reading
from gateway.tickets.decision import Decision
from gateway.tickets.event import EventRow
from gateway.venue.answers import Answers
from gateway.venue.equipment import Obey
from gateway.venue.late import LateScan
from gateway.venue.needs import Needs
from gateway.venue.settlements import Settlements
from gateway.venue.settling import lost_grant
from gateway.venue.times import Times
from gateway.venue.wires import SETTINGS

NOW = 1_795_300_000_000
GRANTED = Decision(granted=True)


def a_site(*tables: str) -> Site:
    text = '[stores]\nmqtt = "embedded"\n[[space]]\nid = "hall"\n'
    return config.parse(text + "\n".join(tables), Path("/site.toml"), None, SETTINGS)


def a_gate(name: str = "north", keys: str = "", *, board: str = "", kind: str = "turnstile") -> str:
    return f"""
[[controller]]
id = "board-{name}"
driver = "mqtt"
{board}
[[equipment]]
id = "{name}"
kind = "{kind}"
space = "hall"
direction = "both"
controller = "board-{name}"
{keys}
"""


class FakeStore:
    """Grants what it is told to, remembers what it was asked."""

    def __init__(self) -> None:
        self.silent = False
        self.up = True
        self.loses = 0
        """So many answers to counts get lost."""
        self.counted: list[str] = []
        self.answers: dict[str, Decision] = {}
        self.scans: list[tuple[str, Place, str]] = []
        self.acts: list[tuple[Any, ...]] = []
        self.fails: dict[str, list[Exception]] = {}
        self.rows: dict[str, EventRow] = {}
        self._numbers = itertools.count(1)

    async def scan(
        self,
        code: str,
        place: Place,
        *,
        nonce: str,
        patience_ms: int,
        flags: str,
        step: int | None = None,
    ) -> Decision:
        if self.silent:
            await asyncio.sleep(0)
            raise StoreUnavailable
        self.scans.append((code, place, flags))
        await asyncio.sleep(0)
        found = self.answers.get(code, GRANTED)
        return structs.replace(found, event=found.event or f"1-{NOW}-{next(self._numbers)}")

    async def passage(
        self, row: EventRow, *, persons: int | None = None, at: int | None = None
    ) -> None:
        self._act("passage", row.event_id, persons)

    async def annul(self, row: EventRow) -> None:
        self._act("annul", row.event_id)

    async def count(
        self, place: Place, *, persons: int, operator: str, reason: str, untracked: bool, once: str
    ) -> None:
        if once not in self.counted:
            self._act("count", place.direction, persons, reason)
            self.counted.append(once)
        if self.loses:
            self.loses -= 1
            raise StoreUnavailable

    async def malformed(self, place: Place) -> None:
        self._act("malformed", place.reader)

    async def grant(self, event: str) -> EventRow | None:
        return self.rows.get(event)

    def now(self) -> int:
        return NOW

    def _act(self, *act: Any) -> None:
        failures = self.fails.get(act[0])
        if failures:
            raise failures.pop(0)
        self.acts.append(act)


class FakeLink:
    """A link that remembers what was sent; it acknowledges at once unless told otherwise."""

    def __init__(self, surroundings: Surroundings, speaks: Speaks = "gate") -> None:
        self.surroundings = surroundings
        self.speaks: Speaks = speaks
        self.sent: list[tuple[str, Command]] = []
        self.refuses: str | None = None
        self.mute = False
        self.runs = False

    async def run(self) -> None:
        self.runs = True
        try:
            for device in self.surroundings.devices:
                self.tell(LinkChanged(device.id, up=True))
            await asyncio.Event().wait()
        finally:
            self.runs = False

    def send(self, device: str, command: Command, not_after: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent.append((device, command))
        if self.refuses is not None and not isinstance(command, ShowDecision):
            future.set_exception(CommandFailed(self.refuses))
        elif not self.mute:
            future.set_result(None)
        return future

    def tell(self, signal: Signal) -> None:
        self.surroundings.take(signal)

    def commands(self, *kinds: type) -> list[Command]:
        return [each for _, each in self.sent if not kinds or isinstance(each, kinds)]

    def read(self, device: str, code: str, direction: Direction = "entry", **more: Any) -> None:
        self.tell(CodeRead(device, code, more.pop("id", code), direction, **more))

    def passed(self, device: str, tx: str | None, direction: Direction = "entry") -> None:
        self.tell(GateEvent(device, GateEventType.PASSED, None, direction, tx))


@dataclass
class FakeWire:
    """Makes fake links, and remembers them by their first device."""

    settings: Any = SETTINGS["mqtt"]
    speaks: Speaks = "gate"
    links: dict[str, FakeLink] = field(default_factory=dict)
    made: list[FakeLink] = field(default_factory=list)

    def link(self, settings: object, surroundings: Surroundings) -> Link:
        link = FakeLink(surroundings, self.speaks)
        self.made.append(link)
        for device in surroundings.devices:
            self.links[device.id] = link
        return link


class FakePanel:
    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Any]] = {}
        self.obeys: dict[str, Obey] = {}

    def attach(self, name: str, obey: Obey) -> None:
        self.facts[name], self.obeys[name] = {}, obey

    def detach(self, name: str) -> None:
        del self.facts[name], self.obeys[name]

    def tell(self, name: str, **facts: Any) -> None:
        self.facts[name] |= facts


class FakeAlarms:
    def __init__(self) -> None:
        self.raised: set[str] = set()
        self.told: list[str] = []

    def raise_(self, kind: str, **_facts: Any) -> None:
        self.raised.add(kind)
        self.told.append(kind)

    def clear(self, kind: str, **_facts: Any) -> None:
        self.raised.discard(kind)


class FakeFlags:
    def __init__(self) -> None:
        self.flags = ""

    def of(self, place: Place) -> str:
        return self.flags

    def set(self, *_where: Any, holds: bool) -> None:
        raise AssertionError("the panel keeps the flags")


class FakeLate:
    def __init__(self) -> None:
        self.scans: list[LateScan] = []

    def put(self, scan: LateScan) -> None:
        self.scans.append(scan)


class FakeCodes:
    """Reads references as they are, and codes of a few keys; keys may come later."""

    def __init__(self) -> None:
        self.now = NOW
        self.decoder = Decoder()
        self.later: Decoder | None = None

    def read(self, text: str) -> Reading:
        return self.decoder.read(text, self.now)

    async def settled(self, text: str, reading: Reading) -> Reading:
        if self.later is None:
            return reading
        self.decoder = self.later
        return self.read(text)


class Nobody:
    """An archive that knows nothing."""

    async def event(self, event_id: str) -> EventRow | None:
        return None


async def no_events(after: str, count: int) -> Sequence[tuple[bytes, bytes]]:
    return []


@dataclass
class World:
    """All that lanes need, in memory."""

    store: FakeStore = field(default_factory=FakeStore)
    panel: FakePanel = field(default_factory=FakePanel)
    alarms: FakeAlarms = field(default_factory=FakeAlarms)
    flags: FakeFlags = field(default_factory=FakeFlags)
    late: FakeLate = field(default_factory=FakeLate)
    codes: FakeCodes = field(default_factory=FakeCodes)
    fires: list[tuple[str, bool]] = field(default_factory=list)
    scanned: list[str | None] = field(default_factory=list)
    prolonged: list[str] = field(default_factory=list)
    modes: dict[tuple[str, Direction], Mode] = field(default_factory=dict)
    evacuated: set[str] = field(default_factory=set)
    dice: float = 1.0

    def needs(self) -> Needs:
        zone = ZoneInfo("UTC")

        async def prolong(event: str, code: str, until: int) -> None:
            self.prolonged.append(event)

        def fire(equipment: str, space: str, *, active: bool) -> None:
            self.fires.append((equipment, active))

        store = cast("EntitlementStore", self.store)
        return Needs(
            store=store,
            settlements=lambda lane: Settlements(lane, store, Nobody(), no_events, prolong),
            late=self.late,
            flags=self.flags,
            panel=self.panel,
            alarms=self.alarms,
            fire=fire,
            answers=Answers(Times(zone), "museum"),
            say=lambda decision, place, language=None: decision.reason or "welcome",
            languages=lambda: ("en",),
            scanned=lambda _reader, reason, *_: self.scanned.append(reason),
            wall=lambda: NOW,
            dice=lambda: self.dice,
            mode=lambda name, way: self.modes.get((name, way), "normal"),
            evacuates=lambda name: name in self.evacuated,
            codes=self.codes,
        )


def refused(reason: str) -> Decision:
    return structs.replace(GRANTED, granted=False, reason=reason)


class NoBus:
    """A site of one process."""

    def publish(self, message: object) -> str:
        raise AssertionError("nobody is elsewhere")

    def listen(self, kind: str, handler: object) -> None:
        pass


async def soon(holds: Callable[[], Any]) -> None:
    """Wait until something holds that needs nothing but turns of the loop."""
    async with asyncio.timeout(2):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


def a_row(event: str, code: str, **more: str) -> EventRow:
    return lost_grant(event, code)._replace(**more)


def releases(link: FakeLink) -> list[Release]:
    return [each for each in link.commands(Release) if isinstance(each, Release)]
