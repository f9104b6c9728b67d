import tomllib
from pathlib import Path

import pytest

import config
from gateway.venue.wires import SETTINGS
from loadtest.scenarios.boards import COUNTING
from loadtest.site import READER, Osdp, Site, Wired, gate, lane, osdp


def test_the_site_file_is_one_the_gateway_takes(tmp_path: Path) -> None:
    path = Site(tmp_path, 8080, durability="everysec").write()

    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content["stores"]["durability"] == "everysec"
    assert READER in [equipment["id"] for equipment in content["equipment"]]


def test_lanes_report_their_passages(tmp_path: Path) -> None:
    path = Site(tmp_path, 8080, lanes=3).write()

    equipment = tomllib.loads(path.read_text(encoding="utf-8"))["equipment"]
    assert [e["id"] for e in equipment if e["count_on"] == "passage"] == [lane(n) for n in range(3)]


def test_gates_on_mqtt_bring_a_broker(tmp_path: Path) -> None:
    path = Site(tmp_path, 8080, gates=2).write()

    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content["stores"]["mqtt"] == "embedded"
    assert {e["controller"] for e in content["equipment"] if "controller" in e} == {
        "board-0",
        "board-1",
    }


def test_wired_turnstiles_have_an_engine_and_a_board(tmp_path: Path) -> None:
    board = ('profile = "waveshare-relay-8-d"', 'address = "tcp://127.0.0.1:5020"')
    path = Site(tmp_path, 8080, wired=(Wired(tmp_path / "engine-0", board),)).write()

    site = config.parse(path.read_text(encoding="utf-8"), path, wires=SETTINGS)
    assert [each.driver for each in site.controllers] == ["serial", "modbus"]
    assert [each.opens for each in site.equipment if each.opens] == ["wired-0"]


def test_an_engine_without_a_board_opens_the_gate_of_its_number(tmp_path: Path) -> None:
    path = Site(tmp_path, 8080, gates=1, wired=(Wired(tmp_path / "engine-0"),)).write()

    site = config.parse(path.read_text(encoding="utf-8"), path, wires=SETTINGS)
    assert [each.opens for each in site.equipment if each.opens] == [gate(0)]


def test_osdp_readers_have_keys_or_none(tmp_path: Path) -> None:
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
    key = tmp_path / "key"
    key.write_text("00" * 15 + "01")
    readers = (Osdp(tmp_path / "line", 0, key), Osdp(tmp_path / "other", 1))
    path = Site(tmp_path, 8080, readers=readers).write()

    site = config.parse(path.read_text(encoding="utf-8"), path, wires=SETTINGS)
    assert [each.id for each in site.controllers] == [osdp(0), osdp(1)]


def test_boards_that_count_have_their_passages_counted(tmp_path: Path) -> None:
    path = Site(
        tmp_path,
        8080,
        wired=(
            Wired(
                tmp_path / "e",
                (
                    f'profile = "{COUNTING}"',
                    'address = "tcp://127.0.0.1:5020"',
                    'passages = "counters"',
                ),
            ),
        ),
    ).write()

    assert config.parse(path.read_text(encoding="utf-8"), path, wires=SETTINGS).equipment
