"""Relays as they should stand and as they are read: what to put right, and what to tell people.

What is written is not believed until it is read back. A relay that should have dropped is dropped
again until it has; one that should be on and is not means that the board has started anew (or that
somebody else writes to it), and whoever knows why it was on decides about it. A pulse that opens is
never repeated. Pure: ``now`` is in seconds of a clock that only rises.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

SETTLES_S: Final = 0.5
"""After so long a relay stands as it was told (as a careful public driver waits)."""
FOLLOWS_S: Final = 0.1
"""A pulse has begun by then, and has not yet ended so long before its end."""
AGAIN_S: Final = 0.25
"""How often a relay is told to drop until it has been told."""
ANEW_EVERY_S: Final = 10.0
STUCK_AFTER: Final = 3
"""Readings in a row after which a relay that stays on is told to people."""


@dataclass(slots=True)
class Relay:
    """One relay.

    Attributes:
        rest: how it stands by itself, where it is only ever pulsed; ``None``: however it was set.
        wanted: how it was set.
        later: to be written: the level, and when.
    """

    rest: bool | None
    wanted: bool | None = None
    later: tuple[bool, float] | None = None
    pulse: tuple[bool, float, float] | None = None
    """The pulse's level, and between when it must be seen."""
    quiet_until: float = 0.0
    """Until then what is read says nothing."""
    wrong: int = 0
    fault: str = ""

    def expected(self, now: float) -> bool | None:
        """Return how it should stand now; ``None``: that cannot be told."""
        if self.pulse is not None:
            level, begins, ends = self.pulse
            if now < self.quiet_until:
                return level if begins <= now <= ends else None
        if now < self.quiet_until:
            return None
        return self.rest if self.wanted is None else self.wanted


@dataclass(slots=True)
class Findings:
    """What a reading shows.

    Attributes:
        anew: the board has lost what it was set to.
        faults: relays that do not follow, and in what way; an empty text: now they do.
    """

    anew: bool = False
    faults: dict[int, str] = field(default_factory=dict)


class Relays:
    """The relays of one board, by their numbers."""

    def __init__(self, rests: Mapping[int, bool | None]) -> None:
        self._relays = {number: Relay(rest) for number, rest in rests.items()}
        self._anew_at = float("-inf")

    # --- what was written

    def was_set(self, number: int, *, on: bool, now: float) -> None:
        """Note that a relay was set: what was to be written to it later is over."""
        relay = self._relays[number]
        if on is not (relay.rest if relay.wanted is None else relay.wanted):
            relay.wrong = 0  # else it was told the same again
        relay.wanted, relay.later, relay.pulse = on, None, None
        relay.quiet_until = now + SETTLES_S

    def was_pulsed(self, number: int, *, on: bool, seconds: float, now: float) -> None:
        """Note that a pulse was begun that ends after so long."""
        relay = self._relays[number]
        relay.pulse = (on, now + FOLLOWS_S, now + seconds - FOLLOWS_S)
        relay.later, relay.wanted = None, None if relay.rest is not None else not on
        relay.quiet_until, relay.wrong = now + seconds + SETTLES_S, 0

    def write_later(self, number: int, *, on: bool, at: float) -> None:
        """Have a level written, and again until it has been; unless something else is before."""
        self._relays[number].later = (on, at)

    def forget_later(self, number: int) -> None:
        """Something else is asked of the relay."""
        self._relays[number].later = None

    @property
    def next_at(self) -> float:
        """When `due` will have something to write."""
        return min((each.later[1] for each in self._relays.values() if each.later), default=NEVER)

    def due(self, now: float) -> tuple[int, bool] | None:
        """Return what is to be written now; it comes again until `was_set` says that it was."""
        for number, relay in self._relays.items():
            if relay.later is not None and relay.later[1] <= now:
                relay.later = (relay.later[0], now + AGAIN_S)
                return number, relay.later[0]
        return None

    def look_at(self, number: int, now: float) -> float:
        """Return when it is worth reading how a relay stands."""
        relay = self._relays[number]
        if relay.pulse is not None and now < relay.pulse[1] < relay.pulse[2]:
            return relay.pulse[1]
        return relay.quiet_until

    # --- what is read

    def begin(self, levels: Mapping[int, bool], now: float) -> None:
        """Take how relays stand on a board that has come: what is only pulsed is to rest.

        How the others are to stand is for those to say who are told that the board is there.
        """
        for number, relay in self._relays.items():
            relay.quiet_until, relay.pulse, relay.wrong = now + 2 * SETTLES_S, None, 0
            level = levels.get(number)
            if relay.later is not None:
                relay.later = (relay.later[0], now)
            elif relay.rest is not None and level not in {None, relay.rest, relay.wanted}:
                relay.later = (relay.rest, now)

    def read(self, levels: Mapping[int, bool], now: float) -> Findings:
        """Compare what is read with what should be."""
        findings = Findings()
        for number, level in levels.items():
            relay = self._relays.get(number)
            if relay is None or (expected := relay.expected(now)) is None:
                continue
            pulsing = now < relay.quiet_until
            if level is expected:
                relay.wrong = 0
                if relay.fault and pulsing is (relay.fault == DEAD):
                    relay.fault = ""
                    findings.faults[number] = ""
                continue
            relay.wrong += 1
            for fault in self._wrong(relay, now, pulsing=pulsing, expected=expected):
                if relay.fault != fault:
                    relay.fault = fault
                    findings.faults[number] = fault
            if not pulsing and relay.wanted is expected and expected is not relay.rest:
                findings.anew |= self._anew(now)
        return findings

    def _wrong(self, relay: Relay, now: float, *, pulsing: bool, expected: bool) -> Iterator[str]:
        if pulsing:
            yield DEAD
            return
        if expected is relay.rest or relay.wanted is None:
            if relay.later is None:
                relay.later = (expected, now)
            if relay.wrong >= STUCK_AFTER:
                yield STUCK
        elif now < self._anew_at + ANEW_EVERY_S:
            yield LOST

    def _anew(self, now: float) -> bool:
        if now < self._anew_at + ANEW_EVERY_S:
            return False
        self._anew_at = now
        return True


NEVER: Final = float("inf")
DEAD: Final = "does not follow"
STUCK: Final = "stays on: welded, or somebody else writes to it"
LOST: Final = "does not keep what it is set to"
