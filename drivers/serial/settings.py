"""What a `[[controller]]` with `driver = "serial"` may say: the port, and what is behind it."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, Self, override

from pydantic import Field, PrivateAttr, Strict, ValidationInfo, model_validator

from config.values import Flag, Kind
from config.wires import WireSettings
from drivers.serial.codec import Check, Framing
from drivers.serial.codes import Characters, Rules
from drivers.serial.line import Port
from drivers.serial.profile import (
    Baud,
    GateProfile,
    Parity,
    Profile,
    ScannerProfile,
    SomeHex,
    profiles,
    read_profile,
)

_BARE: Final = re.compile(r"/dev/tty(USB|ACM)\d+")
_SCANNERS: Final = ("framing", "framing_check", "gap_ms", "aim", "labels", "characters")
_SCANNERS_TOO: Final = ("shortest", "longest")
_GATES: Final = ("entry", "ack_ms")


class SerialSettings(WireSettings):
    """A scan engine, or a gate with a protocol of its own, on a serial line or USB-CDC.

    What is left out is as the profile says.
    """

    port: Path
    """The line: a name under `/dev/serial/by-id` or `by-path`, which stays when others come."""
    profile: str = "scanner"
    """What is behind it; `scanner`: any engine that ends codes with CR, LF or both."""
    profile_file: Path | None = None
    """A profile of your own, instead."""
    baud: Baud | None = None
    """Bits a second."""
    parity: Parity | None = None
    data_bits: Literal[7, 8] | None = None
    stop_bits: Literal[1, 2] | None = None
    init: tuple[SomeHex, ...] | None = None
    """Byte strings in hexadecimal, sent each time the line is opened: `["16 54 0D"]`."""
    framing: Framing | None = None
    """What ends a code: `line` (CR, LF or both) `cr` `lf` `crlf` `tab` `stx-etx` `gap`."""
    framing_check: Check | None = None
    """The byte behind ETX: `none`, or all bytes xored: `xor`, `xor-etx`, `xor-stx-etx`."""
    gap_ms: Annotated[int, Strict(), Field(ge=5, le=1000)] | None = None
    """The silence that ends a code, with framing `gap`."""
    aim: Flag | None = None
    """The engine puts an AIM identifier (such as `]Q1`) before each code."""
    labels: tuple[Annotated[str, Field(min_length=1, max_length=16)], ...] | None = None
    """What the engine puts before each code, one of these; a code without is rejected."""
    characters: Characters | None = None
    """`ascii` (printable, and GS) or `utf-8`; never other control characters."""
    shortest: Annotated[int, Strict(), Field(ge=1, le=512)] = 1
    """Characters of the shortest code."""
    longest: Annotated[int, Strict(), Field(ge=1, le=512)] = 512
    """Bytes of the longest code."""
    entry: Annotated[int, Strict(), Field(ge=1, le=2)] = 1
    """By which of its own two directions people enter at this gate."""
    ack_ms: Annotated[int, Strict(), Field(ge=50, le=900)] | None = None
    """How long the gate's acknowledgement of a command may take."""

    _known: Profile | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _belongs_together(self, info: ValidationInfo) -> Self:
        folder = (info.context or {}).get("folder")
        self._known = self._find(folder if isinstance(folder, Path) else Path())
        written = self.model_fields_set
        foreign = _GATES if isinstance(self._known, ScannerProfile) else _SCANNERS + _SCANNERS_TOO
        for key in foreign:
            if key in written:
                what = "scan engine" if isinstance(self._known, ScannerProfile) else "gate"
                raise ValueError(f"{key} means nothing for a {what} ({self._known.name})")
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest}) is more than longest ({self.longest})")
        if "framing_check" in written and self.scanner.framing != "stx-etx":
            raise ValueError("framing_check needs framing stx-etx: it stands behind ETX")
        return self

    def _find(self, folder: Path) -> Profile:
        if self.profile_file is not None:
            if "profile" in self.model_fields_set:
                raise ValueError("profile and profile_file: one of the two")
            return read_profile(folder / self.profile_file)
        known = profiles()
        if self.profile not in known:
            raise ValueError(f"profile: found {self.profile!r}, allowed: {', '.join(known)}")
        return known[self.profile]

    # --- what holds

    @property
    def known(self) -> Profile:
        """What is behind the line, with what is written here."""
        if self._known is None:
            raise TypeError("settings were not validated")
        told = {
            key: value
            for key in type(self._known).model_fields
            if key not in {"name", "check"}
            and key in self.model_fields_set
            and (value := getattr(self, key)) is not None
        }
        return self._known.model_copy(update=told)

    @property
    def scanner(self) -> ScannerProfile:
        """The scan engine."""
        if not isinstance(self.known, ScannerProfile):
            raise TypeError(f"no scan engine: {self.known.name}")
        return self.known

    @property
    def gate(self) -> GateProfile:
        """The gate."""
        if not isinstance(self.known, GateProfile):
            raise TypeError(f"no gate: {self.known.name}")
        return self.known

    @property
    def rules(self) -> Rules:
        """What a code may be."""
        known = self.scanner
        return Rules(known.labels, known.aim, known.characters, self.shortest, self.longest)

    @property
    def line(self) -> Port:
        """How the port is set."""
        known = self.known
        return Port(
            self.port, known.baud, known.parity, known.data_bits, known.stop_bits, known.init
        )

    # --- for the site file

    @property
    @override
    def kinds(self) -> Collection[Kind]:
        """A scan engine reads; a gate lets people pass."""
        return {"reader"} if self.known.role == "scanner" else {"turnstile", "door"}

    @property
    @override
    def most(self) -> int:
        """One device is on a line."""
        return 1

    @property
    @override
    def lets_parties_in(self) -> bool:
        """A gate is told of one person after the other."""
        return False

    @property
    @override
    def board(self) -> tuple[str, str]:
        """The port."""
        return "port", str(self.port)

    @override
    def reports_passages(self, kind: Kind, channels: Collection[str]) -> bool:
        """Tell whether the gate says who has passed."""
        del kind, channels
        return isinstance(self.known, GateProfile) and self.known.reports_passages

    @override
    def warnings(self) -> Iterable[tuple[str, str]]:
        """Warn of names that change with the order in which devices are plugged in."""
        if (text := bare_name(self.port)) is not None:
            yield "port", text


def bare_name(port: Path) -> str | None:
    """Say what is wrong with a port's name that changes; ``None``: it stays."""
    if not _BARE.fullmatch(str(port)):
        return None
    return (
        f"found {port}: the number goes to whoever is plugged in first; "
        "use the name under /dev/serial/by-id, or by-path where it has none"
    )
