"""The seam to the wires: each brings the model of its controllers' own keys.

`config` knows no wire by name: `load` is handed `Wires` and checks `[[controller]]` tables, and the
`channels` of the equipment on them, with what it finds there.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from config.contacts import CONTACTS, contacts_of
from config.values import Kind, Section

PASSAGES = frozenset(each.name for each in CONTACTS if each.passage)
"""The inputs that tell of a passage."""


@dataclass(frozen=True, slots=True)
class ChannelRange:
    """What a channel of this name may be on a board.

    Attributes:
        output: the board drives it; else it reads it. Outputs and inputs are numbered apart.
        lowest: the lowest number on the board.
        highest: the highest number on the board.
        required: an equipment must name it; if its name ends in `_entry` or `_exit`, one that
            serves this direction.
        pair_with: the name of a channel that must be there too.
    """

    output: bool
    lowest: int
    highest: int
    required: bool = False
    pair_with: str | None = None


class WireSettings(Section):
    """The extra keys of a `[[controller]]` on one wire; its docstring says what it is for.

    A relative path among them is relative to the site file, whose folder a validator finds in its
    context (``folder``), beside the variables of the ``environment``. A key that holds a password,
    key or token is a `SecretStr`, or has such a word in its name: its value is never shown.
    """

    def channels(self, kind: Kind) -> Mapping[str, ChannelRange]:
        """Return the channels an equipment of this kind may have here, by name; default none."""
        del kind
        return {}

    @property
    def kinds(self) -> Collection[Kind] | None:
        """The kinds of equipment it can carry; ``None``: all."""
        return None

    @property
    def most(self) -> int | None:
        """How many equipments it can carry; ``None``: any number."""
        return None

    @property
    def lets_parties_in(self) -> bool:
        """Whether a gate here, told of several persons, lets them pass one after the other."""
        return True

    def warnings(self) -> Iterable[tuple[str, str]]:
        """Tell what is allowed and probably not meant: the key, and what is to be said of it."""
        return ()

    @property
    def board(self) -> tuple[str, str] | None:
        """The key that says which board this is, and its value; none where many share a wire."""
        return None

    @property
    def shared_line(self) -> tuple[str, str, Mapping[str, object]] | None:
        """The key that says which line it shares with others, its value, and how it is set."""
        return None

    def reports_passages(self, kind: Kind, channels: Collection[str]) -> bool:
        """Tell whether an equipment with these channels reports passages, so as to count on them.

        By default one of its inputs must say so. A gate that knows passages itself overrides this.
        """
        del kind
        return not PASSAGES.isdisjoint(channels)


type Wires = Mapping[str, type[WireSettings]]
"""The wires of an installation, by the name of their driver."""


def contacts(kind: Kind, outputs: range, inputs: range) -> dict[str, ChannelRange]:
    """Return the channels of a board of plain contacts, for an equipment of this kind.

    >>> contacts("door", range(0, 4), range(0, 8))["lock"]
    ChannelRange(output=True, lowest=0, highest=3, required=True, pair_with=None)
    """
    found: dict[str, ChannelRange] = {}
    for each in contacts_of(kind):
        if numbers := outputs if each.output else inputs:
            found[each.name] = ChannelRange(
                each.output, numbers[0], numbers[-1], required=each.required
            )
    return found
