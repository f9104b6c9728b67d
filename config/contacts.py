"""What the contacts of a board are called, and what each is for: one table for all who ask.

A board has outputs and inputs; an equipment names those it uses (`channels` in the site file). The
names are the same on every wire. Values only: how a signal is debounced and what it does is
`controllers.contacts`' business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from config.values import Kind

type Direction = Literal["entry", "exit"]
type Shape = Literal["moment", "level"]
"""What matters of a contact: that it closed, or how it stands."""

ENTRY, EXIT = "_entry", "_exit"
"""How a channel is called that belongs to one direction: `release_entry`, `passage_exit`."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One output or input.

    Attributes:
        name: what it is called in the site file.
        output: the board drives it; else it reads it.
        shape: an input's closing is what matters (``moment``), or how it stands (``level``); an
            output is pulsed, or stays.
        kinds: the equipment that may have it.
        means: what it says while it is on, or what it does when it is switched on.
        required: equipment of its kinds cannot do without it, where it serves its direction.
        passage: it tells of passages, so that they can be counted.
        normally_closed: its wire is wired so that its *loss* says it (a fire panel's contact); a
            board reads it as on while all is well.
    """

    name: str
    output: bool
    shape: Shape
    kinds: frozenset[Kind]
    means: str
    required: bool = False
    passage: bool = False
    normally_closed: bool = False

    @property
    def direction(self) -> Direction | None:
        """The direction it belongs to; ``None``: to none, or to both."""
        if self.name.endswith(ENTRY):
            return "entry"
        return "exit" if self.name.endswith(EXIT) else None


_GATES: Final[frozenset[Kind]] = frozenset({"turnstile", "door"})
_TURNSTILE: Final[frozenset[Kind]] = frozenset({"turnstile"})
_DOOR: Final[frozenset[Kind]] = frozenset({"door"})
_SHOWS: Final[frozenset[Kind]] = frozenset({"reader", "turnstile", "door", "lamp"})


def _both(
    stem: str, means: str, shape: Shape, *, output: bool, **said: bool
) -> tuple[Contact, Contact]:
    """Return the contacts of a turnstile's two directions."""
    return (
        Contact(stem + ENTRY, output, shape, _TURNSTILE, f"{means} (entry)", **said),
        Contact(stem + EXIT, output, shape, _TURNSTILE, f"{means} (exit)", **said),
    )


CONTACTS: Final[tuple[Contact, ...]] = (
    *_both("release", "lets a person pass", "moment", output=True, required=True),
    *_both("free", "lets everybody pass while it is on", "level", output=True),
    *_both("lock", "lets nobody pass while it is on", "level", output=True),
    *_both("relock", "closes again at once; for gates that wait on", "moment", output=True),
    Contact("lock", True, "level", _DOOR, "power of the lock (see the key `lock`)", required=True),
    Contact("relay", True, "moment", frozenset({"relay"}), "what is switched", required=True),
    Contact("granted", True, "moment", _SHOWS, "lights the green lamp"),
    Contact("denied", True, "moment", _SHOWS, "lights the red lamp"),
    Contact("buzzer", True, "moment", _SHOWS, "sounds the buzzer"),
    *_both("passage", "a person passes", "moment", output=False, passage=True),
    *_both("passage_started", "a person begins to pass", "moment", output=False),
    Contact("passage_started", False, "moment", _TURNSTILE, "a person begins to pass"),
    Contact("tailgating", False, "moment", _TURNSTILE, "two passed for one"),
    Contact("wrong_way", False, "moment", _TURNSTILE, "somebody came against the direction"),
    Contact("forced", False, "moment", _TURNSTILE, "the gate was forced"),
    Contact("contact", False, "level", _DOOR, "the door is open", passage=True),
    Contact("rex", False, "moment", _DOOR, "somebody asks to leave (button or sensor)"),
    Contact("bond", False, "level", _DOOR, "the bolt holds"),
    Contact("ready", False, "level", _GATES, "the device works; its loss is a fault"),
    Contact("fault", False, "level", _GATES, "the device has a fault"),
    Contact("tamper", False, "level", _GATES, "the case is open"),
    Contact("power", False, "level", _GATES, "there is mains power"),
    Contact("battery_low", False, "level", _GATES, "the battery is nearly empty"),
    Contact("fire", False, "level", _GATES, "fire: everything opens", normally_closed=True),
)
"""Every contact there is."""

BY_NAME: Final = {each.name: each for each in CONTACTS}

NORMALLY_CLOSED: Final = frozenset(each.name for each in CONTACTS if each.normally_closed)


def contacts_of(kind: Kind) -> Iterator[Contact]:
    """Return the contacts that an equipment of this kind may have.

    >>> [each.name for each in contacts_of("relay")]
    ['relay']
    """
    return (each for each in CONTACTS if kind in each.kinds)
