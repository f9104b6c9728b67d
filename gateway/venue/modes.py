"""The mode that people have set an equipment to, per direction: normal, free or locked.

Kept in the store (`{S}modes`: ``EQUIPMENT/DIRECTION`` → locked or free; absent: normal) and known
to every process, which keeps the flags of its scans by it. It is what is wanted: a gate that comes
back is set to it anew by its lane.
"""

from collections.abc import Callable
from typing import Final

from drivers.signals import Mode
from gateway.entitlements.place import Direction
from gateway.venue.bus import Bus
from gateway.venue.flags import Flags
from gateway.venue.shared import Shared

NORMAL: Final = "normal"

type ModeTold = Callable[[str, Direction, Mode], None]
"""Told of an equipment, a direction and its new mode."""


class Modes:
    """The modes of all equipment, in one process."""

    def __init__(self, bus: Bus, flags: Flags) -> None:
        self._shared = Shared(bus, "modes", plain=True)
        self._flags = flags
        self._told: list[ModeTold] = []
        self._shared.on_change(self._changed)
        self.run = self._shared.run
        self.settled = self._shared.settled
        self.loaded = self._shared.loaded

    def mode(self, equipment: str, direction: Direction) -> Mode:
        """Tell the mode that an equipment is to be in."""
        found: Mode = self._shared.entries.get(f"{equipment}/{direction}", NORMAL)
        return found

    def set(self, equipment: str, direction: Direction, mode: Mode) -> None:
        """Set a mode everywhere; at once in this process."""
        self._shared.put(f"{equipment}/{direction}", None if mode == NORMAL else mode)

    def on_change(self, told: ModeTold) -> None:
        """Tell somebody of each change, wherever it was made."""
        self._told.append(told)

    def _changed(self, field: str, value: str | None) -> None:
        equipment, _, way = field.partition("/")
        if way not in {"entry", "exit"}:
            return
        direction: Direction = "entry" if way == "entry" else "exit"
        mode: Mode = "free" if value == "free" else "locked" if value == "locked" else "normal"
        self._flags.set(equipment, direction, "o", "mode", holds=mode == "locked")
        self._flags.set(equipment, direction, "f", "mode", holds=mode == "free")
        for told in self._told:
            told(equipment, direction, mode)
