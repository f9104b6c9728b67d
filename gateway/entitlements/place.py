"""Where a scan happens, and the part of the scan command that is the same for all scans there."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

type Direction = Literal["entry", "exit"]
type Way = tuple[str, str, int | None, str, int | None, str]
"""Operation, flags, patience in ms, local day, persons and operator."""


@dataclass(frozen=True)
class Place:
    """A reader, the space it serves, and how its grants are settled.

    Built once per reader and direction from the site file.

    Attributes:
        chain: the space and the spaces around it, innermost first.
        hold_ms: where passages are reported (``count_on = "passage"``): how long a reservation
            waits for its passage; ``None`` where the grant itself counts.
    """

    reader: str
    space: str
    chain: tuple[str, ...]
    direction: Direction
    hold_ms: int | None = None

    @property
    def letter(self) -> Literal["e", "x"]:
        """The direction as the functions and events write it."""
        return "e" if self.direction == "entry" else "x"

    @cached_property
    def ways(self) -> dict[Way, bytes]:
        """The ways of scanning here, encoded; filled by the store."""
        return {}
