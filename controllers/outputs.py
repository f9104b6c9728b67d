"""Outputs of a board: what a machine asks for becomes switching.

A board knows no persons and no grant, so a release for a party becomes one pulse for each person,
the next after the one before has passed. Each release is a pulse that the hardware itself ends, in
level mode too: nothing stays open when we are not there to close it. While there is fire nothing is
closed or locked, whoever asks for it.

Knows no wire: the venue hands `Pulse` and `Set` on, one for one.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from config.contacts import NORMALLY_CLOSED
from controllers.commands import Command, Direction, Lock, Mode, Release, Revoke, SetMode, Unlock

DIRECTIONS: tuple[Direction, ...] = ("entry", "exit")


@dataclass(frozen=True, slots=True)
class Pulse:
    """Switch an output on for so long (ms); ``tx``: taking it is taking this release.

    ``on`` is false for an inverted output, which goes off for so long.
    """

    channel: str
    ms: int
    tx: str | None = None
    on: bool = True


@dataclass(frozen=True, slots=True)
class Set:
    """Switch an output on or off; ``tx``: taking it is taking this release.

    ``closes``: it closes or locks, and is worth being tried again.
    """

    channel: str
    on: bool
    tx: str | None = None
    closes: bool = field(default=False, compare=False)


type Output = Pulse | Set


@dataclass(frozen=True, slots=True)
class Wiring:
    """How an equipment is wired.

    Attributes:
        channels: the names of its channels (`config.contacts`).
        inverted: channels that stand, on the board, at the opposite of what their name says.
        normally_closed: inputs that say it by their loss; empty for a device that reports what it
            means instead of how a contact stands.
        debounce_ms: how long a contact bounces.
        release: a short pulse, upon which the gate waits by itself, or a level for as long as it
            is to be open.
        pulse_ms: how long a pulse is.
        gap_ms: how long a contact rests between two pulses, so that the gate sees two.
        open_ms: how long a level is held.
        longer_ms: how long it is held for a flagged ticket.
        fail_safe: the lock of a door locks while it has power; else it opens while it has.
    """

    channels: frozenset[str]
    inverted: frozenset[str] = frozenset()
    normally_closed: frozenset[str] = NORMALLY_CLOSED
    debounce_ms: int = 35
    release: Literal["pulse", "level"] = "pulse"
    pulse_ms: int = 500
    gap_ms: int = 300
    open_ms: int = 5_000
    longer_ms: int = 10_000
    fail_safe: bool = True


@dataclass(slots=True)
class _Side:
    """One direction: its mode, the release in force, and when it may be pulsed again."""

    mode: Mode = "normal"
    tx: str | None = None
    left: int = 0
    """Persons who wait for a pulse of their own."""
    longer: bool = False
    drops_at: int = 0
    """When the output drops, or has dropped."""
    due: int | None = None
    """When the next pulse is to be given, ..."""
    first: bool = False
    """... and whether it is the release's first, the one to be acknowledged."""

    def end(self) -> None:
        """Forget the release."""
        self.tx, self.left, self.due = None, 0, None


