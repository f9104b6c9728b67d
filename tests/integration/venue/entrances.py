"""Five entrances to one hall, each on another kind of cable, with people who come to all of them.

What is pulled at each: the scan engine's serial line, the board's Modbus TCP, the board's Modbus
RTU line, the broker of a gate on MQTT, the line of a door's OSDP reader (where libosdp is
installed). The devices are the wires' own simulators on true wires; who
runs the gateway is the test's to say.
"""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Final, override

from drivers.modbus.profile import Profile, load
from drivers.modbus.simulated_line import Plug, SimulatedLine, TcpSocket, Terminal, plugged
from drivers.modbus.simulator import SimulatedBoard
from drivers.mqtt.simulator import Habits, SimulatedGate
from drivers.osdp.face import Kind
from drivers.osdp.simulator import SimulatedLine as SimulatedReaders
from drivers.osdp.simulator import SimulatedReader, Told
from drivers.serial.profile import ScannerProfile, profiles
from drivers.serial.simulator import SimulatedScanner
from loadtest.scenarios.boards import COUNTING
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import SITE, now_ms

type Kinds = tuple[ScannerProfile, Profile]
"""What engines and boards are."""

STRIKE: Final = 0
"""The output of the door's reader that opens it."""
RELEASE: Final = 1
"""The relay that lets in; its person closes the input of this number."""
PATIENCE_S: Final = 0.6
WALK_S: Final = 0.05
CLOSED_S: Final = 0.02
AGAIN_S: Final = 0.1
SEEN_S: Final = 0.3
"""So long after somebody has passed the gateway has surely read it, if it could."""
BRISK: Final = Habits(hold_s=1.0, walk_s=WALK_S, patience_s=PATIENCE_S)


class Cable(ABC):
    """A cable, and which equipment it is whose link goes with it."""

    shown: str
    troubles = 0
    """How often something was wrong with it, or with what it leads to."""
    disturbed = False
    """Something is wrong now."""

    @asynccontextmanager
    async def trouble(self) -> AsyncIterator[None]:
        """Have something be wrong until the end of the block."""
        self.troubles += 1
        self.disturbed = True
        try:
            yield
        finally:
            self.disturbed = False

    async def pull(self) -> None:
        """Pull it out."""
        self.troubles += 1
        self.disturbed = True
        await self._out()

    async def put_back(self) -> None:
        """Plug it in again."""
        await self._in()
        self.disturbed = False

    @abstractmethod
    async def _out(self) -> None: ...

    @abstractmethod
    async def _in(self) -> None: ...


class LineOf(Cable):
    """The serial line of a scan engine."""

    def __init__(self, engine: SimulatedScanner, shown: str) -> None:
        self.shown = shown
        self._engine = engine

    @override
    async def _out(self) -> None:
        await self._engine.unplug()

    @override
    async def _in(self) -> None:
        await self._engine.plug()


class LeadTo(Cable):
    """What leads to a board: TCP, or a serial line."""

    def __init__(self, plug: Plug, shown: str) -> None:
        self.shown = shown
        self._plug = plug

    @override
    async def _out(self) -> None:
        await self._plug.unplug()

    @override
    async def _in(self) -> None:
        await self._plug.plug()


class LineOfReader(Cable):
    """The line of an OSDP reader, on which a door hangs.

    What a door's contact has to say while it is out is lost: no board has counted it. So it is
    pulled while nobody is in the doorway.
    """

    def __init__(self, line: SimulatedReaders, shown: str) -> None:
        self.shown = shown
        self.doorway = asyncio.Lock()
        self._line = line

    @override
    async def pull(self) -> None:
        async with self.doorway:
            await super().pull()

    @override
    async def _out(self) -> None:
        await self._line.unplug()

    @override
    async def _in(self) -> None:
        await self._line.plug()


class Broker(Cable):
    """The broker of a gate: killed, and started again."""

    def __init__(self, broker: Mosquitto, shown: str) -> None:
        self.shown = shown
        self._broker = broker

    @override
    async def _out(self) -> None:
        await asyncio.to_thread(self._broker.kill)

    @override
    async def _in(self) -> None:
        await asyncio.to_thread(self._broker.start)


