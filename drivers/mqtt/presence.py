"""Whether a device can be reached: its status or will says so, and it is heard from. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

type Tell = Callable[[bool, str], None]

SILENT: Final = 2.2
"""Times its keep-alive: a frozen gate is down within 2.5 times that, looked at now and then."""
FIRST_WORD_S: Final = 1.0


@dataclass(slots=True)
class Presence:
    """One device behind a broker; times are in seconds of any steady clock.

    Attributes:
        keepalive_s: After so long a silence the device is to be asked.
        tell: Told of each going and coming, once.
        up: Whether it can be reached; None before anything is known.
    """

    keepalive_s: float
    tell: Tell
    up: bool | None = None
    _connected_at: float | None = field(default=None, init=False)
    _online: bool = field(default=False, init=False)
    _heard_at: float = field(default=0.0, init=False)
    _asked_at: float = field(default=0.0, init=False)

    def connected(self, now: float) -> None:
        """The broker is there; the device still has to say that it is."""
        self._connected_at = now
        self._online = False

    def lost(self, why: str) -> None:
        """The broker is away."""
        self._connected_at = None
        self._online = False
        self._become(up=False, why=why)

    def status(self, now: float, *, online: bool, why: str = "") -> None:
        """The device, or its will, has spoken."""
        if self._connected_at is None:
            return
        self._online = online
        self._heard_at = now
        self._become(up=online, why=why or ("" if online else "it is offline"))

    def heard(self, now: float) -> None:
        """The device has said anything at all."""
        self._heard_at = now
        if self._online and self._connected_at is not None:
            self._become(up=True, why="")

    def look(self, now: float) -> bool:
        """Notice a silence; tell whether the device is to be asked to say something."""
        if self._connected_at is None:
            return False
        if not self._online:
            if self.up is None and now - self._connected_at > FIRST_WORD_S:
                self._become(up=False, why="it has not reported")
            return False
        silent_s = now - self._heard_at
        if silent_s > SILENT * self.keepalive_s:
            self._become(up=False, why=f"silent for {silent_s:.0f} s")
        if silent_s < self.keepalive_s or now - self._asked_at < self.keepalive_s / 2:
            return False
        self._asked_at = now
        return True

    def _become(self, *, up: bool, why: str) -> None:
        if self.up is not up:
            self.up = up
            self.tell(up, why)
