"""What a site file may say of a Modbus board, and what is told when it cannot be."""

from pathlib import Path

import pytest

from config import SiteFileError, load
from drivers.modbus.settings import ModbusSettings
from gateway.venue.wires import SETTINGS

HEAD = """
[site]
id = "museum"
name = "Museum"
timezone = "Europe/Paris"
[[space]]
id = "hall"
name = "Hall"
"""


def controller(name: str, text: str) -> str:
    return f'[[controller]]\nid = "{name}"\ndriver = "modbus"\n{text}\n'


def problems(folder: Path, text: str) -> str:
    """Return what is told of a site file."""
    path = folder / "site.toml"
    path.write_text(HEAD + text)
    with pytest.raises(SiteFileError) as told:
        load(path, wires=SETTINGS)
    return str(told.value)


BOARD = 'profile = "waveshare-relay-8-d"\naddress = "tcp://127.0.0.1:502"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('profile = "waveshare"\naddress = "tcp://h"', "profile"),
        ('profile = "adam-6060"\naddress = "/dev/ttyS0"', "adam-6060 allows: tcp://"),
        ('profile = "generic-8"\naddress = "http://h"', "allowed: tcp://HOST:502"),
        ('profile = "generic-8"\naddress = "tcp://h"\nbaud = 9600', "where the serial port is"),
        ('profile = "generic-8"\naddress = "tcp://h"\npassages = "counters"', "counts nothing"),
        ('profile = "generic-8"\naddress = "tcp://h"\nhardware_pulse = true', "no such pulse"),
        ('profile = "generic-8"\naddress = "tcp://h"\nunit = 0', "unit"),
        ('profile = "generic-8"\naddress = "tcp://h"\npoll_ms = 1', "poll_ms"),
        ('profile = "ours.toml"\naddress = "tcp://h"', "ours.toml: no such file"),
    ],
)
def test_what_cannot_be_is_told_by_its_key(text: str, told: str, tmp_path: Path) -> None:
    assert told in problems(tmp_path, controller("board", text))


def test_one_unit_on_a_line_is_one_controllers(tmp_path: Path) -> None:
    told = problems(tmp_path, controller("one", BOARD) + controller("two", BOARD))
    assert "unit 1', the board of one already" in told


def test_a_line_is_spoken_on_in_one_way(tmp_path: Path) -> None:
    other = f"{BOARD}\nunit = 2\ntimeout_ms = 500"
    told = problems(tmp_path, controller("one", BOARD) + controller("two", other))
    assert "is one's line, too: timeout_ms is 500 here and 300 there" in told


def test_channels_are_numbered_as_the_board_has_them(tmp_path: Path) -> None:
    gate = (
        '[[equipment]]\nid = "north"\nkind = "turnstile"\nspace = "hall"\ncontroller = "board"\n'
        'count_on = "grant"\nchannels = { release_entry = 0 }\n'
    )
    assert "1 to 8" in problems(tmp_path, controller("board", BOARD) + gate)


@pytest.mark.parametrize(
    ("text", "gap_ms"),
    [
        ({"profile": "generic-8", "address": "/dev/ttyS0", "baud": 9600}, 4.01),
        ({"profile": "generic-8", "address": "/dev/ttyS0", "baud": 115200}, 2.0),
        ({"profile": "waveshare-relay-8-d", "address": "/dev/ttyS0"}, 10),
        ({"profile": "generic-8", "address": "tcp://h"}, 0),
        ({"profile": "generic-8", "address": "tcp://h", "gap_ms": 30}, 30),
    ],
)
def test_the_gap_is_what_board_and_line_need(text: dict[str, object], gap_ms: float) -> None:
    settings = ModbusSettings.model_validate(text)
    assert settings.gap_s * 1000 == pytest.approx(gap_ms, abs=0.01)
