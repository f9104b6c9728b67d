"""What people at a gate see and hear: an answer for a while, else how the gate stands.

The light and the sound of each answer are in `controllers.looks`, the cutting of texts in
`controllers.text`. Where there are several languages their pages take turns. Pure: told the time,
it says what is to be shown from now on and when it wants to be asked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controllers.looks import LOOKS, SOUNDS, Answer, Light, Rhythm, Sound
from controllers.outputs import Output, Pulse, Set
from controllers.text import Panel, pages
from controllers.words import STANDING, Standing

__all__ = (
    "STANDING_LIGHTS",
    "Display",
    "Panel",
    "ShowLight",
    "ShowText",
    "Shown",
    "SoundBuzzer",
    "Standing",
    "Timing",
    "blinks",
    "buzzes",
    "lamps",
)

STANDING_LIGHTS: Mapping[Standing, Light] = {
    Standing.IDLE: Light.IDLE,
    Standing.FREE: Light.FREE,
    Standing.CHECK: Light.CHECK,
    Standing.FULL: Light.WAIT,
    Standing.CLOSED: Light.CLOSED,
    Standing.LOCKED: Light.LOCKED,
    Standing.OUT_OF_SERVICE: Light.OUT_OF_SERVICE,
    Standing.EVACUATION: Light.EVACUATION,
}

_GREEN = frozenset({Light.GRANTED, Light.ATTENTION, Light.FREE, Light.EVACUATION})


@dataclass(frozen=True, slots=True)
class ShowLight:
    """Show a pattern of light from now on."""

    pattern: Light


@dataclass(frozen=True, slots=True)
class SoundBuzzer:
    """Sound a pattern once."""

    pattern: Sound


@dataclass(frozen=True, slots=True)
class ShowText:
    """Show lines for so long (ms)."""

    lines: tuple[str, ...]
    ms: int


type Shown = ShowLight | SoundBuzzer | ShowText


@dataclass(frozen=True, slots=True)
class Timing:
    """How long answers are shown (ms); ``page_ms``: each page of a text at least."""

    granted_ms: int = 5_000
    longer_ms: int = 10_000
    denied_ms: int = 2_000
    page_ms: int = 1_500
    turn_ms: int = 4_000
    """How long each page stands while nobody shows a ticket."""


class Display:
    """A display, a lamp, a buzzer, or all three, at one gate.

    Args:
        panel: the display's size.
        languages: in which it speaks, in turns; those it has no words for are English.
        timing: how long what is shown.
    """

    def __init__(
        self, panel: Panel, languages: Sequence[str], timing: Timing | None = None
    ) -> None:
        self._panel = panel
        self._languages = tuple(languages) or ("en",)
        self._timing = timing or Timing()
        self._standing = Standing.IDLE
        self._pages: tuple[tuple[str, ...], ...] = ()
        self._page, self._page_ms = 0, self._timing.turn_ms
        self._turns_at: int | None = None
        self._ends_at: int | None = None

    @property
    def next_at(self) -> int | None:
        """When `tick` is wanted."""
        dues = [due for due in (self._turns_at, self._ends_at) if due is not None]
        return min(dues, default=None)

    def stand(self, standing: Standing, now: int) -> list[Shown]:
        """Show how the gate stands, once the answer that is shown is over; evacuation at once."""
        before, self._standing = self._standing, standing
        if self._ends_at is not None and standing is not Standing.EVACUATION:
            return []
        if standing is before and self._pages:
            return []
        return self._rest(now)

    def again(self, now: int) -> list[Shown]:
        """Show how the gate stands anew: the device is back, and shows something of its own."""
        return self._rest(now)

    def say(
        self, answer: Answer, messages: Mapping[str, str], now: int, *, longer: bool = False
    ) -> list[Shown]:
        """Show an answer to who has shown a ticket; in an evacuation only how to leave.

        Args:
            answer: its light and sound.
            messages: its words, by language.
            now: the time.
            longer: a flagged ticket, whose holder needs more time to read and to pass.
        """
        if self._standing is Standing.EVACUATION:
            return []
        timing = self._timing
        granted = answer.light in {Light.GRANTED, Light.ATTENTION}
        if granted:
            ms = timing.longer_ms if longer else timing.granted_ms
        else:
            ms = timing.denied_ms * (2 if longer else 1)
        said = [messages[each] for each in self._languages if each in messages]
        said = said or list(messages.values())[:1]
        self._pages = tuple(page for each in said for page in pages(each, self._panel))
        self._page_ms = max(timing.page_ms, ms // max(1, len(self._pages)))
        ms = max(ms, self._page_ms * len(self._pages))
        self._ends_at = now + ms
        shown: list[Shown] = [ShowLight(answer.light)]
        if answer.sound is not None:
            shown.append(SoundBuzzer(answer.sound))
        return [*shown, *self._first_page(now)]

    def tick(self, now: int) -> list[Shown]:
        """Let time pass: the next page, or the end of the answer."""
        if self._ends_at is not None and now >= self._ends_at:
            return self._rest(now)
        if self._turns_at is not None and now >= self._turns_at:
            self._page = (self._page + 1) % len(self._pages)
            return self._turn(now)
        return []

    def _rest(self, now: int) -> list[Shown]:
        said: list[str] = []
        for language in self._languages:
            text = STANDING.get(language, STANDING["en"])[self._standing]
            if text not in said:
                said.append(text)
        self._ends_at = None
        self._pages = tuple(page for each in said for page in pages(each, self._panel))
        self._page_ms = self._timing.turn_ms
        return [ShowLight(STANDING_LIGHTS[self._standing]), *self._first_page(now)]

    def _first_page(self, now: int) -> list[Shown]:
        self._page = 0
        if not self._pages:
            self._turns_at = None
            return []
        return self._turn(now)

    def _turn(self, now: int) -> list[Shown]:
        """Show the page whose turn it is.

        What stands for long is shown anew from time to time, so that a device need keep nothing for
        ever, and one that has missed it shows it in the end.
        """
        self._turns_at = now + self._page_ms
        if self._ends_at is not None and self._turns_at >= self._ends_at:
            self._turns_at = None
        return [ShowText(self._pages[self._page], self._page_ms)]


def blinks(rhythm: Rhythm, ms: int) -> list[tuple[int, int]]:
    """Return when a rhythm lights up within a time, and how long (ms); steady light is one.

    >>> blinks(((200, 300),), 1_000)
    [(0, 200), (500, 200)]
    """
    if all(not off for _, off in rhythm):
        return [(0, ms)]
    found: list[tuple[int, int]] = []
    at = 0
    while at < ms:
        for on, off in rhythm:
            if at < ms:
                found.append((at, min(on, ms - at)))
            at += on + off
    return found


def lamps(light: Light, ms: int | None, channels: frozenset[str]) -> list[tuple[int, Output]]:
    """Return what a board with lamps `granted` and `denied` switches, and when from now on (ms).

    Who sees no colours tells the two lamps apart by place, and the answers on one by rhythm. What
    stands (``ms`` is ``None``) is steady: green for free, red for no, none while tickets are taken.
    """
    mine = "granted" if light in _GREEN else "denied"
    found: list[tuple[int, Output]] = [
        (0, Set(each, on=False)) for each in ("granted", "denied") if each in channels
    ]
    if mine not in channels or (ms is None and light is Light.IDLE):
        return found
    if ms is None:
        return [each for each in found if each[1].channel != mine] + [(0, Set(mine, on=True))]
    return found + [(at, Pulse(mine, on)) for at, on in blinks(LOOKS[light].rhythm, ms)]


def buzzes(sound: Sound, channels: frozenset[str]) -> list[tuple[int, Output]]:
    """Return what a board with a `buzzer` switches, and when from now on (ms)."""
    if "buzzer" not in channels:
        return []
    found: list[tuple[int, Output]] = []
    at = 0
    for on, off in SOUNDS[sound]:
        found.append((at, Pulse("buzzer", on)))
        at += on + off
    return found
