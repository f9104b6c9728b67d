"""What these tests share: the functions' files, read before a loop runs; a venue with a face."""

import pytest

from gateway.entitlements.library import library
from tests.integration.http.conftest import house

__all__ = ("house",)


@pytest.fixture(scope="session", autouse=True)
def _functions_read() -> None:
    """Read the functions' files before a loop runs, as a gateway does at its start."""
    library()
