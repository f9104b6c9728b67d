"""Gateways for the tests of this room; none outlives its test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.gateways import SITE, Gateway

pytestmark = pytest.mark.system


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"))


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Make gateways on folders of their own."""
    made: list[Gateway] = []

    def make(name: str = "venue", site: str = SITE) -> Gateway:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Gateway(folder, site))
        return made[-1]

    yield make
    for gateway in made:
        gateway.end()


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    """Run a gateway with an admin's key."""
    return make_gateway().start().with_key()
