"""What `check` finds wrong with the boards of a site file."""

from pathlib import Path

import pytest

import config
from drivers.mqtt.settings import MqttSettings

SITE = """
[stores]
mqtt = "embedded"

[[space]]
id = "hall"

[[controller]]
id = "left"
driver = "mqtt"
dialect = "shelly"
prefix = "shelly-1"

[[controller]]
id = "right"
driver = "mqtt"
dialect = "shelly"
prefix = "{prefix}"

[[equipment]]
id = "left-door"
kind = "door"
space = "hall"
controller = "left"
channels = {{ lock = 0 }}

[[equipment]]
id = "right-door"
kind = "door"
space = "hall"
controller = "right"
channels = {{ lock = 0 }}
"""


def test_a_board_described_twice_is_found_for_its_channels_would_be_used_twice() -> None:
    with pytest.raises(config.SiteFileError) as told:
        config.parse(SITE.format(prefix="shelly-1"), Path("site.toml"), {}, {"mqtt": MqttSettings})

    (line,) = str(told.value).splitlines()
    assert line.endswith("controller[1].prefix: found 'shelly-1', the board of left already")


def test_two_boards_are_two() -> None:
    config.parse(SITE.format(prefix="shelly-2"), Path("site.toml"), {}, {"mqtt": MqttSettings})
