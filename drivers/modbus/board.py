"""One board on a line: brought up, asked, commanded, looked after.

It is there once all of it has been read and its watchdog, if it has one, is verified to be armed;
each time anew, for what it did while it was away nobody knows.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, cast

import structlog

from config.contacts import BY_NAME, contacts_of
from config.values import Kind
from drivers.commands import Command, Ping, Pulse, Set
from drivers.link import CommandFailed, Device, Surroundings
from drivers.modbus import codec
from drivers.modbus.codec import Question
from drivers.modbus.line import Line, Order
from drivers.modbus.plan import Plan, Reading, Told, plan_of
from drivers.modbus.relays import Relays
from drivers.modbus.samples import Counters, Inputs
from drivers.modbus.settings import ModbusSettings
from drivers.modbus.switching import Switching, TooLong
from drivers.signals import GateEvent, GateEventType, LinkChanged, Signal

SELDOM_S: Final = 1.0
"""Relays are read again so often."""
PROBES_S: Final = (0.25, 0.5, 1.0, 1.5)
"""A board that is silent is asked again after so long: it is back within 2 s of its return."""
LEAST_PATIENCE_S: Final = 0.06
NEVER_HEARD_S: Final = 0.1
"""For a board that was never there; every fourth time it is given all its time."""
MISSES: Final = 3
SILENT_S: Final = 1.0
"""It is down after so many answers missing, or after so long with more than one."""

log = structlog.get_logger(__name__)


class NotArmed(Exception):
    """A watchdog's register does not hold what was written to it."""


