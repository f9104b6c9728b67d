"""Whose passage it was: a grant's, late or in time, or nobody's.

Every person who passes is counted once, in the direction they went. A signal that bounces, or is
reported again, is one.
"""

from collections import OrderedDict
from collections.abc import Mapping

from controllers.commands import Alarm, Command, Count, Direction, Raise
from controllers.device import Device
from controllers.events import Passed, TailgatingSeen, WrongWay
from controllers.grants import Grant, Memory
from controllers.inputs import Instant
from controllers.settings import TurnstileSettings
from controllers.way import Way

IDS_REMEMBERED = 256


class Passages:
    """The passages of one turnstile."""

    def __init__(
        self,
        settings: TurnstileSettings,
        device: Device,
        memory: Memory,
        ways: Mapping[Direction, Way],
    ) -> None:
        self._settings = settings
        self._device = device
        self._memory = memory
        self._ways = ways
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._last: dict[Direction, tuple[Instant, str | None]] = {}
        self._told: dict[Alarm, tuple[bool, int]] = {}
        """Which offence was told last: by the device itself or by inference, and when."""

    def step(self, event: Passed | TailgatingSeen | WrongWay, now: int) -> list[Command]:
        """Take what the device tells of persons."""
        match event:
            case Passed():
                if self._is_repeated(event, Instant(now, event.at)):
                    return []
                return [] if self._settings.assume_passed else self._passed(event, now)
            case TailgatingSeen(direction):
                return self._offence(Alarm.TAILGATING, direction, now, by_device=True)
            case WrongWay(direction):
                return self._offence(Alarm.WRONG_WAY, direction, now, by_device=True)

    def _is_repeated(self, event: Passed, instant: Instant) -> bool:
        """Return whether this passage is one that was told before."""
        if event.id is not None:
            if event.id in self._ids:
                return True
            self._ids[event.id] = None
            if len(self._ids) > IDS_REMEMBERED:
                self._ids.popitem(last=False)
        last = self._last.get(event.direction)
        self._last[event.direction] = (instant, event.tx)
        if last is None or (None not in (event.tx, last[1]) and event.tx != last[1]):
            return False
        return instant.since(last[0]) < self._settings.debounce_ms

    def _passed(self, event: Passed, now: int) -> list[Command]:
        """Find out whose passage it was."""
        way, instant = self._ways[event.direction], Instant(now, event.at)
        if event.tx is not None:
            if way.is_for(event.tx):
                return way.passed(event, instant)
            return self._named(event, event.tx, now)
        if way.released:
            return way.passed(event, instant)
        if way.free:
            why = "evacuation" if self._device.evacuating else "free passage"
            return [self._count(event, why)]
        if (late := way.late(now)) is not None and late.left:
            return [*late.passes(event.id, event.at), *self._device.works()]
        return self._without_grant(way, event, instant)

    def _named(self, event: Passed, tx: str, now: int) -> list[Command]:
        """The device names a grant that is not being carried out in this direction."""
        grant = self._memory.get(tx)
        if grant is None:
            grant = self._memory.add(Grant(event.direction, tx, None))
        if grant.direction != event.direction:
            return self._offending(event, Alarm.WRONG_WAY, now)
        if grant.left:
            return [*grant.passes(event.id, event.at), *self._device.works()]
        return self._offending(event, Alarm.TAILGATING, now)

    def _without_grant(self, way: Way, event: Passed, instant: Instant) -> list[Command]:
        """Somebody has passed whom no grant let in."""
        within = self._settings.tailgating_ms
        told = self._told.get(Alarm.TAILGATING)
        follows = way.done is not None and instant.since(way.done) < within
        if follows or (told is not None and told[0] and instant.now - told[1] < within):
            return self._offending(event, Alarm.TAILGATING, instant.now)
        if any(other.released for other in self._ways.values()):
            return self._offending(event, Alarm.WRONG_WAY, instant.now)
        return self._offending(event, Alarm.UNAUTHORIZED_PASSAGE, instant.now)

    def _offending(self, event: Passed, alarm: Alarm, now: int) -> list[Command]:
        counted = self._count(event, alarm.value.replace("_", " "))
        return [counted, *self._offence(alarm, event.direction, now, by_device=False)]

    def _offence(
        self, alarm: Alarm, direction: Direction | None, now: int, *, by_device: bool
    ) -> list[Command]:
        """Tell an offence; once, where both the device and its passages tell it."""
        if self._device.evacuating:
            return []
        told = self._told.get(alarm)
        self._told[alarm] = (by_device, now)
        both = told is not None and told[0] != by_device
        if told is not None and both and now - told[1] < self._settings.tailgating_ms:
            return []
        return [Raise(alarm, direction)]

    def _count(self, event: Passed, why: str) -> Command:
        return Count(event.direction, 1, why, event.id, event.at)
