"""What a controller on a serial line may say, and what a profile of one's own must."""

from pathlib import Path

import pytest
from pydantic import ValidationError

import config
from config import SiteFileError
from drivers.serial import SerialSettings
from drivers.serial.profile import GateProfile, ScannerProfile, profiles, read_profile
from gateway.venue.wires import SETTINGS

OWN = """
role = "gate"
name = "Ours"
acknowledged = "41"
[frame]
starts = "02"
ends = "03"
[[command]]
do = "release"
send = "4F"
[[command]]
do = "normal"
send = "43"
"""


def refusal(**keys: object) -> str:
    with pytest.raises(ValidationError) as caught:
        SerialSettings.model_validate({"port": "/dev/x", **keys})
    return str(caught.value)


@pytest.mark.parametrize("name", profiles())
def test_every_profile_says_where_it_comes_from_and_what_is_to_be_checked(name: str) -> None:
    profile = profiles()[name]

    assert profile.source
    assert profile.check or name == "scanner"
    assert SerialSettings(port=Path("/dev/x"), profile=name).known == profile


def test_what_is_written_goes_before_the_profile() -> None:
    settings = SerialSettings(port=Path("/dev/x"), profile="gm65", baud=115200, framing="crlf")

    assert settings.line.baud == 115200
    assert settings.scanner.framing == "crlf"
    assert settings.scanner.answer == profiles()["gm65"].answer  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"profile": "gm66"}, "profile: found 'gm66', allowed: datalogic"),
        ({"entry": 2}, "entry means nothing for a scan engine"),
        ({"profile": "digicon-tx1500", "aim": True}, "aim means nothing for a gate"),
        ({"init": ["zz"]}, "allowed: bytes in hexadecimal"),
        ({"baud": 9601}, "baud"),
        ({"shortest": 9, "longest": 8}, "shortest (9) is more than longest (8)"),
        ({"framing_check": "xor"}, "framing_check needs framing stx-etx"),
        ({"profile_file": "no/such.toml"}, "no/such.toml: no such file"),
        ({"profile": "gm65", "profile_file": "x.toml"}, "one of the two"),
    ],
)
def test_what_cannot_be_is_refused_by_name(keys: dict[str, object], said: str) -> None:
    assert said in refusal(**keys)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('acknowledged = "41"', "acknowledged"),
        ('role = "gate"', "role: allowed: scanner, gate"),
        ('ends = "03"', "frame: a telegram has either a length or an end"),
        ('send = "43"', "command[1].send"),
        ('do = "normal"', "command[1].do"),
        ("[frame]", "is not"),
    ],
)
def test_a_profile_of_ones_own_that_cannot_be_is_refused_with_its_file_and_field(
    tmp_path: Path, change: str, said: str
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN.replace(change, "[frame" if change == "[frame]" else ""))
    told = refusal(profile_file=file)

    assert str(file) in told
    assert said in told or change == "[frame]"


def test_a_profile_must_be_able_to_release_in_each_direction(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN.replace('do = "release"', 'do = "release"\ndirection = 1'))

    assert "it lacks the command 'release' for direction 2" in refusal(profile_file=file)


def test_two_things_a_gate_tells_do_not_look_the_same(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN + '[[event]]\non = "41"\nevent = "passed"\n')

    assert "two things it tells look the same" in refusal(profile_file=file)


def site(tmp_path: Path, *equipment: str, controller: str = "") -> config.Examined:
    text = '[[space]]\nid = "hall"\n[[controller]]\nid = "line"\ndriver = "serial"\n' + controller
    for number, each in enumerate(equipment):
        text += f'[[equipment]]\nid = "e{number}"\nspace = "hall"\ncontroller = "line"\n{each}\n'
    path = tmp_path / "site.toml"
    path.write_text(text)
    return config.examine(path, None, SETTINGS)


def test_a_profile_of_ones_own_lies_beside_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    found = site(
        tmp_path, 'kind = "turnstile"', controller='port = "/dev/x"\nprofile_file = "own.toml"\n'
    )

    settings = found.site.wire("line")
    assert isinstance(settings, SerialSettings)
    assert isinstance(settings.known, GateProfile)
    assert isinstance(read_profile(tmp_path / "own.toml"), GateProfile)


@pytest.mark.parametrize(
    ("port", "warned"),
    [
        ("/dev/ttyUSB0", True),
        ("/dev/ttyACM11", True),
        ("/dev/ttyS0", False),
        ("/dev/serial/by-id/usb-FTDI_ttyUSB0", False),
        ("/dev/serial/by-path/pci-0000", False),
    ],
)
def test_a_bare_name_of_a_port_is_warned_about(tmp_path: Path, port: str, warned: bool) -> None:
    found = site(tmp_path, "", controller=f'port = "{port}"\n')

    told = [each for each in found.warnings if "by-id" in each.text]
    assert [each.key for each in told] == (["controller[0].port"] if warned else [])


@pytest.mark.parametrize(
    ("controller", "equipment", "said"),
    [
        ("", ['kind = "turnstile"'], "cannot carry a turnstile; allowed there: reader"),
        ('profile = "digicon-tx1500"\n', [""], "cannot carry a reader; allowed there: door or"),
        ("", ["", ""], "which has its equipment already: it carries 1"),
        ("", ['count_on = "passage"'], "reports one"),
    ],
)
def test_a_line_carries_one_device_of_its_kind(
    tmp_path: Path, controller: str, equipment: list[str], said: str
) -> None:
    with pytest.raises(SiteFileError, match=said):
        site(tmp_path, *equipment, controller=f'port = "/dev/x"\n{controller}')


def test_a_scan_engine_and_a_gate_are_told_apart_by_their_profile() -> None:
    engine = SerialSettings(port=Path("/dev/x"))
    gate = SerialSettings(port=Path("/dev/x"), profile="digicon-tx1500")

    assert isinstance(engine.known, ScannerProfile)
    assert (engine.kinds, gate.kinds) == ({"reader"}, {"turnstile", "door"})
    assert not engine.reports_passages("reader", ())
    assert gate.reports_passages("turnstile", ())
    assert not gate.lets_parties_in
