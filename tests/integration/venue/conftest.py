"""Brokers and floors for the tests of the venue runtime."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import mosquitto
from gateway.entitlements.library import library
from tests.integration.mqtt.brokers import Mosquitto


@pytest.fixture(scope="session", autouse=True)
def _functions_read() -> None:
    """Read the functions' files before a loop runs, as a gateway does at its start."""
    library()


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    """A running broker that anybody may use and that keeps nothing on disk."""
    if mosquitto.found() is None:
        word = "mosquitto is not installed: apt-get install mosquitto"
        pytest.fail(word) if os.environ.get("CI") == "true" else pytest.skip(word)
    folder = Path(tempfile.mkdtemp(prefix="composteur-venue-"))
    folder.chmod(0o755)
    made = Mosquitto(folder)
    made.start()
    yield made
    made.kill()
    shutil.rmtree(folder)
