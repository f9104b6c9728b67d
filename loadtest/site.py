"""Write the site files the scenarios need.

One hall without capacity or planning, so that nothing but the ticket decides, and readers of two
kinds: handhelds, whose grant is the entry, and gates that report passages over HTTP.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SITE = "loadtest"
READER = "reader-1"
OFFLINE_READER = "reader-2"
SPACE = "hall"


@dataclass(frozen=True, slots=True)
class Wired:
    """A scan engine on a serial line, and what it opens.

    ``board`` is what the site file says of the Modbus board of its turnstile; empty: it opens the
    gate on MQTT of the same number.
    """

    engine: Path
    board: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Osdp:
    """An OSDP reader, by itself; without a key it is spoken to in the clear."""

    line: Path
    address: int
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What differs between the sites of two scenarios."""

    folder: Path
    port: int
    durability: str = "always"
    redis: str = "embedded"
    postgres: str = "embedded"
    gateway: str = "main"
    lanes: int = 0
    """How many turnstiles report their passages over HTTP."""
    gates: int = 0
    """How many gates of ours are on MQTT."""
    wired: tuple[Wired, ...] = ()
    """Scan engines on wires."""
    readers: tuple[Osdp, ...] = ()
    """OSDP readers."""

    @property
    def path(self) -> Path:
        """Where the site file lies."""
        return self.folder / "site.toml"

    @property
    def state_dir(self) -> Path:
        """Where the gateway keeps its state."""
        return self.folder / "state"

    def write(self) -> Path:
        """Write the site file and return its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")
        return self.path

    def _lines(self) -> Iterator[str]:
        yield from (
            "[site]",
            f'id = "{SITE}"',
            'name = "Load test"',
            'timezone = "Europe/Paris"',
            'language = "en"',
            f'gateway = "{self.gateway}"',
            "",
            "[stores]",
            f'redis = "{self.redis}"',
            f'postgres = "{self.postgres}"',
            f'durability = "{self.durability}"',
            'state_dir = "state"',
            *(('mqtt = "embedded"',) if self.gates else ()),
            "",
            "[http]",
            'host = "127.0.0.1"',
            f"port = {self.port}",
            "",
            "[[space]]",
            f'id = "{SPACE}"',
            'name = "Hall"',
        )
        for reader in (READER, OFFLINE_READER):
            yield from (
                "",
                "[[equipment]]",
                f'id = "{reader}"',
                'kind = "reader"',
                f'space = "{SPACE}"',
                'direction = "entry"',
                'count_on = "grant"',
            )
        if self.lanes:
            yield from ("", "[[controller]]", 'id = "lanes"', 'driver = "http"')
        for number in range(self.lanes):
            yield from (
                "",
                "[[equipment]]",
                f'id = "{lane(number)}"',
                'kind = "turnstile"',
                f'space = "{SPACE}"',
                'direction = "entry"',
                'controller = "lanes"',
                'count_on = "passage"',
            )
        for number in range(self.gates):
            yield from (
                "",
                "[[controller]]",
                f'id = "board-{number}"',
                'driver = "mqtt"',
                "",
                "[[equipment]]",
                f'id = "{gate(number)}"',
                'kind = "turnstile"',
                f'space = "{SPACE}"',
                'direction = "entry"',
                f'controller = "board-{number}"',
                'count_on = "passage"',
            )
        for number, each in enumerate(self.wired):
            yield from _turnstile(number, each)
        for number, shows in enumerate(self.readers):
            yield from _reader(number, shows)


def _turnstile(number: int, wired: Wired) -> Iterator[str]:
    """Write a turnstile on wires: all of its board's eight inputs are read."""
    yield from (
        "",
        "[[controller]]",
        f'id = "engine-{number}"',
        'driver = "serial"',
        f'port = "{wired.engine}"',
        "",
        "[[equipment]]",
        f'id = "post-{number}"',
        'kind = "reader"',
        f'space = "{SPACE}"',
        'direction = "entry"',
        f'controller = "engine-{number}"',
        f'opens = "{f"wired-{number}" if wired.board else gate(number)}"',
    )
    if not wired.board:
        return
    yield from (
        "",
        "[[controller]]",
        f'id = "relays-{number}"',
        'driver = "modbus"',
        *wired.board,
        "",
        "[[equipment]]",
        f'id = "wired-{number}"',
        'kind = "turnstile"',
        f'space = "{SPACE}"',
        'direction = "both"',
        f'controller = "relays-{number}"',
        'count_on = "passage"',
        "channels = { release_entry = 1, release_exit = 2, passage_entry = 1, passage_exit = 8 }",
    )


def _reader(number: int, reader: Osdp) -> Iterator[str]:
    """Write an OSDP reader."""
    yield from (
        "",
        "[[controller]]",
        f'id = "{osdp(number)}"',
        'driver = "osdp"',
        f'port = "{reader.line}"',
        f"address = {reader.address}",
        f'key_file = "{reader.key_file}"' if reader.key_file else 'secure = "off"',
        "",
        "[[equipment]]",
        f'id = "{osdp(number)}"',
        'kind = "reader"',
        f'space = "{SPACE}"',
        'direction = "entry"',
        f'controller = "{osdp(number)}"',
        'count_on = "grant"',
    )


def osdp(number: int) -> str:
    """Return the id of an OSDP reader."""
    return f"osdp-{number}"


def lane(number: int) -> str:
    """Return the id of a turnstile."""
    return f"lane-{number}"


def gate(number: int) -> str:
    """Return the id of a gate on MQTT."""
    return f"gate-{number}"
