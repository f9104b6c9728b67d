"""What every dialect can do: say how an output is switched, and understand what the board says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.mqtt.codec import Rejected
from drivers.mqtt.packets import Filter


@dataclass(frozen=True, slots=True)
class Present:
    """The board, or its will, says whether it is there."""

    online: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The board has done what was asked under this key, or says why not."""

    key: str
    ok: bool = True
    error: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """An input stands at a level.

    Attributes:
        number: Which input.
        value: Its level on the board.
        at: The board's own time in milliseconds, if it has one.
        live: It has just changed; else the board was asked how it stands.
    """

    number: int
    value: bool
    at: int | None = None
    live: bool = True


type Said = Present | Answered | Level | Rejected


@dataclass(frozen=True, slots=True)
class Step:
    """One message to the board, and the key under which it will answer."""

    topic: str
    payload: bytes
    key: str


class Dialect(Protocol):
    """One board; it may remember how the board stands."""

    @property
    def filters(self) -> Sequence[Filter]:
        """What it says."""

    def understand(self, topic: str, payload: bytes) -> Iterable[Said]:
        """Tell what a message means."""

    def ask(self, name: str) -> Sequence[Step]:
        """Ask how its inputs stand; nothing for a board that cannot be asked."""

    def forget(self) -> None:
        """The board was away: what is remembered of it may not hold."""

    def pulse(self, output: int, ms: int, name: str, *, on: bool) -> Sequence[Step] | None:
        """Switch an output for so long, the board ends it; None where it cannot do so by itself."""

    def switch(self, output: int, name: str, *, on: bool) -> Sequence[Step]:
        """Switch an output."""
