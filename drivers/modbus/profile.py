"""What a board is, as data: where its relays, inputs and counters lie, and how it is spoken to.

A profile is a TOML file: those of known boards lie in `profiles/`, others wherever the site file
says. Addresses are those of the telegrams, from 0; with ``addresses = "modicon"`` they are the
numbers that manuals print (00017, 40301), which are one higher and begin with their table's digit.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PrivateAttr, Strict, ValidationError, model_validator

from config.locate import line_of, lines_of
from config.problems import Problem, of_validation, suggested
from config.values import Flag, Section

type BitArea = Literal["coil", "discrete"]
type WordArea = Literal["holding", "input"]
type Area = BitArea | WordArea
type Parity = Literal["none", "even", "odd"]
type LinkKind = Literal["tcp", "rtu", "rtu-tcp"]

type Number = Annotated[int, Strict(), Field(ge=0, le=465_536)]
type Word = Annotated[int, Strict(), Field(ge=0, le=0xFFFF)]
type Milliseconds = Annotated[int, Strict(), Field(ge=0, le=60_000)]
type Count = Annotated[int, Strict(), Field(ge=1, le=256)]
type Unit = Annotated[int, Strict(), Field(ge=1, le=255)]
type Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]

PROFILES: Final = Path(__file__).with_name("profiles")
MODICON: Final[Mapping[Area, int]] = {"coil": 0, "discrete": 1, "input": 3, "holding": 4}
"""The first digit of a number in a manual, by its table."""
WORD_BITS: Final = 16
LAST: Final = 0xFFFF


class LineDefaults(Section):
    """`[line]`: how the board is set when it leaves its maker."""

    unit: Unit = 1
    baud: Baud = 9600
    parity: Parity = "none"
    stop_bits: Literal[1, 2] = 1
    gap_ms: Milliseconds | None = None
    """Silence that the board needs before a telegram; left out: 3.5 characters, on TCP none."""
    fastest_poll_ms: Milliseconds = 0
    """It is not asked more often than this."""


class Outputs(Section):
    """`[outputs]`: the relays."""

    count: Count
    area: Literal["coil", "holding", "holding-bits"] = "coil"
    """One coil each; one register each; or 16 in a register, the lowest bit first."""
    at: Number
    """The address of the first."""
    first: Annotated[int, Strict(), Field(ge=0, le=1)] = 0
    """What is printed beside the first relay: `channels` counts from there."""
    on: Word = 1
    """`holding`: what is written to switch on; ..."""
    off: Word = 0
    """... and off; ..."""
    reads_on: Word = 1
    """... and what is read while it is on."""


class Pulse(Section):
    """`[pulse]`: how a relay is switched on so that the board itself lets it drop."""

    by: Literal["coil-value", "register-value", "register-pair"]
    """The time written to a coil of its own (function 05); to the relay's register (06); or a word
    and the time to two registers (16)."""
    at: Number
    """The address for the first relay."""
    at_off: Number | None = None
    """The same for a relay that is to go off for a while."""
    step: Annotated[int, Strict(), Field(ge=1, le=64)] = 1
    """How far the next relay's is."""
    word: Word = 0
    """`register-value`: added to the time; `register-pair`: stands before it."""
    unit_ms: Annotated[int, Strict(), Field(ge=1, le=10_000)]
    """What a 1 means; a pulse is made longer to the next whole one."""
    longest: Annotated[int, Strict(), Field(ge=1, le=0xFFFF)]
    """The largest time, in such units."""
    disputed: str = ""
    """Why it is not used unless the site file says `hardware_pulse = true`."""


class Inputs(Section):
    """`[inputs]`: contacts that the board reads."""

    count: Count
    area: Literal["discrete", "coil", "input-bits", "holding-bits"] = "discrete"
    """One bit each; or 16 in a register, the lowest bit first."""
    at: Number
    first: Annotated[int, Strict(), Field(ge=0, le=1)] = 0
    """What is printed beside the first input: `channels` counts from there."""
    whole: Flag = False
    """The board answers only when all of them are asked for."""