class Board:
    """One board, and the equipment on it; all of it is up or down together."""

    def __init__(self, settings: ModbusSettings, surroundings: Surroundings, line: Line) -> None:
        self.up = False
        self.gap_s = settings.gap_s
        self._settings = settings
        self._profile = profile = settings.board_profile
        self._unit = settings.unit_number
        self._name = f"{settings.place.name}, unit {self._unit}"
        self._surroundings = surroundings
        self._devices = {device.id: device for device in surroundings.devices}
        self._line = line
        self._switching = Switching(profile, self._unit, by_hand=not settings.pulses_by_hardware)
        counted = _counted(surroundings.devices) if settings.passages == "counters" else {}
        inputs = _inputs(surroundings.devices, set(counted))
        rests = _rests(surroundings.devices)
        self._inputs = Inputs(inputs)
        self._counters = Counters(counted, profile.counters.words if profile.counters else 1)
        self._relays = Relays(rests)
        self._plan: Plan = plan_of(profile, inputs, rests, counted)
        self._pending: deque[Reading] = deque()
        self._asked: Reading | int | None = None
        """What is being asked: a reading, or that this relay be switched."""
        self._level = False
        self._starting: Generator[Question, bytes, None] | None = None
        self._next: Question | None = None
        self._often_at = self._seldom_at = 0.0
        self._probe_at = float("inf")
        self._feed_at = float("inf")
        self._probes = 0
        self._slowest_s = 0.0
        self._misses = 0
        self._refusals = 0
        self._heard_at = 0.0
        self._why: str | None = None
        """Why it is down, as it was told; ``None``: it was not told yet."""

    # --- as the line sees it

    @property
    def patience_s(self) -> float:
        """How long its answers may take; while it is silent, as little as it has shown to need."""
        most_s = self._settings.timeout_ms / 1000
        if not self._probes:
            return most_s
        if self._slowest_s:
            return min(most_s, max(LEAST_PATIENCE_S, 2 * self._slowest_s))
        never = self._probes > len(PROBES_S) and self._probes % len(PROBES_S)
        return min(most_s, NEVER_HEARD_S) if never else most_s

    def took(self, seconds: float) -> None:
        """An answer of it has taken so long."""
        self._slowest_s = max(seconds, self._slowest_s)

    @property
    def due(self) -> float:
        """When it wants to ask something next."""
        if not self.up:
            return self._probe_at
        if self._pending:
            return 0.0
        return min(self._often_at, self._seldom_at, self._relays.next_at, self._feed_at)

    def ask(self, now: float) -> Question:
        """Return what it wants to ask."""
        if not self.up:
            self._asked = None
            return self._start()
        if (order := self._relays.due(now)) is not None:
            self._asked, self._level = order
            return self._switching.write(*order)
        if now >= self._feed_at and (watchdog := self._profile.watchdog) is not None:
            self._feed_at = now + watchdog.time_ms / 3000
            self._asked = None
            return self._switching.feed(watchdog)
        if not self._pending:
            self._pending += self._readings(now)
        self._asked = self._pending.popleft()
        return self._asked.question(self._unit)

    def _readings(self, now: float) -> Iterable[Reading]:
        if now >= self._often_at:
            self._often_at = max(self._often_at + self._settings.poll_s, now)
            if self._plan.often:
                return self._plan.often
        self._seldom_at = now + SELDOM_S
        return self._plan.seldom or self._plan.often

    def told(self, data: bytes, now: float) -> None:
        """Take the answer to what it asked."""
        self._heard_at, self._misses, self._refusals = now, 0, 0
        if not self.up:
            self._go_on(data, now)
        elif isinstance(self._asked, Reading):
            self._take(self._asked.read(data), now)
        elif self._asked is not None:
            self._set(self._asked, self._level, now)

    def refused(self, code: int, now: float) -> None:
        """The board refuses what was asked."""
        why = f"refuses to answer: {codec.refusal(code)}"
        if code in codec.NOT_THERE:
            self.silent("the line's other end says that it does not answer", now)
            return
        self._heard_at, self._misses = now, 0
        if code in codec.BUSY and self.up:
            return
        self._refusals += 1
        if not self.up or self._refusals >= MISSES:
            self._go_down(why, now)

    def dropped(self, what: str, now: float) -> None:
        """Count what was heard and is no answer; for the first of its equipment, for all of it."""
        for device in tuple(self._devices)[:1]:
            self._surroundings.drops.count(now, device, what)

    def silent(self, why: str, now: float) -> None:
        """No answer has come."""
        self._misses += 1
        long = now - self._heard_at > SILENT_S and self._misses > 1
        if not self.up or self._misses >= MISSES or long:
            self._go_down(why, now)
        else:
            self._often_at = self._seldom_at = now

    def lost(self, why: str) -> None:
        """The line is not there."""
        self._go_down(why, float("inf"))

    def opened(self, now: float) -> None:
        """The line is there."""
        self._heard_at, self._probes, self._misses = now, 0, 0
        self._probe_at = now
        self._starting = None

    # --- coming and going

    def _start(self) -> Question:
        if self._starting is None or self._next is None:
            self._starting = self._coming()
            self._next = next(self._starting)
        return self._next

    def _go_on(self, data: bytes, now: float) -> None:
        """Take the next step of coming up."""
        if self._starting is None:
            return
        self._probes = 0
        self._probe_at = now
        try:
            self._next = self._starting.send(data)
        except StopIteration:
            self._starting = self._next = None
            self._come_up(now)
        except NotArmed as error:
            self._go_down(str(error), now)

    def _coming(self) -> Generator[Question, bytes, None]:
        """Arm the watchdog and verify it; read all there is."""
        if (watchdog := self._profile.watchdog) is not None:
            for setting in watchdog.settings:
                at = self._profile.address("holding", setting.at)
                ask = codec.read_words(self._unit, "holding", at, 1)
                held = codec.words_of((yield ask))[0]
                if held != setting.value:
                    yield codec.write_word(self._unit, at, setting.value)
                    held = codec.words_of((yield ask))[0]
                if held != setting.value:
                    raise NotArmed(
                        f"its watchdog is not armed: register {at:#06x} holds {held} instead of "
                        f"{setting.value} ({setting.means})"
                    )
        self._first: Told = Told({}, {}, {}, {})
        for reading in (*self._plan.often, *self._plan.seldom) or (self._switching.anything,):
            told = reading.read((yield reading.question(self._unit)))
            self._first.inputs.update(told.inputs)
            self._first.outputs.update(told.outputs)
            self._first.counters.update(told.counters)
            self._switching.words.update(told.words)

    def _come_up(self, now: float) -> None:
        self.up, self._misses, self._refusals, self._pending = True, 0, 0, deque()
        self._often_at = self._seldom_at = now
        self._feed_at = now if self._switching.must_be_fed else float("inf")
        self._relays.begin(self._first.outputs, now)
        self._tell_link(up=True, why="")
        self._tell(self._inputs.begin(self._first.inputs))
        self._tell(self._counters.take(self._first.counters))

    def _go_down(self, why: str, now: float) -> None:
        self._starting = self._next = None
        self._probe_at = now + PROBES_S[min(self._probes, len(PROBES_S) - 1)]
        self._probes += 1
        was_up, self.up = self.up, False
        if was_up or self._why is None:
            self._tell_link(up=False, why=why)

    def _tell_link(self, *, up: bool, why: str) -> None:
        if up:
            log.info("board_up", board=self._name, profile=self._profile.id)
        else:
            log.warning("board_down", board=self._name, profile=self._profile.id, why=why)
        self._why = None if up else why
        for device in self._devices:
            self._surroundings.take(LinkChanged(device, up, why))

    # --- what is read

    def _take(self, told: Told, now: float) -> None:
        self._switching.words.update(told.words)
        self._tell(self._inputs.take(told.inputs))
        if told.counters:
            self._tell(self._counters.take(told.counters))
        if told.outputs:
            self._compare(told.outputs, now)

    def _compare(self, levels: Mapping[int, bool], now: float) -> None:
        found = self._relays.read(levels, now)
        for number, fault in found.faults.items():
            self._tell_fault(number, fault)
        if found.anew:
            # Down and up again: those who know why a relay was on decide whether it is to be again.
            self._go_down("it has lost what it was set to: it has started anew", now)
            self._probe_at = now

    def _tell_fault(self, number: int, fault: str) -> None:
        kind = GateEventType.FAULT if fault else GateEventType.CLEARED
        text = f"output {number} {fault}" if fault else ""
        log.log(30 if fault else 20, "output_fault", board=self._name, output=number, why=fault)
        for device in self._devices.values():
            for name, channel in device.channels.items():
                if channel.at == number and _is_output(name):
                    self._surroundings.take(GateEvent(device.id, kind, text=text))

    def _tell(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self._surroundings.take(signal)

    def _look(self, number: int, now: float) -> None:
        """Have a relay read as soon as that is worth while."""
        self._seldom_at = min(self._seldom_at, self._relays.look_at(number, now))

    # --- commands

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Carry out a command now; the future ends with the board's acknowledgement."""
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        why = self._refusal(device, command)
        if why is None:
            self._carry(device, command, not_after, answered)
        else:
            answered.set_exception(CommandFailed(why))
            answered.exception()
        return answered

    def _refusal(self, device: str, command: Command) -> str | None:
        """Say why a command cannot be followed."""
        known = self._devices.get(device)
        if known is None:
            return f"{device} is not on this link"
        if isinstance(command, Pulse | Set):
            channel = known.channels.get(command.channel)
            if channel is None:
                return f"{device} has no channel {command.channel}"
            self._relays.forget_later(channel.at)
            if not self.up and isinstance(command, Set) and command.insist:
                self._relays.write_later(channel.at, on=command.on, at=0.0)
        elif not isinstance(command, Ping):
            return f"a board cannot follow {type(command).__name__}"
        return None if self.up else f"{self._name} is not there: {self._why}"

    def _carry(
        self, device: str, command: Command, not_after: int, answered: "asyncio.Future[None]"
    ) -> None:
        question: Callable[[], Question]
        landed: Callable[[float], None]
        match command:
            case Set(channel, on):
                number = self._devices[device].channels[channel].at
                question = partial(self._switching.write, number, on)
                landed = partial(self._set, number, on)
                if command.insist:
                    answered.add_done_callback(partial(self._insist, number, on))
            case Pulse(channel, ms, on):
                number = self._devices[device].channels[channel].at
                try:
                    lasts_s = self._switching.lasts_s(ms, on)
                except TooLong as error:
                    answered.set_exception(CommandFailed(str(error)))
                    answered.exception()
                    return
                question = partial(self._switching.pulse, number, ms, on)
                landed = partial(self._pulsed, number, on, lasts_s)
                if self._switching.ends_by_hand(on):
                    answered.add_done_callback(partial(self._insist, number, not on))
            case _:
                reading = (*self._plan.seldom, *self._plan.often, self._switching.anything)[0]
                question, landed = partial(reading.question, self._unit), _nothing
        self._line.put(Order(self, question, answered, not_after, landed))

    def _set(self, number: int, on: bool, now: float) -> None:  # noqa: FBT001  # a level
        self._switching.switched(number, on)
        self._relays.was_set(number, on=on, now=now)
        self._look(number, now)

    def _pulsed(self, number: int, on: bool, lasts_s: float, now: float) -> None:  # noqa: FBT001
        self._relays.was_pulsed(number, on=on, seconds=lasts_s, now=now)
        if self._switching.ends_by_hand(on):
            self._switching.switched(number, on)
            self._relays.write_later(number, on=not on, at=now + lasts_s)
        self._look(number, now)

    def _insist(self, number: int, on: bool, answered: "asyncio.Future[None]") -> None:  # noqa: FBT001
        """Write until it has landed: what was not acknowledged may stand open."""
        if not answered.cancelled() and answered.exception() is None:
            return
        now = asyncio.get_running_loop().time()
        self._relays.write_later(number, on=on, at=now)
        self._line.wake()


def _nothing(now: float) -> None:
    del now


def _is_output(name: str) -> bool:
    """Tell whether a channel is an output; a name may be both (`lock` is one on doors only)."""
    known = BY_NAME.get(name)
    return known is not None and known.output


def _used(devices: Sequence[Device], *, output: bool) -> list[tuple[Device, str, int]]:
    return [
        (device, contact.name, device.channels[contact.name].at)
        for device in devices
        for contact in contacts_of(cast("Kind", device.kind))
        if contact.output is output and contact.name in device.channels
    ]


def _counted(devices: Sequence[Device]) -> dict[int, list[tuple[str, str]]]:
    """Tell whose passages are counted by the board, by the number of the input."""
    return {
        number: [(device.id, name)]
        for device, name, number in _used(devices, output=False)
        if BY_NAME[name].passage and BY_NAME[name].shape == "moment"
    }


def _inputs(devices: Sequence[Device], counted: set[int]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    for device, name, number in _used(devices, output=False):
        if number not in counted:
            found.setdefault(number, []).append((device.id, name))
    return found


def _rests(devices: Sequence[Device]) -> dict[int, bool | None]:
    """Tell how relays rest that are only ever pulsed, and which others there are."""
    return {
        number: device.channels[name].inverted if BY_NAME[name].shape == "moment" else None
        for device, name, number in _used(devices, output=True)
    }
