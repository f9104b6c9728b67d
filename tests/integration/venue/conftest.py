"""Brokers and floors for the tests of the venue runtime."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.embedded import mosquitto
from gateway.entitlements.library import library
from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.floor import a_floor, a_gate, a_site, until
from tests.integration.venue.gates import a_gate_at
from tests.integration.venue.scene import Scene


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


@pytest.fixture
async def scene(broker: Mosquitto, redis_url: str, database_url: str) -> AsyncIterator[Scene]:
    """A floor with a turnstile of both directions, which is there."""
    site = a_site(a_gate("north", direction="both", keys="open_s = 1.0"))
    async with AsyncExitStack() as stack:
        floor = await stack.enter_async_context(
            a_floor(site, wires(), redis_url, database_url, address=broker.url)
        )
        gate = await stack.enter_async_context(a_gate_at(broker.url, "north"))
        await until(lambda: floor.operations.panel.document("north")["link"] == "up")
        yield Scene(floor, gate)
