"""What is known of a device on a serial line, as data: a scan engine, or a gate.

Profiles of makers lie in `profiles/`; a venue may bring its own file (docs/serial.md). A fact that
nobody has seen at a device, or read in its manual, stands in `check` for whoever installs it.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, Strict, ValidationError, model_validator

from config.problems import of_validation
from config.values import Flag, Section
from drivers.serial.codec import Answer, Check, Framing
from drivers.serial.codes import Characters
from drivers.serial.telegrams import Checksum, Counts, Covers, Length, TelegramFormat
from drivers.signals import GateEventType

FOLDER: Final = Path(__file__).parent / "profiles"

type Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]
type Parity = Literal["none", "even", "odd"]
type Do = Literal["release", "revoke", "normal", "free", "locked"]


def _bytes(value: object) -> object:
    """Read bytes from pairs of hexadecimal digits."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise ValueError('allowed: bytes in hexadecimal, such as "16 54 0D"')


type Hex = Annotated[bytes, BeforeValidator(_bytes, json_schema_input_type=str)]
type SomeHex = Annotated[Hex, Field(min_length=1)]
type Side = Annotated[int, Strict(), Field(ge=1, le=2)]
type Milliseconds = Annotated[int, Strict(), Field(ge=0, le=10_000)]


class LineProfile(Section):
    """How the device's line is set by its maker."""

    name: str
    """What people call it."""
    source: str = ""
    """Where the facts come from."""
    check: tuple[str, ...] = ()
    """What has to be checked at the device or in its manual."""
    baud: Baud = 9600
    """Bits a second; USB-CDC does not care."""
    parity: Parity = "none"
    data_bits: Literal[7, 8] = 8
    stop_bits: Literal[1, 2] = 1
    init: tuple[SomeHex, ...] = ()
    """Sent each time the line is opened."""


class AnswerProfile(Section):
    """How an engine answers a command, so that no answer is taken for a code."""

    starts: SomeHex
    """How it begins."""
    length_at: Annotated[int, Strict(), Field(ge=0, le=15)] | None = None
    """Where the byte stands, from 0, that says how many follow it."""
    more: Annotated[int, Strict(), Field(ge=0, le=8)] = 0
    """How many follow those, such as a checksum."""
    ends: Hex = b""
    """How it ends, where it has no length."""

    @property
    def answer(self) -> Answer:
        """Return it as the codec has it."""
        return Answer(self.starts, self.length_at, self.more, self.ends)


class ScannerProfile(LineProfile):
    """A scan engine."""

    role: Literal["scanner"]
    framing: Framing = "line"
    """What ends a code."""
    framing_check: Check = "none"
    """The check byte behind ETX."""
    gap_ms: Annotated[int, Strict(), Field(ge=5, le=1000)] = 50
    """A silence so long ends a code, with framing gap."""
    aim: Flag = False
    """An AIM identifier stands before each code."""
    labels: tuple[Annotated[str, Field(min_length=1, max_length=16)], ...] = ()
    """One of these stands before each code; it is taken off."""
    characters: Characters = "ascii"
    """What a code may consist of."""
    answer: tuple[AnswerProfile, ...] = ()
    """How the engine answers commands."""


class FrameProfile(Section):
    """How a gate's telegrams are wrapped."""

    starts: SomeHex
    """How each begins."""
    length: Length = "none"
    """Whether a length follows, and how it is written: u8, le16 (low byte first), be16."""
    counts: Counts = "data"
    """What the length counts: the data, or the checksum with it."""
    ends: Hex = b""
    """How each ends, where it has no length; the checksum stands behind it."""
    checksum: Checksum = "none"
    """The last byte: all that it covers xored, or added up; or none."""
    covers: Covers = "all"
    """What the checksum is over: `all` before it, the `data`, or `data-end`."""
    longest: Annotated[int, Strict(), Field(ge=1, le=255)] = 32
    """Bytes of the longest data."""

    @model_validator(mode="after")
    def _can_be_cut(self) -> Self:
        if (self.length == "none") != bool(self.ends):
            raise ValueError("a telegram has either a length or an end")
        return self

    @property
    def format(self) -> TelegramFormat:
        """Return it as the codec has it."""
        return TelegramFormat(
            self.starts,
            self.length,
            self.counts,
            self.ends,
            self.checksum,
            self.covers,
            self.longest,
        )


