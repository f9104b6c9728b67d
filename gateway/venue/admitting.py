"""Let in at a gate whoever a handheld, or another reader, has scanned there.

The gate may be on a wire of this process or of another: then the owner hears it over the bus, in
time or not at all. A reservation for a gate that never heard of it ends with its deadline.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import msgspec

from gateway.venue.scanning import Admission

type Message = dict[str, Any]


class Bus(Protocol):
    """The messages between processes (`gateway.venue.bus`)."""

    def publish(self, message: Message) -> str:
        """Tell every process."""

    def listen(self, kind: str, handler: "Handler") -> None:
        """Hand messages of a kind to a handler."""


class Handler(Protocol):
    """Takes a message; it never waits."""

    def __call__(self, message: Message, /) -> None:
        """Take it."""


class Gate(Protocol):
    """A lane of ours."""

    def admit(self, admission: Admission) -> None:
        """Let somebody in; never waits."""


class Admitting:
    """Who lets in, in one process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._gates: Mapping[str, Gate] = {}
        bus.listen("admit", self._take)

    def own(self, gates: Mapping[str, Gate]) -> None:
        """Take the gates of this process."""
        self._gates = gates

    def __call__(self, gate: str, admission: Admission) -> None:
        """Let somebody in at a gate; never waits."""
        lane = self._gates.get(gate)
        if lane is not None:
            lane.admit(admission)
        else:
            self._bus.publish({"do": "admit", "equipment": gate, "admission": asdict(admission)})

    def _take(self, message: Message) -> None:
        lane = self._gates.get(message["equipment"])
        if lane is not None:
            lane.admit(msgspec.convert(message["admission"], Admission))