@dataclass
class Entrance(ABC):
    """One entrance, its cable, and who has gone in by it.

    Attributes:
        shown: the tickets that were shown here.
        through: who has passed: the gate knows it, whether or not it could tell.
        passed: those of them while whose visit nothing was wrong with the cable.
        opened: how often it has opened.
    """

    name: str
    cable: Cable
    shown: set[str] = field(default_factory=set)
    through: list[str] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
    opened: int = 0

    async def come(self, codes: Iterator[str], stop: asyncio.Event) -> None:
        """Have people come, each until they are in, for as long as nobody says stop."""
        for code in codes:
            self.shown.add(code)
            while not stop.is_set():
                troubles, disturbed = self.cable.troubles, self.cable.disturbed
                if await self.visit(code):
                    await asyncio.sleep(SEEN_S if self.waits else 0)
                    disturbed |= self.cable.disturbed or self.cable.troubles != troubles
                    self.through.append(code)
                    if self.certain or not disturbed:
                        self.passed.add(code)
                    await asyncio.sleep(AGAIN_S)
                    break
                await asyncio.sleep(AGAIN_S)
            if stop.is_set():
                return

    waits = False
    certain = False
    """Whoever has passed is told in the end, whatever happened to the cable."""

    @abstractmethod
    async def visit(self, code: str) -> bool:
        """Show a ticket once; tell whether somebody has passed."""


@dataclass
class Turnstile(Entrance):
    """A scan engine on a serial line, and a turnstile whose contacts are on a Modbus board."""

    engine: SimulatedScanner = field(kw_only=True)
    board: SimulatedBoard = field(kw_only=True)
    plug: Plug = field(kw_only=True)
    waits = True

    def __post_init__(self) -> None:
        self._open = asyncio.Event()
        self.board.on_switch.append(self._switched)

    def _switched(self, relay: int, on: bool) -> None:  # a level
        if relay == RELEASE and on:
            self.opened += 1
            self._open.set()

    @override
    async def visit(self, code: str) -> bool:
        self._open.clear()
        self.engine.show(code)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._open.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(WALK_S)
        await self.board.close_for(RELEASE, CLOSED_S)
        return True


@dataclass
class GateOnMqtt(Entrance):
    """A gate of ours: it tells whoever has passed until a broker has taken it."""

    gate: SimulatedGate = field(kw_only=True)
    certain = True

    @override
    async def visit(self, code: str) -> bool:
        visit = await self.gate.visit(code)
        self.opened = sum(each["do"] == "release" for each in self.gate.obeyed)
        return visit.outcome == "passed"


@dataclass
class DoorOnOsdp(Entrance):
    """A door whose strike and contact hang on an OSDP reader, over a secure channel."""

    lead: LineOfReader = field(kw_only=True)
    reader: SimulatedReader = field(kw_only=True)
    key_file: Path = field(kw_only=True)
    line: Path = field(kw_only=True)

    def __post_init__(self) -> None:
        self._open = asyncio.Event()
        self.reader.on_told.append(self._told)

    def _told(self, told: Told) -> None:
        if told.kind is Kind.OUTPUT and self.reader.outputs[STRIKE]:
            self.opened += 1
            self._open.set()

    @override
    async def visit(self, code: str) -> bool:
        self._open.clear()
        self.reader.show(code)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._open.wait()
        except TimeoutError:
            return False
        async with self.lead.doorway:
            if self.lead.disturbed:
                return False  # they have thought better of it
            self.reader.close(True, False)
            await asyncio.sleep(SEEN_S)
            self.reader.close(False, False)
            await asyncio.sleep(SEEN_S)
        return True