class CommandProfile(Section):
    """One thing a gate can be told."""

    do: Do
    """`release` one person, `revoke` that, be `normal` (controlled), `free` or `locked`."""
    direction: Side | None = None
    """Which of its own two directions; left out: it is for both."""
    send: SomeHex
    """The data of its telegram."""


class EventProfile(Section):
    """One thing a gate tells."""

    on: SomeHex
    """The data of its telegram."""
    event: GateEventType | Literal["input"]
    """What it means; `input` says how an input stands."""
    direction: Side | None = None
    """Which of its own two directions."""
    name: str = ""
    """The input's name, such as fire or contact."""
    value: Flag = True
    """How the input stands."""

    @model_validator(mode="after")
    def _names_its_input(self) -> Self:
        if (self.event == "input") != bool(self.name):
            raise ValueError("an input has a name, and nothing else has one")
        return self


class GateProfile(LineProfile):
    """A gate with a protocol of its own."""

    role: Literal["gate"]
    frame: FrameProfile
    """How telegrams are wrapped."""
    acknowledged: SomeHex
    """The data with which the gate accepts a command."""
    refused: Hex = b""
    """The data with which it refuses one."""
    ack_ms: Annotated[int, Strict(), Field(ge=50, le=900)] = 300
    """How long an answer may take."""
    rest_ms: Milliseconds = 20
    """After an answer nothing is sent for so long: it may come twice."""
    late_ms: Milliseconds = 300
    """How long an overdue answer is waited for before the next command is sent."""
    reports_passages: Flag = True
    """It tells who has passed."""
    command: tuple[CommandProfile, ...]
    """What it can be told."""
    event: tuple[EventProfile, ...] = ()
    """What it tells."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        known = {(each.do, each.direction) for each in self.command}
        if len(known) != len(self.command):
            raise ValueError("a command stands there twice")
        for side in (1, 2):
            for do in ("release", "normal"):
                if not {(do, side), (do, None)} & known:
                    raise ValueError(f"it lacks the command {do!r} for direction {side}")
        said = [each.on for each in self.event] + [self.acknowledged]
        said += [self.refused] if self.refused else []
        if len(set(said)) != len(said):
            raise ValueError("two things it tells look the same")
        if any(len(each) > self.frame.longest for each in said):
            raise ValueError(f"what it tells is longer than {self.frame.longest} bytes")
        return self

    def find(self, do: Do, side: int) -> CommandProfile | None:
        """Return the command for one of its directions."""
        named = {(each.do, each.direction): each for each in self.command}
        return named.get((do, side)) or named.get((do, None))


type Profile = ScannerProfile | GateProfile

_ROLES: Final[Mapping[str, type[ScannerProfile] | type[GateProfile]]] = {
    "scanner": ScannerProfile,
    "gate": GateProfile,
}


class ProfileUnusable(ValueError):
    """A profile that cannot be read."""


def read_profile(path: Path) -> Profile:
    """Read the profile in a file.

    Raises:
        ProfileUnusable: Naming the file and its field.
    """
    try:
        written: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        said = getattr(problem, "strerror", None) or str(problem)
        raise ProfileUnusable(f"{path}: {said.lower()}") from problem
    model = _ROLES.get(str(written.get("role")))
    if model is None:
        raise ProfileUnusable(f"{path}: role: allowed: {', '.join(_ROLES)}")
    try:
        return model.model_validate(written)
    except ValidationError as error:
        found = of_validation(error, model)
        told = "; ".join(": ".join(filter(None, (each.key, each.text))) for each in found)
        raise ProfileUnusable(f"{path}: {told}") from error


@cache
def profiles() -> Mapping[str, Profile]:
    """Return the profiles that come with us, by the name of their file."""
    return {path.stem: read_profile(path) for path in sorted(FOLDER.glob("*.toml"))}
