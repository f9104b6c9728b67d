"""docs/osdp.md shows site files that can be used."""

import re
from pathlib import Path

import pytest

import config
from gateway.venue.wires import SETTINGS

PAGE = (Path(__file__).parents[4] / "docs" / "osdp.md").read_text(encoding="utf-8")
READER, DOOR = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
HALL = '[[space]]\nid = "hall"\n'
ELSEWHERE = """
[[controller]]
id = "relays"
driver = "http"
[[equipment]]
id = "hall-door"
kind = "door"
space = "hall"
controller = "relays"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "hall-reader.key").write_text("0123456789abcdef0123456789abcdef\n")
    return tmp_path / "site.toml"


def test_the_reader_on_the_page_opens_a_door_elsewhere(site: Path) -> None:
    found = config.parse(HALL + READER + ELSEWHERE, site, {}, SETTINGS)

    assert [each.opens for each in found.equipment] == ["hall-door", None]


def test_the_door_on_the_page_hangs_on_the_reader(site: Path) -> None:
    controller = READER.partition("[[equipment]]")[0]
    found = config.parse(HALL + controller + DOOR, site, {}, SETTINGS)

    assert [(each.kind, each.count_on) for each in found.equipment] == [("door", "passage")]