class Outputs:
    """The outputs of one equipment; ``now`` is in ms of a clock that only rises.

    Attributes:
        fire: whether the fire input is active.
    """

    def __init__(self, wiring: Wiring) -> None:
        self.fire = False
        self._wiring = wiring
        self._sides = {direction: _Side() for direction in DIRECTIONS}
        self._door = "lock" in wiring.channels
        self._held = False
        """Whether the door is unlocked until it is told to lock."""

    @property
    def due(self) -> int | None:
        """When the next pulse is to be given."""
        dues = (side.due for side in self._sides.values())
        return min((due for due in dues if due is not None), default=None)

    def carry(self, command: Command, now: int) -> list[Output]:
        """Return what a machine's command comes to, in order.

        A release whose pulse must wait for the one before comes with a later `tick`.
        """
        outputs: list[Output]
        match command:
            case Release():
                outputs = self._release(command, now)
            case Revoke(direction, tx):
                outputs = self._revoke(direction, tx, now)
            case SetMode(direction, mode):
                outputs = self._mode(direction, mode, now)
            case Unlock(ms) if self._door:
                outputs = self._unlock(ms)
            case Lock() if self._door:
                outputs = self._lock()
            case _:
                outputs = []
        return self._harmless(outputs)

    def tick(self, now: int) -> list[Output]:
        """Give the pulses that are due."""
        return [
            output
            for direction, side in self._sides.items()
            if side.due is not None and now >= side.due
            for output in self._pulse(direction, now)
        ]

    def started(self, direction: Direction, now: int) -> list[Output]:
        """Somebody begins to pass: end a level, for while it is held a second person may pass."""
        side, channel = self._sides[direction], self._opener(direction)
        if self._wiring.release == "pulse" or channel is None:
            return []
        if side.due is not None or now >= side.drops_at:
            return []
        side.drops_at = now
        return self._harmless([Set(channel, on=False)])

    def passed(self, direction: Direction, now: int) -> list[Output]:
        """Somebody has passed: give the next of their party a pulse."""
        side = self._sides[direction]
        outputs = self.started(direction, now)
        if side.tx is None:
            return outputs
        if not side.left:
            # Also where a pulse was still to come: who has passed had no need of it.
            side.end()
            return outputs
        side.left -= 1
        return [*outputs, *([] if side.due is not None else self._pulse(direction, now))]

    def lost(self) -> None:
        """The board is out of sight: nothing is given later that was asked for before."""
        for side in self._sides.values():
            side.end()

    def released(self) -> list[Direction]:
        """Return the direction in which somebody may be passing, if it can be told."""
        wired = [each for each in DIRECTIONS if f"release_{each}" in self._wiring.channels]
        if len(wired) == 1:
            return wired
        return [each for each in wired if self._sides[each].tx is not None][:1]

    # --- turnstiles and relays

    def _opener(self, direction: Direction) -> str | None:
        """Return the output that lets a person pass."""
        names = (f"release_{direction}", "relay")
        return next((name for name in names if name in self._wiring.channels), None)

    def _release(self, command: Release, now: int) -> list[Output]:
        side = self._sides[command.direction]
        if self._door:
            ms = self._wiring.longer_ms if command.longer else self._wiring.open_ms
            return self._unlock(ms, command.tx)
        if side.mode == "free":
            # It is open; where the release itself is held, the end of a pulse would close it.
            return self._free(command.direction, on=True, tx=command.tx)
        side.tx, side.left, side.longer = command.tx, command.persons - 1, command.longer
        side.first = True
        return self._pulse(command.direction, now)

    def _pulse(self, direction: Direction, now: int) -> list[Output]:
        """Open for one person, as soon as the output has rested."""
        wiring, side, channel = self._wiring, self._sides[direction], self._opener(direction)
        side.due = None
        if channel is None:
            return []
        if side.drops_at and now < side.drops_at + wiring.gap_ms:
            side.due = side.drops_at + wiring.gap_ms
            return []
        ms = wiring.pulse_ms
        if wiring.release == "level":
            ms = wiring.longer_ms if side.longer else wiring.open_ms
        tx, side.first = (side.tx if side.first else None), False
        side.drops_at = now + ms
        return [Pulse(channel, ms, tx)]

    def _revoke(self, direction: Direction, tx: str, now: int) -> list[Output]:
        if self._door:
            # Its machine knows who else may open; a door left unlocked is worse than one locked.
            return [] if self._held else self._lock()
        side, channel = self._sides[direction], self._opener(direction)
        if side.tx is not None and side.tx != tx:
            return []
        known = side.tx is not None
        side.end()
        if side.mode == "free" or channel is None:
            return []
        side.drops_at = min(side.drops_at, now)
        outputs: list[Output] = [Set(channel, on=False)]
        relock = f"relock_{direction}"
        if known and relock in self._wiring.channels:
            outputs.append(Pulse(relock, self._wiring.pulse_ms))
        return outputs

    def _mode(self, direction: Direction, mode: Mode, now: int) -> list[Output]:
        side = self._sides[direction]
        was, side.mode = side.mode, mode
        side.end()
        if self._door:
            free = any(each.mode == "free" for each in self._sides.values())
            return self._unlock(None) if free else self._lock()
        lock = f"lock_{direction}"
        locked: list[Output] = []
        if lock in self._wiring.channels:
            locked.append(Set(lock, on=mode == "locked"))
        opened = self._free(direction, on=mode == "free")
        side.drops_at = now if was == "free" else min(side.drops_at, now)
        match mode:
            case "free" | "normal":
                return [*locked, *opened]
            case "locked":
                return [*opened, *locked]
            case _:
                assert_never(mode)

    def _free(self, direction: Direction, *, on: bool, tx: str | None = None) -> list[Output]:
        """Switch what lets everybody pass: an output of its own, or the release held."""
        free = f"free_{direction}"
        channel = free if free in self._wiring.channels else self._opener(direction)
        return [Set(channel, on, tx)] if channel is not None else []

    # --- doors

    def _unlock(self, ms: int | None, tx: str | None = None) -> list[Output]:
        """Unlock: a lock that opens by power gets it for so long, which the hardware keeps.

        One that locks by power loses it until it is told to lock: should nobody tell it, the door
        stands open, which is what such a lock is for.
        """
        self._held = self._held or ms is None
        if self._wiring.fail_safe:
            return [Set("lock", on=False, tx=tx)]
        if self._held or ms is None:
            return [Set("lock", on=True, tx=tx)]
        return [Pulse("lock", ms, tx)]

    def _lock(self) -> list[Output]:
        self._held = False
        return [Set("lock", on=self._wiring.fail_safe)]

    # --- fire

    def _harmless(self, outputs: list[Output]) -> list[Output]:
        """Leave out what closes or locks while there is fire; mark it else."""
        harmless = (each for each in outputs if not (self.fire and self._closes(each)))
        return [
            replace(each, closes=True) if isinstance(each, Set) and self._closes(each) else each
            for each in harmless
        ]

    def _closes(self, output: Output) -> bool:
        if isinstance(output, Pulse):
            return output.channel.startswith("relock_")
        if self._door:
            return output.on == self._wiring.fail_safe
        return output.on == output.channel.startswith("lock_")
