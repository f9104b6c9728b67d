"""A workbench for each wire, in a folder that also a broker run as another user may enter."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.modbus.profile import load
from drivers.serial.profile import profiles
from gateway.embedded import mosquitto


@pytest.fixture(scope="session", autouse=True)
def _profiles_read() -> None:
    """Read the profiles' files before a loop runs, as a gateway does at its start."""
    profiles()
    load("waveshare-relay-8-d")


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="composteur-wire-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def need_mosquitto() -> None:
    """Skip on a laptop without the broker; it must be there where CI=true."""
    if mosquitto.found() is None:
        word = "mosquitto is not installed: apt-get install mosquitto"
        pytest.fail(word) if os.environ.get("CI") == "true" else pytest.skip(word)
