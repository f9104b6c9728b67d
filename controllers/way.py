"""One direction of a turnstile: its mode, and the grant that is being carried out.

grant ─► (check) ─► released ─► passing ─► passed, once for each person ─► idle
            │           └───────────┴── nobody passes in time ─► given back
            └── not confirmed in time ─► given back
"""

from dataclasses import dataclass
from enum import StrEnum

from controllers.commands import AskForCheck, Command, Direction, Mode, Release, Revoke, SetMode
from controllers.device import Device
from controllers.events import Granted, OpenOnce, Passed
from controllers.grants import Grant, Kind, Memory
from controllers.inputs import Instant
from controllers.settings import TurnstileSettings


class Stage(StrEnum):
    """How far a grant has come."""

    CHECKING = "checking"
    RELEASED = "released"
    PASSING = "passing"


@dataclass(slots=True)
class Turn:
    """A grant that is being carried out.

    Attributes:
        until: when its next step is overdue.
        released: for how many persons the device has been released so far.
        unacknowledged: the device has still to say that it has taken the last release.
        halted: no more releases: the link or the device failed meanwhile.
    """

    grant: Grant
    stage: Stage
    until: int
    released: int = 0
    unacknowledged: bool = False
    halted: bool = False

    @property
    def outstanding(self) -> bool:
        """Whether somebody has been let in who has not passed."""
        return self.released > self.grant.passed


