"""A door's lock: who may open the door now, until when, and how the lock stands otherwise.

A door has one lock: where one direction is free, everybody may pass in both. Nothing is locked
while an evacuation lasts.
"""

from collections.abc import Iterable

from controllers.commands import Command, Direction, Lock, Mode, Release, Revoke, SetMode, Unlock
from controllers.device import Device
from controllers.events import Granted, OpenOnce
from controllers.grants import Grant, Kind, Memory
from controllers.settings import DoorSettings

DIRECTIONS: tuple[Direction, ...] = ("entry", "exit")

LATE_MS = 1_000
"""An opening told so shortly after the door was locked again was on its way."""


class Latch:
    """The lock of one door.

    Attributes:
        modes: by direction.
        until: when it is locked again, and those waiting are given back.
    """

    def __init__(self, settings: DoorSettings, device: Device) -> None:
        self.modes: dict[Direction, Mode] = dict.fromkeys(DIRECTIONS, "normal")
        self.until: int | None = None
        self._waiting: list[Grant] = []
        """Those who may open now."""
        self._late: tuple[list[Grant], int] = ([], 0)
        self._memory = Memory()
        self._settings = settings
        self._device = device

    @property
    def free(self) -> bool:
        """Whether everybody may open."""
        opens = self._device.evacuating and self._settings.opens_in_evacuation
        return opens or "free" in self.modes.values()

    @property
    def unlocked(self) -> bool:
        """Whether somebody may open."""
        return self.free or self.until is not None

    # --- it is unlocked

    def grant(self, event: Granted, now: int, *, allowed: bool, stands_open: bool) -> list[Command]:
        """Unlock for a grant, or give it back; one that is known has been carried out before."""
        if event.tx in self._memory:
            return []
        kind = Kind.COUNTED if event.counted else Kind.GRANT
        grant = Grant(event.direction, event.tx, event.persons, kind, event.longer)
        self._memory.add(grant)
        if why := self._hindrance(event.direction, allowed=allowed):
            # A door that stays locked in an evacuation is opened for whoever asks.
            opens = self._device.evacuating and self._device.linked and not self.free
            return [*([_release(grant)] if opens else []), *grant.give_back(why)]
        return self._begin(grant, now, stands_open=stands_open)

    def open_once(
        self, event: OpenOnce, now: int, *, allowed: bool, stands_open: bool
    ) -> list[Command]:
        """An operator opens; nothing where it would change nothing."""
        direction = event.direction
        if not self._device.linked or event.tx in self._memory:
            return []
        if self._device.evacuating:
            return [SetMode(direction, "free")] if self.free else [Unlock(self._open_ms())]
        if self.free or self.modes[direction] == "locked" or not allowed:
            return []
        act = self._memory.add(Grant(direction, event.tx, 1, Kind.ACT))
        return self._begin(act, now, stands_open=stands_open)

    def unlock(self, now: int) -> list[Command]:
        """Unlock for whoever opens."""
        self._last_until(now + self._open_ms())
        return [Unlock(self._open_ms())]

    def _begin(self, grant: Grant, now: int, *, stands_open: bool) -> list[Command]:
        """Unlock, or go on being unlocked, for all who wait."""
        self._late = ([], 0)
        self._last_until(now + self._open_ms(longer=grant.longer))
        commands: list[Command] = [] if self.free else [_release(grant)]
        if stands_open:
            # Nothing will tell that they have passed.
            return [*commands, *grant.all_pass()]
        self._waiting.append(grant)
        return commands

    def _hindrance(self, direction: Direction, *, allowed: bool) -> str | None:
        """Return why a grant cannot be carried out."""
        if self._device.evacuating:
            return "evacuation"
        if not self._device.working:
            return "out of service"
        if self.modes[direction] == "locked":
            return "locked"
        return None if self.free or allowed else "interlock"

    def _open_ms(self, *, longer: bool = False) -> int:
        return self._settings.open_ms(longer=longer)

    def _last_until(self, end: int) -> None:
        self.until = max(end, self.until or 0)

    # --- the device answers

    def acknowledged(self, tx: str, now: int) -> list[Command]:
        """The device has unlocked."""
        grant = next((each for each in self._waiting if each.tx == tx), None)
        if grant is None:
            return []
        self._last_until(now + self._open_ms(longer=grant.longer))
        if not self._settings.assume_passed:
            return self._device.works()
        self._waiting.remove(grant)
        return [*self._device.works(), *grant.all_pass()]

    def failed(self, tx: str, why: str) -> list[Command]:
        """The device has not unlocked; if it opens all the same, it has."""
        grant = next((each for each in self._waiting if each.tx == tx), None)
        if grant is None:
            return []
        self._waiting.remove(grant)
        lock = [] if self._waiting else self.lock(grant)
        failed = self._device.failed(grant.direction, why)
        return [*lock, *grant.give_back("release failed"), *failed]

    # --- somebody opens

    def opened(self, now: int) -> list[Grant]:
        """Return those whose opening it is, who wait no more."""
        waiting, self._waiting = self._waiting, []
        (late, late_until), self._late = self._late, ([], 0)
        return waiting or (late if now < late_until else [])

    def passed(self, direction: Direction, tx: str | None) -> Grant | None:
        """Return the grant of a person who has passed, as a device without a contact tells it."""
        if tx is not None:
            known = self._memory.get(tx)
            return known or self._memory.add(Grant(direction, tx, None))
        return next((each for each in self._waiting if each.direction == direction), None)

    def tidy(self) -> None:
        """Forget those of whom all have passed."""
        self._waiting = [each for each in self._waiting if each.left]

    # --- it is locked

    def lock(self, grant: Grant | None = None) -> list[Command]:
        """Lock again: nobody else has leave to open."""
        unlocked, self.until = self.until is not None, None
        if not unlocked or self.free or self._device.evacuating or not self._device.linked:
            return []
        return [Lock()] if grant is None else [Revoke(grant.direction, grant.tx)]

    def expire(self, now: int) -> list[Command]:
        """Lock again when it is time, and give back those who have not opened."""
        if self.until is None or now < self.until:
            return []
        late = self._waiting
        commands = self.give_up("not opened")
        self._late = (late, now + LATE_MS)
        return commands

    def give_up(self, why: str) -> list[Command]:
        """Lock at once, and give back those who have not opened."""
        waiting, self._waiting = self._waiting, []
        lock = self.lock(waiting[-1] if waiting else None)
        return [*lock, *(each for grant in waiting for each in grant.give_back(why))]

    # --- how it stands

    def set_mode(self, direction: Direction, mode: Mode) -> list[Command]:
        """Change the mode of a direction."""
        self.modes[direction] = mode
        locked = self.give_up("locked") if mode == "locked" else []
        return [*locked, *self.stand([direction])]

    def stand(self, directions: Iterable[Direction] = DIRECTIONS) -> list[Command]:
        """Have the device stand as it should."""
        if not self._device.linked:
            return []
        if not self._device.evacuating:
            return [SetMode(each, self.modes[each]) for each in directions]
        return [SetMode(each, "free") for each in directions] if self.free else []


def _release(grant: Grant) -> Release:
    return Release(grant.direction, grant.tx, grant.left, grant.longer)
