"""What every machine is: told an event and the time, it answers with commands."""

from typing import Literal, Protocol

from controllers.commands import Command, Direction
from controllers.events import Event

type Refusal = Literal["reader_out_of_service", "lane_busy"]


class Machine(Protocol):
    """A turnstile or a door. Pure: no clock, no wire, no store.

    ``now`` is in milliseconds of a clock that only rises.
    """

    def step(self, event: Event, now: int) -> list[Command]:
        """Take an event; return what is to be done, in order."""

    @property
    def next_at(self) -> int | None:
        """When it wants to be told `Tick`, in the clock of ``now``; ``None``: nothing is due."""

    def refusal(self, direction: Direction) -> Refusal | None:
        """Why no scan can be taken in this direction just now; ``None``: it can."""

    def free(self, direction: Direction) -> bool:
        """Whether everybody may pass in this direction: scans are for information only."""

    @property
    def state(self) -> str:
        """Its state in a word, for the dashboard."""
