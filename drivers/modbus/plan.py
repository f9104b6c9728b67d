"""What is to be asked of a board: as few questions as tell all that its equipment needs.

Neighbours are read together; a block that its profile names may be read across what nobody uses.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from drivers.modbus import codec
from drivers.modbus.codec import Question
from drivers.modbus.profile import WORD_BITS, Area, Profile, input_area

type Sort = Literal["input", "output", "counter"]


@dataclass(frozen=True, slots=True)
class Point:
    """One input, relay or counter, and where it is told.

    Attributes:
        sort: what it is.
        number: its number on the board.
        area: the table it lies in.
        at: its address.
        bit: which bit of its register; ``None``: it is all of it.
        words: how many registers it has.
        on: `output` in a register of its own: what is read while it is on.
        low_first: `counter`: the low word comes first.
    """

    sort: Sort
    number: int
    area: Area
    at: int
    bit: int | None = None
    words: int = 1
    on: int = 1
    low_first: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says, by numbers on the board; ``words`` by their addresses."""

    inputs: dict[int, bool]
    outputs: dict[int, bool]
    counters: dict[int, int]
    words: dict[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """One question, and what its answer tells."""

    area: Area
    at: int
    count: int
    points: tuple[Point, ...]

    def question(self, unit: int) -> Question:
        """Return it for a board."""
        ask = codec.read_bits if self._bits else codec.read_words
        return ask(unit, self.area, self.at, self.count)

    def read(self, data: bytes) -> Told:
        """Return what the answer says."""
        told = Told({}, {}, {}, {})
        if self._bits:
            bits = codec.bits_of(data, self.count)
            for point in self.points:
                levels = told.inputs if point.sort == "input" else told.outputs
                levels[point.number] = bits[point.at - self.at]
            return told
        words = codec.words_of(data)
        told.words.update({self.at + n: word for n, word in enumerate(words)})
        for point in self.points:
            self._take(point, words, told)
        return told

    def _take(self, point: Point, words: Sequence[int], told: Told) -> None:
        begins = point.at - self.at
        own = words[begins : begins + point.words]
        match point.sort:
            case "counter":
                low, high = (0, -1) if point.low_first else (-1, 0)
                told.counters[point.number] = own[low] + (own[high] << 16) * (len(own) - 1)
            case "output":
                on = own[0] == point.on if point.bit is None else bool(own[0] >> point.bit & 1)
                told.outputs[point.number] = on
            case "input":
                told.inputs[point.number] = bool(own[0] >> (point.bit or 0) & 1)
            case _:
                assert_never(point.sort)

    @property
    def _bits(self) -> bool:
        return self.area in {"coil", "discrete"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked often, and what now and then."""

    often: tuple[Reading, ...]
    seldom: tuple[Reading, ...]


def plan_of(
    profile: Profile,
    inputs: Collection[int],
    outputs: Collection[int],
    counters: Collection[int] = (),
) -> Plan:
    """Return what to ask of a board whose inputs, relays and counters of these numbers are used."""
    quick = [*_inputs(profile, inputs), *_counters(profile, counters)]
    often = tuple(_batched(quick))
    seldom = tuple(_batched(_outputs(profile, outputs)))
    merged = tuple(_batched([*_spread(often), *_spread(seldom)]))
    # Where the relays lie right behind the inputs, they are read with them and cost no question.
    return Plan(merged, ()) if len(merged) == len(often) else Plan(often, seldom)


def output_points(profile: Profile) -> list[Point]:
    """Return all relays of a board."""
    return _outputs(profile, profile.output_numbers)


def _inputs(profile: Profile, used: Collection[int]) -> list[Point]:
    if (inputs := profile.inputs) is None or not used:
        return []
    area = input_area(inputs)
    at = profile.address(area, inputs.at)
    numbers = profile.input_numbers if inputs.whole else _between(used)
    return [
        Point("input", number, area, *_place(at, number - inputs.first, "-" in inputs.area))
        for number in numbers
    ]


def _outputs(profile: Profile, used: Collection[int]) -> list[Point]:
    if (outputs := profile.outputs) is None or not used:
        return []
    area: Area = "coil" if outputs.area == "coil" else "holding"
    at = profile.address(area, outputs.at)
    return [
        Point(
            "output",
            number,
            area,
            *_place(at, number - outputs.first, outputs.area == "holding-bits"),
            on=outputs.reads_on,
        )
        for number in _between(used)
    ]


def _counters(profile: Profile, used: Collection[int]) -> list[Point]:
    if (counters := profile.counters) is None or profile.inputs is None or not used:
        return []
    at, each = profile.address(counters.area, counters.at), counters.words
    first = profile.inputs.first
    return [
        Point(
            "counter",
            number,
            counters.area,
            at + (number - first) * each,
            words=each,
            low_first=counters.low_word_first,
        )
        for number in _between(used)
    ]


def _between(used: Collection[int]) -> range:
    return range(min(used), max(used) + 1)


def _place(at: int, number: int, packed: bool) -> tuple[int, int | None]:  # noqa: FBT001  # as told
    if not packed:
        return at + number, None
    return at + number // WORD_BITS, number % WORD_BITS


def _spread(readings: Sequence[Reading]) -> Iterator[Point]:
    return (point for reading in readings for point in reading.points)


def _batched(points: Sequence[Point]) -> Iterator[Reading]:
    """Read points together that touch each other, as many as an answer holds."""
    batch: list[Point] = []
    begins = ends = 0
    for point in sorted(points, key=lambda each: (each.area, each.at, each.bit or 0)):
        most = codec.MOST_BITS if point.area in {"coil", "discrete"} else codec.MOST_WORDS
        end = point.at + point.words
        if batch and (point.area != batch[-1].area or point.at > ends or end - begins > most):
            yield Reading(batch[0].area, begins, ends - begins, tuple(batch))
            batch = []
        if not batch:
            begins = point.at
            ends = end
        batch.append(point)
        ends = max(ends, end)
    if batch:
        yield Reading(batch[0].area, begins, ends - begins, tuple(batch))