class Counters(Section):
    """`[counters]`: closings that the board itself counts, one counter an input, from the first."""

    count: Count
    area: WordArea = "holding"
    at: Number
    words: Literal[1, 2] = 2
    low_word_first: Flag = False


class Setting(Section):
    """A register that is to hold a value before a relay is switched on."""

    at: Number
    value: Word
    means: str = ""


class Watchdog(Section):
    """`[watchdog]`: what makes the board let its relays drop when nobody speaks to it any more."""

    settings: Annotated[tuple[Setting, ...], Field(min_length=1)]
    """Written where they differ, and read back; until they hold no relay is switched on."""
    time_ms: Annotated[int, Strict(), Field(ge=200, le=60_000)]
    """After so much silence, as these settings make it."""
    kept_by: Literal["any", "write"] = "any"
    """Any telegram holds it off, or only one that writes."""


class Profile(Section):
    """A board."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    links: Annotated[tuple[LinkKind, ...], Field(min_length=1)]
    """How it can be connected."""
    tried: Flag = False
    """Somebody has run it with this file; else it follows documents only."""
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    """Where this is written."""
    notes: tuple[str, ...] = ()
    """What one has to know of it."""
    addresses: Literal["zero", "modicon"] = "zero"
    """Addresses as in telegrams, from 0; or as manuals print them, from 1 after a digit."""
    line: LineDefaults = Field(default_factory=LineDefaults)
    outputs: Outputs | None = None
    pulse: Pulse | None = None
    inputs: Inputs | None = None
    counters: Counters | None = None
    watchdog: Watchdog | None = None

    _id: str = PrivateAttr(default="")

    @property
    def id(self) -> str:
        """What a site file calls it."""
        return self._id

    def called(self, name: str) -> Self:
        """Return it under a name."""
        self._id = name
        return self

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.outputs is None and self.inputs is None:
            raise ValueError("a board has [outputs], [inputs] or both")
        if self.pulse is not None and self.outputs is None:
            raise ValueError("[pulse] needs [outputs]")
        if self.counters is not None and self.inputs is None:
            raise ValueError("[counters] needs [inputs]: they are counted by their numbers")
        for problem in self._outside():
            raise ValueError(problem)
        return self

    def _outside(self) -> Iterator[str]:
        """Find addresses that no telegram has."""
        for what, area, at, length in self._blocks():
            try:
                begins = self.address(area, at)
            except ValueError as error:
                yield f"{what}: {error}"
                continue
            if begins + length - 1 > LAST:
                yield f"{what}: it ends at {begins + length - 1}, allowed: up to {LAST}"

    def _blocks(self) -> Iterator[tuple[str, Area, int, int]]:
        """Name every block of addresses: what it is, its table, its beginning and its length."""
        if (outputs := self.outputs) is not None:
            bits = outputs.area == "holding-bits"
            length = -(-outputs.count // WORD_BITS) if bits else outputs.count
            area: Area = "coil" if outputs.area == "coil" else "holding"
            yield "outputs.at", area, outputs.at, length
            if (pulse := self.pulse) is not None:
                area = "coil" if pulse.by == "coil-value" else "holding"
                length = (outputs.count - 1) * pulse.step + (
                    2 if pulse.by == "register-pair" else 1
                )
                yield "pulse.at", area, pulse.at, length
                if pulse.at_off is not None:
                    yield "pulse.at_off", area, pulse.at_off, length
        if (inputs := self.inputs) is not None:
            length = -(-inputs.count // WORD_BITS) if "-" in inputs.area else inputs.count
            yield "inputs.at", input_area(inputs), inputs.at, length
        if (counters := self.counters) is not None:
            yield "counters.at", counters.area, counters.at, counters.count * counters.words
        if self.watchdog is not None:
            for each in self.watchdog.settings:
                yield "watchdog.settings.at", "holding", each.at, 1

    def address(self, area: Area, number: int) -> int:
        """Return the address in telegrams of a number in this profile.

        >>> adam = load("adam-6060")
        >>> adam.address("coil", 17), adam.address("holding", 40001)
        (16, 0)

        Raises:
            ValueError: A manual has no such number in this table.
        """
        if self.addresses == "zero":
            if number > LAST:
                raise ValueError(f"found {number}, allowed: 0 to {LAST}")
            return number
        digit = MODICON[area]
        for power in (10_000, 100_000):
            base = digit * power
            if base < number < base + power and (digit or number <= LAST + 1):
                return number - base - 1
        first = digit * 10_000 + 1
        raise ValueError(f"found {number}, allowed in a manual's {area} table: {first:05} and up")

    @property
    def output_numbers(self) -> range:
        """The numbers of its relays, as `channels` has them."""
        return _numbers(self.outputs)

    @property
    def input_numbers(self) -> range:
        """The numbers of its inputs, as `channels` has them."""
        return _numbers(self.inputs)


def input_area(inputs: Inputs) -> Area:
    """Return the table that inputs lie in."""
    match inputs.area:
        case "discrete" | "coil":
            return inputs.area
        case "input-bits":
            return "input"
        case "holding-bits":
            return "holding"


def _numbers(block: Outputs | Inputs | None) -> range:
    return range(0) if block is None else range(block.first, block.first + block.count)


class ProfileError(ValueError):
    """A profile that cannot be used, with everything that is wrong in it, a line each."""


@cache
def names() -> tuple[str, ...]:
    """Return the names of the profiles that come with the gateway."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.toml")))


