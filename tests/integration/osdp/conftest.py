"""What the tests of OSDP share."""

import shutil
from pathlib import Path

import pytest

KEY = bytes(range(1, 17))


@pytest.fixture(scope="session", autouse=True)
def _library() -> None:
    """Need libosdp; import it before a loop runs, as a site file that is read does."""
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "line"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(KEY.hex())
    return file


@pytest.fixture
def socat() -> str:
    """Need socat: an end of a cable that we did not write."""
    found = shutil.which("socat")
    if found is None:
        pytest.skip("socat is not installed: apt-get install socat")
    return found
