"""What the tests of serial lines share."""

import shutil
from pathlib import Path

import pytest

from drivers.serial.profile import profiles


@pytest.fixture(scope="session", autouse=True)
def _profiles_read() -> None:
    """Read the profiles' files before a loop runs, as a gateway does at its start."""
    profiles()


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "line"


@pytest.fixture
def socat() -> str:
    """Need socat: an end of a cable that we did not write."""
    found = shutil.which("socat")
    if found is None:
        pytest.skip("socat is not installed: apt-get install socat")
    return found


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
