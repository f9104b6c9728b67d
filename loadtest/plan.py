"""Say how a run is to be done; every scenario is given the same plan."""

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from loadtest.stand import GATEWAY


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run, and the cores it may use."""

    console: Console
    cores: tuple[int, ...]
    quick: bool = False
    seconds: float = 60.0
    rounds: int = 2
    connections: int = 128
    live_rate: float = 200.0
    """Visitors a second while something else is being measured."""
    tickets: int = 1_000_000
    durabilities: tuple[str, ...] = ("everysec", "always")
    workers: tuple[int, ...] = (1, 2)
    seed: int = 1
    command: tuple[str, ...] = GATEWAY
    python: str = sys.executable
    folder: Path | None = None
    """Where the temporary state lies; figures of `always` are those of its disk."""

    @property
    def first_core(self) -> tuple[int, ...]:
        """Where a single worker runs alone."""
        return self.cores[:1]

    @property
    def second_core(self) -> tuple[int, ...]:
        """Where the stores and the generator run beside it; on one core, beside it too."""
        return self.cores[1:2] or self.cores[:1]

    def say(self, text: str) -> None:
        """Tell how far the run is."""
        self.console.print(text, style="dim", highlight=False)