class Way:
    """One direction of a turnstile."""

    def __init__(
        self, direction: Direction, settings: TurnstileSettings, device: Device, memory: Memory
    ) -> None:
        self.direction: Direction = direction
        self.mode: Mode = "normal"
        self.turn: Turn | None = None
        self.done: Instant | None = None
        """When the last person of a grant has passed."""
        self._late: tuple[Grant, int] | None = None
        self._settings = settings
        self._device = device
        self._memory = memory

    @property
    def free(self) -> bool:
        """Whether everybody may pass."""
        return self.mode == "free" or self._device.evacuating

    @property
    def released(self) -> bool:
        """Whether a passage in this direction would be that of the grant."""
        turn = self.turn
        return turn is not None and (turn.released > 0 or self.mode == "free")

    def is_for(self, tx: str | None) -> bool:
        """Return whether this is the grant being carried out."""
        return self.turn is not None and self.turn.grant.tx == tx

    def late(self, now: int) -> Grant | None:
        """Return the grant that was given back so shortly ago that its person may still come."""
        return self._late[0] if self._late is not None and now < self._late[1] else None

    # --- a grant comes

    def grant(self, event: Granted, now: int) -> list[Command]:
        """Carry out a grant, or give it back; one that is known has been carried out before."""
        if event.tx in self._memory:
            return []
        kind = Kind.COUNTED if event.counted else Kind.GRANT
        grant = Grant(event.direction, event.tx, event.persons, kind, event.longer)
        self._memory.add(grant)
        if why := self._hindrance():
            return grant.give_back(why)
        if event.dice < self._settings.bag_check and self.mode == "normal":
            self.turn = Turn(grant, Stage.CHECKING, now + self._settings.check_ms)
            return [AskForCheck(self.direction, grant.tx)]
        return self._begin(grant, now)

    def open_once(self, event: OpenOnce, now: int) -> list[Command]:
        """An operator opens, or confirms a check; nothing where it would change nothing."""
        turn, device = self.turn, self._device
        if not device.linked:
            return []
        if device.evacuating:
            return [SetMode(self.direction, "free")]
        if turn is not None and turn.stage is Stage.CHECKING:
            return self._begin(turn.grant, now)
        if turn is not None or self.mode != "normal" or event.tx in self._memory:
            return []
        return self._begin(self._memory.add(Grant(self.direction, event.tx, 1, Kind.ACT)), now)

    def _hindrance(self) -> str | None:
        """Return why a grant cannot be carried out."""
        if self._device.evacuating:
            return "evacuation"
        if not self._device.working:
            return "out of service"
        if self.mode == "locked":
            return "locked"
        return "lane busy" if self.turn is not None else None

    def _begin(self, grant: Grant, now: int) -> list[Command]:
        self._late = None
        self.turn = Turn(grant, Stage.RELEASED, now + self._open_ms(grant))
        return self._release(self.turn, now)

    def _release(self, turn: Turn, now: int) -> list[Command]:
        """Release for whom it is time, unless the way is open anyway."""
        turn.stage = Stage.RELEASED
        turn.until = now + self._open_ms(turn.grant)
        if turn.outstanding or turn.halted or self.mode != "normal":
            return []
        most = self._settings.credits_max if self._settings.device_credits else 1
        persons = min(turn.grant.left, most)
        turn.released, turn.unacknowledged = turn.grant.passed + persons, True
        return [Release(self.direction, turn.grant.tx, persons, turn.grant.longer)]

    def _open_ms(self, grant: Grant) -> int:
        return self._settings.open_ms(longer=grant.longer)

    # --- the device tells

    def acknowledged(self, now: int) -> list[Command]:
        """The device has taken the release."""
        turn = self.turn
        if turn is None or not turn.unacknowledged:
            return []
        turn.unacknowledged = False
        commands = self._device.works()
        if self._settings.assume_passed:
            return [*commands, *self._assume(turn, now)]
        if turn.stage is Stage.RELEASED:
            turn.until = now + self._open_ms(turn.grant)
        return commands

    def failed(self, why: str) -> list[Command]:
        """The device has not taken the release; if somebody passes all the same, it has."""
        turn = self.turn
        if turn is None or not turn.unacknowledged or turn.stage is Stage.PASSING:
            return []
        return [*self.give_up("release failed"), *self._device.failed(self.direction, why)]

    def started(self, now: int) -> None:
        """Somebody has begun to pass."""
        if self.turn is not None and self.released and self.turn.stage is Stage.RELEASED:
            self.turn.stage = Stage.PASSING
            self.turn.until = now + self._settings.passage_ms

    def passed(self, event: Passed, instant: Instant) -> list[Command]:
        """A person of the grant has passed."""
        turn = self.turn
        if turn is None:
            return []
        commands = [*turn.grant.passes(event.id, event.at), *self._device.works()]
        turn.unacknowledged = False
        if not turn.grant.left:
            self.turn, self.done = None, instant
        elif turn.halted and not turn.outstanding:
            commands += self.give_up("out of service")
        elif turn.stage is not Stage.CHECKING:
            commands += self._release(turn, instant.now)
        return commands

    def _assume(self, turn: Turn, now: int) -> list[Command]:
        """Take those released as passed: nothing will tell."""
        commands: list[Command] = []
        while turn.outstanding:
            commands += turn.grant.passes(None, None)
        if not turn.grant.left:
            self.turn = None
        else:
            turn.until = now + self._open_ms(turn.grant)
        return commands

    # --- it ends

    def expire(self, now: int) -> list[Command]:
        """Give back what is overdue."""
        turn = self.turn
        if turn is None or now < turn.until:
            return []
        if turn.stage is Stage.CHECKING:
            return self.give_up("check not confirmed")
        if self._settings.assume_passed and turn.grant.passed and not turn.outstanding:
            more = self._release(turn, now)
            return more or self.give_up("out of service")
        self._late = (turn.grant, now + self._settings.passage_ms)
        return self.give_up("no passage")

    def give_up(self, why: str) -> list[Command]:
        """Close again and give back those who have not passed."""
        turn, self.turn = self.turn, None
        if turn is None:
            return []
        revoke: list[Command] = []
        if turn.outstanding and self._device.linked and not self.free:
            revoke = [Revoke(self.direction, turn.grant.tx)]
        return [*revoke, *turn.grant.give_back(why)]

    def halt(self, why: str) -> list[Command]:
        """Release nobody more; whom the device has let in may still pass."""
        turn = self.turn
        if turn is None:
            return []
        turn.halted = True
        return [] if turn.outstanding or self.mode == "free" else self.give_up(why)

    # --- modes

    def set_mode(self, mode: Mode, now: int) -> list[Command]:
        """Change the mode; the grant being carried out goes on, unless the way is locked."""
        self.mode = mode
        turn = self.turn
        commands: list[Command] = []
        if mode == "locked" and turn is not None and turn.stage is not Stage.PASSING:
            commands += self.give_up("locked")
        commands += self.stand()
        turn = self.turn
        if turn is None or turn.outstanding or mode == "locked":
            return commands
        if mode == "normal" and turn.stage is Stage.CHECKING:
            return commands
        return [*commands, *self._release(turn, now)]

    def stand(self) -> list[Command]:
        """Have the device stand as it should."""
        if not self._device.linked:
            return []
        return [SetMode(self.direction, "free" if self._device.evacuating else self.mode)]

    def evacuate(self) -> list[Command]:
        """Open for everybody; who has a grant passes without it."""
        return [*self.give_up("evacuation"), *self.stand()]
