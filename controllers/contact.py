"""How a door stands: its contact, and what people are told when it should not stand so.

The contact is a level, not an edge: told the same again, nothing has happened, and a change that
was missed is put right by the next reading.
"""

from controllers.commands import Alarm, Clear, Command, Raise
from controllers.settings import DoorSettings


class Contact:
    """A door's contact: open, closed, or (``None``) nobody has told."""

    def __init__(self, debounce_ms: int) -> None:
        self.open: bool | None = None
        self._debounce_ms = debounce_ms
        self._changed_at = 0
        self._bouncing: bool | None = None

    @property
    def due(self) -> int | None:
        """When a level that follows a change too shortly is believed, should it last."""
        return None if self._bouncing is None else self._changed_at + self._debounce_ms

    def read(self, value: bool, now: int) -> bool:  # noqa: FBT001  # a level is one
        """Take a reading; return whether the level has changed."""
        self._bouncing = None
        if value == self.open:
            return False
        if self.open is not None and now < self._changed_at + self._debounce_ms:
            self._bouncing = value
            return False
        self.open, self._changed_at = value, now
        return True

    def tick(self, now: int) -> bool:
        """Let time pass; return whether the level has changed."""
        if self._bouncing is None or now < self._changed_at + self._debounce_ms:
            return False
        return self.read(self._bouncing, now)

    def forget(self) -> None:
        """The device is out of sight: nobody knows."""
        self.open, self._bouncing = None, None


class Watch:
    """Tells people of a door held open, forced, or closed without its bolt holding.

    Attributes:
        forced: it was opened though it was locked, and has not been closed since.
    """

    def __init__(self, settings: DoorSettings) -> None:
        self.forced = False
        self._settings = settings
        self._longer = False
        self._held_since: int | None = None
        self._loose_since: int | None = None
        self._raised: list[Alarm] = []

    @property
    def held(self) -> bool:
        """Whether it has stood open too long."""
        return Alarm.HELD_OPEN in self._raised

    @property
    def due(self) -> int | None:
        """When somebody is to be told next."""
        dues = [at for at, alarm in self._dues() if alarm not in self._raised]
        return min(dues, default=None)

    def force(self) -> list[Command]:
        """It has been opened though it was locked."""
        self.forced = True
        return self._raise(Alarm.FORCED)

    def unforce(self) -> list[Command]:
        """It is closed again, or somebody has seen to it."""
        self.forced = False
        return self._clear(Alarm.FORCED)

    def again(self, now: int, *, longer: bool) -> None:
        """Somebody else may pass while it stands open: its time begins anew."""
        self._longer = longer
        if self._held_since is not None:
            self._held_since = now

    def look(self, now: int, *, held: bool, loose: bool) -> list[Command]:
        """Take how it stands: open, closed with the bolt not holding; tell what is new."""
        commands: list[Command] = []
        if not held:
            self._held_since = None
            commands += [*self._clear(Alarm.HELD_WARNING), *self._clear(Alarm.HELD_OPEN)]
        elif self._held_since is None:
            self._held_since = now
        if not loose:
            self._loose_since = None
            commands += self._clear(Alarm.LOCK_FAULT)
        elif self._loose_since is None:
            self._loose_since = now
        for at, alarm in self._dues():
            if now >= at:
                commands += self._raise(alarm)
        if self.held:
            commands += self._clear(Alarm.HELD_WARNING)
        return commands

    def closed(self) -> None:
        """It is closed: the next who opens it has the usual time."""
        self._longer = False

    def _dues(self) -> list[tuple[int, Alarm]]:
        dues: list[tuple[int, Alarm]] = []
        if (since := self._held_since) is not None and not self.held:
            warning = self._settings.held_warning_ms(longer=self._longer)
            dues.append((since + warning, Alarm.HELD_WARNING))
            dues.append((since + self._settings.held_ms(longer=self._longer), Alarm.HELD_OPEN))
        if (since := self._loose_since) is not None:
            dues.append((since + self._settings.bolt_ms, Alarm.LOCK_FAULT))
        return dues

    def _raise(self, alarm: Alarm) -> list[Command]:
        if alarm in self._raised:
            return []
        self._raised.append(alarm)
        return [Raise(alarm)]

    def _clear(self, alarm: Alarm) -> list[Command]:
        if alarm not in self._raised:
            return []
        self._raised.remove(alarm)
        return [Clear(alarm)]
