"""A tripod, a speed gate, a full-height turnstile: one device with two directions.

A grant is not a passage. The device is released; when it reports the passage the grant is
committed, and when nobody passes it is given back. Passages that no grant explains are counted, and
told to operators: without a grant, following somebody, against the direction released.
"""

from typing import override

from controllers.commands import Command, Direction
from controllers.device import Device
from controllers.events import (
    EvacuationBegan,
    EvacuationEnded,
    Event,
    FaultSeen,
    FireInput,
    ForcedSeen,
    Granted,
    LinkBack,
    LinkLost,
    ModeSet,
    OpenOnce,
    PassageStarted,
    PassageTimedOut,
    Passed,
    Released,
    ReleaseFailed,
    TailgatingSeen,
    WrongWay,
)
from controllers.grants import Memory
from controllers.machine import Machine, Refusal
from controllers.passages import Passages
from controllers.settings import TurnstileSettings
from controllers.way import Stage, Way

__all__ = ("Turnstile", "TurnstileSettings")


class Turnstile(Machine):
    """One turnstile.

    Its states: ``idle``, ``checking``, ``released``, ``passing``, ``locked``, ``free``,
    ``evacuation``, ``fault``, ``out_of_service``.
    """

    def __init__(self, settings: TurnstileSettings | None = None) -> None:
        settings = settings or TurnstileSettings()
        memory = Memory()
        self._device = Device(settings.failures_max)
        self._ways: dict[Direction, Way] = {
            "entry": Way("entry", settings, self._device, memory),
            "exit": Way("exit", settings, self._device, memory),
        }
        self._passages = Passages(settings, self._device, memory, self._ways)

    @override
    def step(self, event: Event, now: int) -> list[Command]:
        # Who passes at the last moment has passed, though the clock be told first of the end.
        in_time = isinstance(event, Passed | PassageStarted)
        before = [] if in_time else self._expire(now)
        told = self._take(event, now)
        return [*before, *told, *self._expire(now)]

    @property
    @override
    def next_at(self) -> int | None:
        turns = (way.turn for way in self._ways.values())
        return min((turn.until for turn in turns if turn is not None), default=None)

    @override
    def refusal(self, direction: Direction) -> Refusal | None:
        way = self._ways[direction]
        if self._device.evacuating:
            return None
        if not self._device.working or way.mode == "locked":
            return "reader_out_of_service"
        return "lane_busy" if way.turn is not None and not way.free else None

    @override
    def free(self, direction: Direction) -> bool:
        return self._ways[direction].free

    @property
    @override
    def state(self) -> str:
        if self._device.evacuating:
            return "evacuation"
        if (down := self._device.down) is not None:
            return down
        stages = {way.turn.stage for way in self._ways.values() if way.turn is not None}
        for stage in (Stage.PASSING, Stage.RELEASED, Stage.CHECKING):
            if stage in stages:
                return stage.value
        modes = {way.mode for way in self._ways.values()}
        return next((mode for mode in ("free", "locked") if mode in modes), "idle")

    def _expire(self, now: int) -> list[Command]:
        return [command for way in self._ways.values() for command in way.expire(now)]

    def _take(self, event: Event, now: int) -> list[Command]:
        match event:
            case Granted() | OpenOnce() | ModeSet() | PassageStarted():
                return self._directed(event, now)
            case Released() | ReleaseFailed() | PassageTimedOut():
                return self._answered(event, now)
            case Passed() | TailgatingSeen() | WrongWay():
                return self._passages.step(event, now)
            case ForcedSeen(direction):
                return [] if self._device.evacuating else self._device.forced(direction)
            case _:
                return self._whole(event)

    def _directed(
        self, event: Granted | OpenOnce | ModeSet | PassageStarted, now: int
    ) -> list[Command]:
        """Take what concerns one direction."""
        way = self._ways[event.direction]
        match event:
            case Granted():
                return way.grant(event, now)
            case OpenOnce():
                return way.open_once(event, now)
            case ModeSet(mode=mode):
                return way.set_mode(mode, now)
            case PassageStarted():
                way.started(now)
                return []

    def _answered(
        self, event: Released | ReleaseFailed | PassageTimedOut, now: int
    ) -> list[Command]:
        """Take what has become of a release."""
        way = next((way for way in self._ways.values() if way.is_for(event.tx)), None)
        match event:
            case Released():
                return way.acknowledged(now) if way is not None else []
            case ReleaseFailed(why=why):
                return way.failed(why) if way is not None else []
            case PassageTimedOut(direction, tx):
                return self._timed_out(direction, tx)

    def _whole(self, event: Event) -> list[Command]:
        """Take what concerns both directions."""
        evacuating = self._device.evacuating
        commands = self._device.step(event)
        ways = self._ways.values()
        match event:
            case LinkLost():
                return [*commands, *(each for way in ways for each in way.halt("link lost"))]
            case FaultSeen():
                return [*commands, *(each for way in ways for each in way.halt("fault"))]
            case LinkBack():
                return [*commands, *(each for way in ways for each in way.stand())]
            case FireInput() | EvacuationBegan() | EvacuationEnded():
                if self._device.evacuating and not evacuating:
                    return [*commands, *(each for way in ways for each in way.evacuate())]
                if evacuating and not self._device.evacuating:
                    return [*commands, *(each for way in ways for each in way.stand())]
            case _:
                pass
        return commands

    def _timed_out(self, direction: Direction | None, tx: str | None) -> list[Command]:
        """The device has waited in vain, and has closed: nobody is on the way any more."""
        ways = [way for way in self._ways.values() if way.released]
        if tx is not None:
            ways = [way for way in ways if way.is_for(tx)]
        elif direction is not None:
            ways = [way for way in ways if way.direction == direction]
        return ways[0].give_up("no passage") if len(ways) == 1 else []