@dataclass
class Entrances:
    """All of them."""

    each: list[Entrance]

    @property
    def turnstiles(self) -> list[Turnstile]:
        """Those on wires."""
        return [each for each in self.each if isinstance(each, Turnstile)]

    @property
    def doors(self) -> list[DoorOnOsdp]:
        """The door with an OSDP reader, if there is one."""
        return [each for each in self.each if isinstance(each, DoorOnOsdp)]

    @property
    def gate(self) -> SimulatedGate:
        """The one on MQTT."""
        (gate,) = (each.gate for each in self.each if isinstance(each, GateOnMqtt))
        return gate

    @property
    def equipment(self) -> list[str]:
        """All equipment whose link is shown."""
        engines = [f"{each.name}-in" for each in self.turnstiles]
        return [each.name for each in self.each] + engines

    @property
    def through(self) -> list[str]:
        """All who are in."""
        return [code for each in self.each for code in each.through]

    @property
    def shown(self) -> set[str]:
        """All tickets that were shown."""
        return {code for each in self.each for code in each.shown}

    @property
    def passed(self) -> set[str]:
        """Those whose passage was told beyond doubt."""
        return {code for each in self.each for code in each.passed}

    def tables(self) -> str:
        """Write what a site file says of them."""
        return (
            _GATE
            + "".join(
                _TURNSTILE.format(
                    name=each.name,
                    engine=each.engine.socket.path,
                    profile=COUNTING,
                    address=_address(each.plug),
                    line="baud = 115200\ngap_ms = 2" if isinstance(each.plug, Terminal) else "",
                )
                for each in self.turnstiles
            )
            + "".join(
                _DOOR.format(name=each.name, line=each.line, key_file=each.key_file)
                for each in self.doors
            )
        )

    @asynccontextmanager
    async def people(self, codes: Sequence[str]) -> AsyncIterator[None]:
        """Have people come to all entrances for as long as the block lasts."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number, each in enumerate(self.each):
                mine = itertools.islice(codes, number, None, len(self.each))
                group.create_task(each.come(mine, stop), name=f"people-{each.name}")
            try:
                yield
            finally:
                stop.set()


_GATE = """
[[controller]]
id = "board-gate"
driver = "mqtt"
[[equipment]]
id = "gate"
kind = "turnstile"
space = "hall"
direction = "entry"
controller = "board-gate"
count_on = "passage"
open_s = 1
passage_s = 1
tailgating_ms = 0
"""
_TURNSTILE = """
[[controller]]
id = "board-{name}"
driver = "modbus"
profile = "{profile}"
address = "{address}"
{line}
passages = "counters"
poll_ms = 40
[[equipment]]
id = "{name}"
kind = "turnstile"
space = "hall"
direction = "entry"
controller = "board-{name}"
count_on = "passage"
open_s = 1
passage_s = 1
pulse_ms = 100
tailgating_ms = 0
channels = {{ release_entry = 1, passage_entry = 1 }}
[[controller]]
id = "engine-{name}"
driver = "serial"
port = "{engine}"
[[equipment]]
id = "{name}-in"
kind = "reader"
space = "hall"
direction = "entry"
controller = "engine-{name}"
opens = "{name}"
repeat_ms = 0
"""


_DOOR = """
[[controller]]
id = "{name}"
driver = "osdp"
port = "{line}"
baud = 115200
key_file = "{key_file}"
[[equipment]]
id = "{name}"
kind = "door"
space = "hall"
direction = "entry"
controller = "{name}"
lock = "fail-secure"
count_on = "passage"
open_s = 1
passage_s = 1
repeat_ms = 0
channels = {{ lock = 0, contact = 0 }}
"""


def _address(plug: Plug) -> str:
    return str(plug.link) if isinstance(plug, Terminal) else f"tcp://127.0.0.1:{plug.port}"


def known() -> Kinds:
    """Read what the devices are; before a loop runs, for these are files."""
    engine = profiles()["scanner"]
    assert isinstance(engine, ScannerProfile)
    return engine, load(str(COUNTING))


@asynccontextmanager
async def entrances(
    folder: Path, broker: Mosquitto, kinds: Kinds, dice: Random
) -> AsyncIterator[Entrances]:
    """Have the entrances there until the end of the block; the broker runs already."""
    kind, profile = kinds
    made: list[Entrance] = []
    async with AsyncExitStack() as stack:
        for name in ("serial", "tcp", "rtu"):
            board = SimulatedBoard(profile)
            line = SimulatedLine([board], "rtu" if name == "rtu" else "tcp", dice)
            plug: Plug = TcpSocket(line, "127.0.0.1", 0)
            if name == "rtu":
                plug = Terminal(line, folder / "relays")
            await stack.enter_async_context(plugged(plug))
            engine = SimulatedScanner(folder / name, kind, dice=dice)
            await stack.enter_async_context(engine.running())
            cable = LineOf(engine, f"{name}-in") if name == "serial" else LeadTo(plug, name)
            made.append(Turnstile(name, cable, engine=engine, board=board, plug=plug))
        gate = SimulatedGate(broker.url, SITE, "gate", wall=now_ms, dice=dice, habits=BRISK)
        await stack.enter_async_context(gate.running())
        made.append(GateOnMqtt("gate", Broker(broker, "gate"), gate=gate))
        if find_spec("osdp_sys") is not None:
            key, key_file = dice.randbytes(16), folder / "door.key"
            await asyncio.to_thread(key_file.write_text, key.hex())
            reader = SimulatedReader(key=key, secure=True)
            readers = SimulatedReaders(folder / "door", [reader], dice=dice)
            await stack.enter_async_context(readers.running())
            lead = LineOfReader(readers, "door")
            made.append(
                DoorOnOsdp(
                    "door",
                    lead,
                    lead=lead,
                    reader=reader,
                    key_file=key_file,
                    line=readers.socket.path,
                )
            )
        yield Entrances(made)