def load(name: str, folder: Path | None = None) -> Profile:
    """Return a profile: one of ours by its name, or a file (``….toml``), relative to a folder.

    Raises:
        ProfileError: There is none, or something is wrong with it.
    """
    if name.endswith(".toml"):
        return read((folder or Path()) / name)
    if name not in names():
        raise ProfileError(f"no such profile; {suggested(name, names())}")
    return _ours(name)


@cache
def _ours(name: str) -> Profile:
    return read(PROFILES / f"{name}.toml")


def read(path: Path) -> Profile:
    """Read a profile's file.

    Raises:
        ProfileError: With the line, the key and what is allowed, of each problem.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: is not UTF-8 text") from error
    except OSError as error:
        raise ProfileError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: is not TOML: {error}") from error
    try:
        return Profile.model_validate(data).called(path.stem)
    except ValidationError as error:
        raise ProfileError("\n".join(_told(error, text, path))) from error


def _told(error: ValidationError, text: str, path: Path) -> Iterator[str]:
    lines = lines_of(text)
    found = [
        Problem(each.location, each.text, line=line_of(lines, each.location))
        for each in of_validation(error, Profile)
    ]
    for problem in sorted(found, key=lambda each: each.line or 0):
        yield problem.told(path)


def facts(profile: Profile) -> dict[str, Any]:
    """Tell what a profile offers, in a few words a person can compare."""
    return {
        "relays": len(profile.output_numbers),
        "inputs": len(profile.input_numbers),
        "counters": 0 if profile.counters is None else profile.counters.count,
        "pulse": _pulse_fact(profile),
        "watchdog": "-" if profile.watchdog is None else f"{profile.watchdog.time_ms} ms",
        "links": ", ".join(profile.links),
        "tried": "on the board" if profile.tried else "documents only",
    }


def _pulse_fact(profile: Profile) -> str:
    if profile.outputs is None:
        return "-"
    if profile.pulse is None:
        return "second message"
    by = f"by the board, {profile.pulse.unit_ms} ms steps"
    return f"second message (or {by}: disputed)" if profile.pulse.disputed else by
