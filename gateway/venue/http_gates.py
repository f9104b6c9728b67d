"""Gates that speak HTTP themselves: how each stands, by what it asks and tells.

Nobody calls them, so there is no link to look at: such a gate is there while its stream is open,
released from a grant until it tells what has become of it, and idle else.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from gateway.entitlements.place import Place
from gateway.tickets.decision import Decision

RELEASED: Final = "released"


class Panel(Protocol):
    """Where people see it."""

    def note(self, name: str, **facts: Any) -> None:
        """Tell how an equipment without a wire stands."""


class HttpGates:
    """The gates that speak HTTP to this process.

    Args:
        panel: shows them.
        clock: milliseconds since the epoch, by the store's clock.
        show: writes an instant for people.
    """

    def __init__(self, panel: Panel, clock: Callable[[], int], show: Callable[[int], str]) -> None:
        self._panel = panel
        self._clock = clock
        self._show = show
        self._streams: Counter[str] = Counter()
        self._closing: dict[str, asyncio.TimerHandle] = {}

    def came(self, name: str) -> None:
        """A gate has opened its stream."""
        self._streams[name] += 1
        self._panel.note(name, link="up", state=None)

    def went(self, name: str) -> None:
        """A gate has closed its stream, or was lost."""
        self._streams[name] -= 1
        if not self._streams[name]:
            del self._streams[name]
            self._panel.note(name, link="down", state="unknown")

    def decided(self, place: Place, decision: Decision) -> None:
        """A gate was told whether to open."""
        last = {
            "at": self._show(self._clock()),
            "decision": "granted" if decision.granted else "denied",
            "reason": decision.reason,
        }
        if not decision.granted or decision.replayed or place.hold_ms is None:
            self._panel.note(place.reader, last_scan=last)
            return
        self._forget(place.reader)
        loop = asyncio.get_running_loop()
        after_s = place.hold_ms / 1000
        self._closing[place.reader] = loop.call_later(after_s, self.closed, place.reader)
        self._panel.note(place.reader, last_scan=last, state=RELEASED)

    def closed(self, name: str) -> None:
        """A gate has told what has become of its grant, or has not in all that time."""
        self._forget(name)
        self._panel.note(name, state=None)

    def _forget(self, name: str) -> None:
        closing = self._closing.pop(name, None)
        if closing is not None:
            closing.cancel()
