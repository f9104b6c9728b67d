"""A clean entitlement store for each test of this room."""

from collections.abc import AsyncIterator

import pytest

from gateway.entitlements.library import library
from tests.integration.entitlements.bench import Bench, a_bench


@pytest.fixture(scope="session", autouse=True)
def _functions_read() -> None:
    """Read the functions' files before a loop runs, as a gateway does at its start."""
    library()


@pytest.fixture
async def bench(redis_url: str) -> AsyncIterator[Bench]:
    """Open a store on a clean Valkey: epoch begun, phase ready, one space ``hall``."""
    async with a_bench(redis_url, "museum") as bench:
        await bench.a_space("hall")
        yield bench
