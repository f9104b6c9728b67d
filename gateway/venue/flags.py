"""What goes with every scan from outside the store: closed, out of service, free.

The letters of ``functions/scan.lua``: ``c`` a space of the place's chain is closed, ``o`` the
equipment is locked, out of service or cannot be reached, ``f`` it is free. Read for each scan, so
a look-up and a comparison; plannings change at an instant, not when a timer happens to run.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from gateway.entitlements.place import Direction, Place

type Letter = Literal["c", "o", "f"]
type Cause = str
"""Why a letter holds: it holds as long as any cause does."""


class Flags:
    """The flags of every place, in one process.

    Args:
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._causes: dict[tuple[str, Direction], set[tuple[Letter, Cause]]] = {}
        self._texts: dict[tuple[str, Direction], str] = {}
        self._gates: Mapping[str, str] = {}
        self._due: float = float("inf")
        self._turn: Callable[[], None] = lambda: None

    def of(self, place: Place) -> str:
        """Return the flags of a scan at a place now."""
        if self._clock() >= self._due:
            self._turn()
        return self._texts.get((place.reader, place.direction), "")

    def set(
        self,
        equipment: str,
        direction: Direction,
        letter: Letter,
        cause: Cause,
        *,
        holds: bool,
    ) -> None:
        """Have a letter hold for a cause, or not any more."""
        where = (equipment, direction)
        causes = self._causes.setdefault(where, set())
        if holds:
            causes.add((letter, cause))
        else:
            causes.discard((letter, cause))
        self._write(where)
        for reader, gate in self._gates.items():
            if gate == equipment:
                self._write((reader, direction))

    def stand_as(self, gates: Mapping[str, str]) -> None:
        """Have readers stand as the gates they open: who is granted there must be let in.

        Args:
            gates: each reader's gate; a gate that is locked, out of service or free makes them so.
        """
        before, self._gates = self._gates, gates
        for reader in before.keys() | gates.keys():
            self._write((reader, "entry"))
            self._write((reader, "exit"))

    def _write(self, where: tuple[str, Direction]) -> None:
        reader, direction = where
        letters = {each for each, _ in self._causes.get(where, ())}
        gate = self._gates.get(reader)
        if gate is not None:
            letters |= {each for each, _ in self._causes.get((gate, direction), ())}
        self._texts[where] = "".join(sorted(letters))

    def holds(self, place: Place, letter: Letter, cause: Cause) -> bool:
        """Tell whether a letter holds for a cause."""
        return (letter, cause) in self._causes.get((place.reader, place.direction), ())

    def forget(self, kept: Iterable[tuple[str, Direction]]) -> None:
        """Forget all places but these."""
        wanted = set(kept)
        for where in self._causes.keys() - wanted:
            del self._causes[where]
            self._texts.pop(where, None)

    def at(self, due: float, turn: Callable[[], None]) -> None:
        """Have something called before the first scan at or after an instant (ms)."""
        self._due, self._turn = due, turn
