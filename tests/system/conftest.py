"""Gateways for the tests of this room; none outlives its test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.embedded import home
from tests.integration.mqtt.brokers import Mosquitto
from tests.system import gates
from tests.system.gateways import SITE, Gateway, new_cluster

pytestmark = pytest.mark.system

TELLS_ITS_TASKS = """
import asyncio, os, pathlib, signal

def tell(*_):
    tasks = asyncio.all_tasks(asyncio.get_running_loop())
    pathlib.Path(os.environ["TASKS_TOLD"]).write_text(" ".join(task.get_name() for task in tasks))

signal.signal(signal.SIGUSR1, tell)
"""
"""What a gateway is started with, as only the process itself knows of its tasks."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a new PostgreSQL lies that has never run."""
    state_dir = tmp_path_factory.mktemp("cluster") / "state"
    yield new_cluster(state_dir)
    home.forget(state_dir)


@pytest.fixture
def make_gateway(tmp_path: Path, cluster: Path) -> Iterator[Callable[..., Gateway]]:
    """Make gateways on folders of their own."""
    made: list[Gateway] = []

    def make(name: str = "venue", site: str = SITE) -> Gateway:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Gateway(folder, site, cluster))
        return made[-1]

    yield make
    for gateway in made:
        gateway.end()


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    """Run a gateway with an admin's key."""
    return make_gateway().start().with_key()


@pytest.fixture
def tasks_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the gateways of this test write the names of their tasks into a file when asked."""
    folder = tmp_path / "probe"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(TELLS_ITS_TASKS)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("TASKS_TOLD", str(folder / "tasks"))
    return folder / "tasks"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Give a running broker that outlives its gateway, and is outlived by it."""
    gates.need_mosquitto()
    made = gates.a_broker(tmp_path / "broker")
    made.start()
    yield made
    made.kill()
