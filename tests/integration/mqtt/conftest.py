"""A real broker for tests that ask; without one skipped on a laptop, a failure where CI=true."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import mosquitto
from tests.integration.mqtt.brokers import Mosquitto, clients_found


def _missing(what: str) -> None:
    word = f"{what} is not installed: apt-get install {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(word)
    pytest.skip(word)


@pytest.fixture(scope="session")
def mosquitto_program() -> None:
    """Need the broker."""
    if mosquitto.found() is None:
        _missing("mosquitto")


@pytest.fixture(scope="session")
def mosquitto_clients() -> None:
    """Need mosquitto_pub and mosquitto_sub."""
    if not clients_found():
        _missing("mosquitto-clients")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that a broker run by root, as whoever, may enter."""
    path = Path(tempfile.mkdtemp(prefix="composteur-mqtt-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def broker(mosquitto_program: None, folder: Path) -> Iterator[Mosquitto]:
    """Give a running broker that anybody may use and that keeps nothing on disk."""
    made = Mosquitto(folder)
    made.start()
    yield made
    made.kill()
