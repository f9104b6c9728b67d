"""What a `[[controller]]` with `driver = "osdp"` may say: the line, the reader, its key."""

import re
from collections.abc import Collection, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, Literal, Self, override

from pydantic import Field, PrivateAttr, Strict, ValidationInfo, model_validator

from config.values import Flag, Kind
from config.wires import ChannelRange, WireSettings, contacts
from drivers.osdp.cards import Cards
from drivers.serial.codes import Characters, Rules
from drivers.serial.line import Port
from drivers.serial.settings import bare_name

EXTRA: Final = "composteur[osdp]"
LIBRARY: Final = "osdp_sys"
DEFAULT_KEY: Final = bytes(range(0x30, 0x40))
"""SCBK-D: every reader has it until it is paired, and everybody knows it."""
CONTACTS: Final = range(16)
"""Outputs and inputs of a reader."""
_LAMPS: Final = frozenset({"granted", "denied", "buzzer"})
"""A reader has these at its face, where no channel is needed."""
_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")


class OsdpSettings(WireSettings):
    """One OSDP reader on its line (docs/osdp.md).

    Controllers with the same port share its line; each is another reader on it.
    """

    port: Path
    """The line: a name under `/dev/serial/by-id` or `by-path`, which stays when others come."""
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 9600
    """Bits a second."""
    address: Annotated[int, Strict(), Field(ge=0, le=126)] = 0
    """The reader's address on the line."""
    secure: Literal["required", "off"] = "required"
    """Whether it is spoken to over a secure channel only, or in the clear."""
    key_file: Path | None = None
    """A file with its key (`composteur devices key`); relative to this."""
    key_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    """The variable of the environment that holds its key, instead."""
    cards: Cards = "text"
    """A card read is the `text` of a barcode, or a card's number, told in `hex`."""
    aim: Flag = False
    """The reader puts an AIM identifier (such as `]Q1`) before each code."""
    labels: tuple[Annotated[str, Field(min_length=1, max_length=16)], ...] = ()
    """What it puts before each code, one of these; a code without is rejected."""
    characters: Characters = "ascii"
    """`ascii` (printable, and GS) or `utf-8`; never other control characters."""
    shortest: Annotated[int, Strict(), Field(ge=1, le=250)] = 1
    """Characters of the shortest code, read or typed."""
    longest: Annotated[int, Strict(), Field(ge=1, le=250)] = 250
    """Bytes of the longest code; over a secure channel never more than 64."""
    keypad_s: Annotated[float, Strict(), Field(ge=0.5, le=30)] = 3.0
    """Digits that nobody ends with # are taken for a code after so long."""
    idle_colour: Literal["off", "red", "green", "amber", "blue", "white"] = "blue"
    """How it is lit while it waits for a ticket."""

    _key: bytes | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _belongs_together(self, info: ValidationInfo) -> Self:
        if find_spec(LIBRARY) is None:
            raise ValueError(
                f'driver: found "osdp", which needs the extra {EXTRA}: '
                f"python -m pip install '{EXTRA}'"
            )
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest}) is more than longest ({self.longest})")
        context = info.context or {}
        folder = context.get("folder")
        self._key = self._find_key(
            folder if isinstance(folder, Path) else Path(), context.get("environment") or {}
        )
        return self

    def _find_key(self, folder: Path, environment: Mapping[str, str]) -> bytes | None:
        """Return the reader's key.

        Raises:
            ValueError: There is none and there must be, it cannot be read, or it is no key.
        """
        named = [key for key in ("key_file", "key_variable") if getattr(self, key) is not None]
        if self.secure == "off":
            if named:
                raise ValueError(f'{named[0]}: means nothing where secure = "off"')
            return None
        if len(named) != 1:
            raise ValueError(
                'key_file: is missing; allowed: key_file or key_variable, or secure = "off" for a '
                "reader that is spoken to in the clear"
                if not named
                else "key_file and key_variable: one of the two"
            )
        if self.key_file is not None:
            try:
                text = (folder / self.key_file).read_text(encoding="ascii")
            except (OSError, UnicodeDecodeError) as error:
                said = getattr(error, "strerror", None) or "is no text"
                raise ValueError(f"key_file: {self.key_file}: {said.lower()}") from error
        elif (text := environment.get(self.key_variable or "", "")) == "":
            raise ValueError(f"key_variable: {self.key_variable} is not in the environment")
        try:
            return read_key(text)
        except ValueError as error:
            raise ValueError(f"{named[0]}: {error}") from error

    # --- what holds

    @property
    def key(self) -> bytes | None:
        """The reader's key; none where it is spoken to in the clear."""
        return self._key

    @property
    def rules(self) -> Rules:
        """What a code may be."""
        return Rules(self.labels, self.aim, self.characters, self.shortest, self.longest)

    @property
    def line(self) -> Port:
        """How the port is set (8N1, by the norm)."""
        return Port(self.port, self.baud)

    # --- for the site file

    @override
    def channels(self, kind: Kind) -> Mapping[str, ChannelRange]:
        """Return the contacts of a reader; its lamps and its buzzer are no channels."""
        found = contacts(kind, CONTACTS, CONTACTS)
        return {name: each for name, each in found.items() if name not in _LAMPS}

    @property
    @override
    def kinds(self) -> Collection[Kind]:
        """What a reader can be, by itself or with its outputs and inputs."""
        return {"reader", "door", "turnstile", "relay"}

    @property
    @override
    def most(self) -> int:
        """What a reader reads is for one equipment."""
        return 1

    @property
    @override
    def board(self) -> tuple[str, str]:
        """Its address on its line."""
        return "address", f"{self.port}, address {self.address}"

    @property
    @override
    def shared_line(self) -> tuple[str, str, Mapping[str, object]]:
        """Its port, and how the line is spoken on."""
        return "port", str(self.port), {"baud": self.baud}

    @override
    def warnings(self) -> Iterable[tuple[str, str]]:
        """Warn of names that change, and of lines on which everybody hears and speaks."""
        if (text := bare_name(self.port)) is not None:
            yield "port", text
        if self.secure == "off":
            yield (
                "secure",
                (
                    'found "off": whoever reaches the cable reads codes, and says them; '
                    "pair the reader (composteur devices pair)"
                ),
            )


def read_key(text: str) -> bytes:
    """Read a key: 32 hexadecimal digits, alone.

    Raises:
        ValueError: It is none, or the one that everybody knows.
    """
    text = text.strip()
    if not _KEY.fullmatch(text):
        raise ValueError("no key: allowed are 32 hexadecimal digits")
    key = bytes.fromhex(text)
    if key == DEFAULT_KEY:
        raise ValueError("the default key (SCBK-D), which everybody knows; make one of your own")
    return key
