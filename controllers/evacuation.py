"""An evacuation from its beginning to the acknowledgement: nobody returns by mistake.

    calm ──► evacuating ──► cleared ──acknowledged──► calm
                 ▲              │
                 └─ fire again ─┘

It begins with an operator or with a fire input; there may be several. It is clear once every fire
input is at rest *and* an operator has set the space to normal. Even then it lasts until somebody
acknowledges. Fire release itself is wired into the gates and does not wait for us. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far an evacuation is."""

    CALM = "calm"
    EVACUATING = "evacuating"
    CLEARED = "cleared"


class Change(StrEnum):
    """What has just happened."""

    BEGAN = "began"
    """Open whatever can be opened; raise the alarm."""
    CLEARED = "cleared"
    """It may be acknowledged."""
    AGAIN = "again"
    """It was clear, and is not any more."""
    ENDED = "ended"
    """Gates work as before."""


@dataclass(frozen=True, slots=True)
class Record:
    """An evacuation as it is remembered over a restart.

    Attributes:
        since: when it began (ms).
        by: who or what began it.
        fires: the fire inputs that were active when last seen.
        normal: an operator has set the space to normal since.
    """

    since: int
    by: str
    fires: tuple[str, ...] = ()
    normal: bool = False


class Evacuation:
    """The evacuation of one space; ``record`` is that of one under way at a restart."""

    def __init__(self, record: Record | None = None) -> None:
        self._since, self._by = (record.since, record.by) if record is not None else (0, "")
        self._under_way = record is not None
        self._fires = set(record.fires) if record is not None else set[str]()
        self._normal = record.normal if record is not None else False

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if not self._under_way:
            return Stage.CALM
        return Stage.EVACUATING if self.not_clear else Stage.CLEARED

    @property
    def record(self) -> Record | None:
        """What is to be remembered; ``None``: there is no evacuation."""
        if not self._under_way:
            return None
        return Record(self._since, self._by, tuple(sorted(self._fires)), self._normal)

    @property
    def not_clear(self) -> tuple[str, ...]:
        """Return what stands against the acknowledgement, in words for an operator."""
        if not self._under_way:
            return ()
        fires = tuple(f"fire input of {name} is active" for name in sorted(self._fires))
        return fires if self._normal else (*fires, "nobody has set the space to normal")

    def begin(self, by: str, now: int) -> Change | None:
        """An operator has the space evacuated; said again, it is not clear any more."""
        return self._begin(by, now, self.stage)

    def fire(self, name: str, now: int, *, active: bool) -> Change | None:
        """A fire input stands at a level; ``name``: the equipment it belongs to.

        One that is out of sight stands as it was last seen: tell nothing.
        """
        before = self.stage
        if active:
            if name in self._fires:
                return None
            self._fires.add(name)
            return self._begin(f"fire input of {name}", now, before)
        self._fires.discard(name)
        return self._cleared(before)

    def forget(self, name: str) -> Change | None:
        """The equipment of a fire input is no longer in the site file."""
        before = self.stage
        self._fires.discard(name)
        return self._cleared(before)

    def normal(self) -> Change | None:
        """An operator says that it is over; a fire input at rest may still be missing."""
        before = self.stage
        self._normal = True
        return self._cleared(before)

    def acknowledge(self) -> Change | None:
        """An operator acknowledges; ``None``: there is nothing to acknowledge, or it is not clear.

        Ask `not_clear` why.
        """
        if self.stage is not Stage.CLEARED:
            return None
        self._under_way = False
        return Change.ENDED

    def _begin(self, by: str, now: int, before: Stage) -> Change | None:
        self._normal = False
        if before is Stage.CALM:
            self._under_way, self._since, self._by = True, now, by
            return Change.BEGAN
        return Change.AGAIN if before is Stage.CLEARED else None

    def _cleared(self, before: Stage) -> Change | None:
        """Tell whether it has become clear just now."""
        now_clear = self.stage is Stage.CLEARED
        return Change.CLEARED if now_clear and before is Stage.EVACUATING else None
