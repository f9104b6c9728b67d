"""What these tests share: the functions' files, read before a loop runs; a venue with a face."""

from collections.abc import AsyncIterator

import pytest

from gateway.entitlements.library import library
from tests.integration.http.conftest import House, a_house
from tests.integration.operations.processes import A_SITE


@pytest.fixture(scope="session", autouse=True)
def _functions_read() -> None:
    """Read the functions' files before a loop runs, as a gateway does at its start."""
    library()


@pytest.fixture
async def house(redis_url: str, database_url: str) -> AsyncIterator[House]:
    """A venue whose gates are on wires."""
    async with a_house(redis_url, database_url, site=A_SITE) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, label, max_stamps) VALUES ('pass', 'Pass', NULL)",
            "INSERT INTO composteur.product (id, label) VALUES ('day', 'Day'), ('staff', 'Staff')",
        )
        await house.admin.put_products(
            await house.central.fetch("feed.products", ["pass", "day", "staff"], [1, 1, 1])
        )
        yield house
