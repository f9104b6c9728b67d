"""What a `[[controller]]` with `driver = "modbus"` may say: the board, its place, the patience."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self, override
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, Strict, ValidationInfo, model_validator

from config.values import Flag, Kind
from config.wires import ChannelRange, WireSettings, contacts
from drivers.modbus.profile import Baud, LinkKind, Parity, Profile, Unit, load

CHARACTER_BITS: Final = 11
"""Start, eight bits, parity or a second stop bit, stop (Modbus over serial line 1.02, 2.5.1)."""
SILENT_CHARACTERS: Final = 3.5
"""The silence that ends a frame (2.5.1.1); ..."""
FAST_BAUD: Final = 19200
"""... above this speed it does not become shorter (1.75 ms)."""
PORTS: Final[Mapping[str, int]] = {"tcp": 502, "rtu-tcp": 4196}


@dataclass(frozen=True, slots=True)
class Place:
    """A line: a TCP address or a serial port, and how it is spoken on."""

    kind: LinkKind
    name: str
    """What people call it."""
    host: str
    """The host, or the serial port's path."""
    port: int = 0
    baud: int = 0
    parity: Parity = "none"
    stop_bits: int = 1
    local_echo: bool = False

    def frame_s(self, size: int) -> float:
        """How long so many bytes take on a serial line."""
        return size * CHARACTER_BITS / self.baud if self.kind == "rtu" else 0.0


class ModbusSettings(WireSettings):
    """A board with relays and inputs on Modbus TCP, RTU, or RTU over TCP (docs/modbus.md).

    Controllers with the same address share its line; each is another unit on it.
    """

    profile: Annotated[str, Field(min_length=1, max_length=200)]
    """Which board it is: a name that `composteur devices list` tells, or a file of yours."""
    address: Annotated[str, Field(min_length=1, max_length=200)]
    """`tcp://HOST:502`, `rtu-tcp://HOST:4196`, or a serial port: `/dev/serial/by-id/…`."""
    unit: Unit | None = None
    """Its address on the line; left out: as it leaves its maker."""
    baud: Baud | None = None
    """Of a serial port; left out: as it leaves its maker."""
    parity: Parity | None = None
    stop_bits: Literal[1, 2] | None = None
    local_echo: Flag = False
    """The serial adapter hears what it sends."""
    gap_ms: Annotated[int, Strict(), Field(ge=0, le=1000)] | None = None
    """The silence before each telegram; left out: what the board and the line need."""
    timeout_ms: Annotated[int, Strict(), Field(ge=20, le=2000)] = 300
    """How long an answer may take."""
    poll_ms: Annotated[int, Strict(), Field(ge=10, le=5000)] | None = None
    """How often inputs are read; left out: 40, and 200 where the board counts passages."""
    passages: Literal["contacts", "counters"] = "contacts"
    """Passages are seen at the inputs, or counted by the board."""
    hardware_pulse: Flag | None = None
    """Whether the board ends its pulses itself; left out: as its profile says."""

    _board: Profile = PrivateAttr()
    _place: Place = PrivateAttr()

    @model_validator(mode="after")
    def _belongs_together(self, info: ValidationInfo) -> Self:
        folder: Path | None = (info.context or {}).get("folder")
        self._board = load(self.profile, folder)
        self._place = self._read_place()
        kinds = self._board.links
        if self._place.kind not in kinds:
            words = {"tcp": "tcp://", "rtu-tcp": "rtu-tcp://", "rtu": "a serial port"}
            allowed = ", ".join(words[kind] for kind in kinds)
            raise ValueError(f"address: found {self.address!r}, {self.profile} allows: {allowed}")
        if self.passages == "counters" and self._board.counters is None:
            raise ValueError(f'passages: found "counters", but {self.profile} counts nothing')
        if self.hardware_pulse and self._board.pulse is None:
            raise ValueError(f"hardware_pulse: found true, but {self.profile} has no such pulse")
        return self

    def _read_place(self) -> Place:
        """Read the address.

        Raises:
            ValueError: It is none.
        """
        url, defaults = urlsplit(self.address), self._board.line
        baud = self.baud or defaults.baud
        if url.scheme in PORTS and url.hostname and not url.path.strip("/"):
            if self.baud or self.parity or self.stop_bits:
                raise ValueError("baud, parity and stop_bits are set where the serial port is")
            port = url.port or PORTS[url.scheme]
            kind: LinkKind = "tcp" if url.scheme == "tcp" else "rtu-tcp"
            name = f"{url.scheme}://{url.hostname}:{port}"
            return Place(kind, name, url.hostname, port)
        if self.address.startswith("/"):
            return Place(
                "rtu",
                self.address,
                self.address,
                baud=baud,
                parity=self.parity or defaults.parity,
                stop_bits=self.stop_bits or defaults.stop_bits,
                local_echo=self.local_echo,
            )
        raise ValueError(
            f"address: found {self.address!r}, "
            "allowed: tcp://HOST:502, rtu-tcp://HOST:4196, or a serial port such as /dev/serial/…"
        )

    # --- for the venue

    @override
    def channels(self, kind: Kind) -> Mapping[str, ChannelRange]:
        """Return the contacts of a board, as its profile numbers them."""
        return contacts(kind, self.board_profile.output_numbers, self.board_profile.input_numbers)

    @property
    @override
    def board(self) -> tuple[str, str]:
        """Its unit on its line."""
        return "unit", f"{self._place.name}, unit {self.unit_number}"

    @property
    @override
    def shared_line(self) -> tuple[str, str, Mapping[str, object]]:
        """Its address, and how the line is spoken on."""
        place = self._place
        spoken = {
            "baud": place.baud,
            "parity": place.parity,
            "stop_bits": place.stop_bits,
            "local_echo": place.local_echo,
            "timeout_ms": self.timeout_ms,
        }
        return "address", place.name, spoken

    # --- for the wire

    @property
    def board_profile(self) -> Profile:
        """What board it is."""
        return self._board

    @property
    def place(self) -> Place:
        """Its line."""
        return self._place

    @property
    def unit_number(self) -> int:
        """Its address on the line."""
        return self.unit or self._board.line.unit

    @property
    def gap_s(self) -> float:
        """The silence before each telegram to it."""
        if self.gap_ms is not None:
            return self.gap_ms / 1000
        if self._place.kind == "tcp":
            return 0.0
        baud = self._place.baud or self._board.line.baud
        least_s = SILENT_CHARACTERS * CHARACTER_BITS / min(baud, FAST_BAUD)
        return max(least_s, (self._board.line.gap_ms or 0) / 1000)

    @property
    def poll_s(self) -> float:
        """How often its inputs are read."""
        usual = 200 if self.passages == "counters" else 40
        return max(self.poll_ms or usual, self._board.line.fastest_poll_ms) / 1000

    @property
    def pulses_by_hardware(self) -> bool:
        """Whether the board ends its pulses itself."""
        pulse = self._board.pulse
        if pulse is None:
            return False
        return not pulse.disputed if self.hardware_pulse is None else self.hardware_pulse
