from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import config
from config.wires import WireSettings
from drivers.osdp import OsdpSettings, settings
from drivers.osdp.settings import DEFAULT_KEY, read_key

KEY = "000102030405060708090a0b0c0d0e0f"
PORT = Path("/dev/serial/by-id/usb-rs485")


@pytest.fixture(autouse=True)
def _library() -> None:
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")


def read(folder: Path = Path(), environment: Any = None, **keys: Any) -> OsdpSettings:
    around = {"folder": folder, "environment": environment or {}}
    return OsdpSettings.model_validate({"port": PORT, **keys}, context=around)


def problem(folder: Path = Path(), environment: Any = None, **keys: Any) -> str:
    with pytest.raises(ValidationError) as error:
        read(folder, environment, **keys)
    return str(error.value.errors()[0]["msg"])


def test_the_key_comes_from_a_file_beside_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "door.key").write_text(f"{KEY}\n")

    assert read(tmp_path, key_file="door.key").key == bytes.fromhex(KEY)


def test_or_from_the_environment() -> None:
    assert read(environment={"DOOR": KEY}, key_variable="DOOR").key == bytes.fromhex(KEY)


def test_a_reader_is_spoken_to_in_the_clear_only_where_somebody_has_said_so() -> None:
    assert "key_file: is missing" in problem()
    assert read(secure="off").key is None


def test_and_that_is_warned_of_as_is_a_name_that_changes() -> None:
    warned = dict(read(secure="off", port="/dev/ttyUSB0").warnings())

    assert set(warned) == {"port", "secure"}
    assert not list(read(environment={"K": KEY}, key_variable="K").warnings())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "key_file: no key: allowed are 32 hexadecimal digits"),
        ("00" * 15, "key_file: no key"),
        ("zz" * 16, "key_file: no key"),
        (DEFAULT_KEY.hex(), "key_file: the default key (SCBK-D)"),
    ],
)
def test_what_is_no_key_or_everybodys_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "door.key").write_text(text)
    told = problem(tmp_path, key_file="door.key")

    assert said in told
    assert not text or text not in told


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"key_file": "nowhere"}, "key_file: nowhere: no such file or directory"),
        ({"key_variable": "NOWHERE"}, "key_variable: NOWHERE is not in the environment"),
        ({"key_file": "a", "key_variable": "B"}, "key_file and key_variable: one of the two"),
        ({"key_file": "a", "secure": "off"}, 'key_file: means nothing where secure = "off"'),
        ({"secure": "off", "shortest": 9, "longest": 8}, "shortest (9) is more than longest (8)"),
        ({"secure": "off", "baud": 4800}, "9600, 19200"),
        ({"secure": "off", "address": 127}, "less than or equal to 126"),
    ],
)
def test_what_cannot_be_is_refused_by_name(keys: dict[str, Any], said: str) -> None:
    assert said in problem(**keys)


def test_without_libosdp_the_field_and_the_extra_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda _: None)
    wires: dict[str, type[WireSettings]] = {"osdp": OsdpSettings}
    text = '[[controller]]\nid = "door"\ndriver = "osdp"\nport = "/dev/x"\nsecure = "off"\n'

    with pytest.raises(config.SiteFileError) as error:
        config.parse(text, Path("site.toml"), {}, wires)

    assert str(error.value) == (
        'site.toml:1: controller[0]: driver: found "osdp", which needs the extra '
        "composteur[osdp]: python -m pip install 'composteur[osdp]'"
    )


def test_a_reader_has_contacts_and_its_lamps_are_none_of_them() -> None:
    found = read(secure="off")

    assert {"lock", "contact", "rex"} <= found.channels("door").keys()
    assert not {"granted", "denied", "buzzer"} & found.channels("door").keys()
    assert not found.channels("reader")
    assert found.channels("door")["lock"].highest == 15


def test_readers_share_a_line_that_is_spoken_on_in_one_way() -> None:
    one, other = read(secure="off"), read(secure="off", address=1, baud=115200)

    assert one.board != other.board
    assert one.shared_line[1] == other.shared_line[1]
    assert one.shared_line[2] != other.shared_line[2]


def test_a_key_may_be_written_in_either_case() -> None:
    assert read_key(KEY.upper()) == bytes.fromhex(KEY)
