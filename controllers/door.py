"""A door: a lock, a contact, perhaps a request to exit and a sense of the bolt.

A grant unlocks it for a while; that the contact opens meanwhile is its passage. A contact counts no
heads: who opens under a grant is all of its persons, and all whose grants are waiting.
"""

from typing import override

from controllers.commands import Alarm, Command, Count, Direction, Raise
from controllers.contact import Contact, Watch
from controllers.device import Device
from controllers.events import (
    Acknowledged,
    BondChanged,
    ContactChanged,
    Event,
    ExitRequested,
    FaultCleared,
    ForcedSeen,
    Granted,
    LinkBack,
    LinkLost,
    ModeSet,
    OpenOnce,
    Passed,
    Released,
    ReleaseFailed,
)
from controllers.interlock import Interlock
from controllers.latch import Latch
from controllers.machine import Machine, Refusal
from controllers.settings import DoorSettings

__all__ = ("Door", "DoorSettings")


class Door(Machine):
    """One door.

    Its states: ``idle``, ``released``, ``open``, ``held``, ``forced``, ``locked``, ``free``,
    ``evacuation``, ``fault``, ``out_of_service``, ``unknown``.
    """

    def __init__(
        self, settings: DoorSettings | None = None, interlock: Interlock | None = None
    ) -> None:
        self._settings = settings or DoorSettings()
        self._interlock = interlock
        self._device = Device(self._settings.failures_max)
        self._latch = Latch(self._settings, self._device)
        self._contact = Contact(self._settings.debounce_ms)
        self._watch = Watch(self._settings)
        self._rex_until = 0
        self._bolted: bool | None = None
        self._has_contact = False
        """It was heard of at least once."""
        if interlock is not None:
            interlock.join(self)

    # --- what it is asked

    @override
    def step(self, event: Event, now: int) -> list[Command]:
        # Who opens at the last moment has opened, though the clock be told first of the end.
        in_time = isinstance(event, ContactChanged | Passed)
        before = [] if in_time else self._expire(now)
        told = [*self._whole(event), *self._take(event, now)]
        return [*before, *told, *self._expire(now), *self._look(now)]

    @property
    @override
    def next_at(self) -> int | None:
        dues = (self._latch.until, self._contact.due, self._watch.due)
        return min((due for due in dues if due is not None), default=None)

    @override
    def refusal(self, direction: Direction) -> Refusal | None:
        if self._device.evacuating:
            return None
        if not self._device.working or self._latch.modes[direction] == "locked":
            return "reader_out_of_service"
        return None if self._latch.free or self._allowed else "lane_busy"

    @override
    def free(self, direction: Direction) -> bool:
        return self._latch.free

    @property
    @override
    def state(self) -> str:
        device, contact = self._device, self._contact.open
        words = (
            (device.evacuating, "evacuation"),
            (device.down is not None, device.down or ""),
            (self._watch.forced, "forced"),
            (self._watch.held, "held"),
            (contact is True, "open"),
            (contact is None and self._has_contact, "unknown"),
            (self._latch.free, "free"),
            (self._latch.unlocked, "released"),
            ("locked" in self._latch.modes.values(), "locked"),
        )
        return next((word for holds, word in words if holds), "idle")

    @property
    def secure(self) -> bool:
        """Whether it is closed and locked, and known to be."""
        shut = self._contact.open is False or self._settings.assume_passed
        linked = self._device.linked
        return shut and linked and not self._latch.unlocked and self._bolted is not False

    @property
    def _allowed(self) -> bool:
        """Whether the other doors of its group let it unlock."""
        return self._interlock is None or self._interlock.allows(self)

    # --- what it is told

    def _take(self, event: Event, now: int) -> list[Command]:
        """Take what concerns those who may open it."""
        match event:
            case Granted() | OpenOnce():
                return self._let_in(event, now)
            case Released(tx):
                return self._latch.acknowledged(tx, now)
            case ReleaseFailed(tx, why):
                return self._latch.failed(tx, why)
            case ModeSet(direction, mode):
                return self._latch.set_mode(direction, mode)
            case _:
                return self._sensed(event, now)

    def _sensed(self, event: Event, now: int) -> list[Command]:
        """Take what the door itself tells."""
        commands: list[Command] = []
        match event:
            case ContactChanged(opened):
                self._has_contact, known = True, self._contact.open is not None
                if self._contact.read(opened, now):
                    commands = self._moved(now, known=known)
            case Passed():
                commands = self._passed(event)
            case ExitRequested():
                commands = self._exit_requested(now)
            case BondChanged(locked):
                self._bolted = locked
            case ForcedSeen() if not self._device.evacuating:
                commands = self._watch.force()
            case Acknowledged(Alarm.FORCED) | FaultCleared():
                commands = self._watch.unforce()
            case _:
                pass
        return commands

    def _whole(self, event: Event) -> list[Command]:
        """Take what concerns the device as a whole."""
        evacuating = self._device.evacuating
        commands = self._device.step(event)
        match event:
            case LinkLost():
                # What it tells when it is back is no opening.
                self._contact.forget()
                self._bolted = None
            case LinkBack():
                commands += self._latch.stand()
            case _ if self._device.evacuating != evacuating:
                commands += [*self._latch.give_up("evacuation"), *self._latch.stand()]
            case _:
                pass
        return commands

    def _let_in(self, event: Granted | OpenOnce, now: int) -> list[Command]:
        """Unlock for a grant or for an operator, if the other doors allow it."""
        allowed, open_now = self._allowed, self._contact.open is True
        if open_now:
            self._watch.again(now, longer=isinstance(event, Granted) and event.longer)
        if isinstance(event, Granted):
            return self._latch.grant(event, now, allowed=allowed, stands_open=open_now)
        return self._latch.open_once(event, now, allowed=allowed, stands_open=open_now)

    def _moved(self, now: int, *, known: bool) -> list[Command]:
        """The contact stands otherwise than before; ``known``: it was not just out of sight."""
        if self._contact.open:
            return self._opened(now, known=known)
        self._watch.closed()
        lock = self._latch.lock() if known and self._settings.relock == "close" else []
        return [*lock, *self._watch.unforce()]

    def _opened(self, now: int, *, known: bool) -> list[Command]:
        """It has been opened: find out by whom."""
        grants = self._latch.opened(now)
        relocks = self._settings.relock == "open"
        self._watch.again(now, longer=any(grant.longer for grant in grants))
        if grants:
            passed = [each for grant in grants for each in grant.all_pass()]
            lock = self._latch.lock(grants[-1]) if relocks else []
            return [*passed, *self._device.works(), *lock]
        if self._latch.free:
            counted = self._settings.count_free
            return [] if counted is None else [Count(counted, 1, self._why_free)]
        if now < self._rex_until:
            self._rex_until = 0
            left = [Count("exit", 1, "exit requested")] if self._settings.count_rex else []
            return [*left, *(self._latch.lock() if relocks else [])]
        if self._latch.unlocked or not known or self._device.evacuating:
            return []
        return self._watch.force()

    def _passed(self, event: Passed) -> list[Command]:
        """A device without a contact tells who has passed."""
        if self._has_contact or self._settings.assume_passed:
            return []
        grant = self._latch.passed(event.direction, event.tx)
        if grant is not None and grant.left:
            passed = grant.passes(event.id, event.at)
            self._latch.tidy()
            return [*passed, *self._device.works()]
        is_free = self._latch.free or self._device.evacuating
        why = self._why_free if is_free else "unauthorized passage"
        counted = Count(event.direction, 1, why, event.id, event.at)
        offence = Raise(Alarm.UNAUTHORIZED_PASSAGE, event.direction)
        return [counted] if is_free else [counted, offence]

    @property
    def _why_free(self) -> str:
        return "evacuation" if self._device.evacuating else "free passage"

    def _exit_requested(self, now: int) -> list[Command]:
        """Somebody inside wants out: by the handle, or the door is to be unlocked for them."""
        settings, device = self._settings, self._device
        self._rex_until = now + settings.rex_ms
        if not settings.rex_unlocks or self._latch.free or not device.linked:
            return []
        if not self._allowed and not device.evacuating:
            return []
        self._rex_until = now + max(settings.rex_ms, settings.open_ms(longer=False))
        return self._latch.unlock(now)

    def _expire(self, now: int) -> list[Command]:
        known = self._contact.open is not None
        moved = self._moved(now, known=known) if self._contact.tick(now) else []
        return [*moved, *self._latch.expire(now)]

    def _look(self, now: int) -> list[Command]:
        """Tell people of a door that stands as it should not."""
        quiet = self._latch.free or self._device.evacuating
        shut = self._contact.open is not True
        known = self._device.linked and not quiet
        return [
            *(self._watch.unforce() if quiet else []),
            *self._watch.look(
                now,
                held=known and not shut and not self._watch.forced,
                loose=known and shut and not self._latch.unlocked and self._bolted is False,
            ),
        ]
