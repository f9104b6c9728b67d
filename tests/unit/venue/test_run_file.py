import json
import stat
from pathlib import Path

from gateway.venue import run_file
from gateway.venue.run_file import Running

HERE = Running(pid=4711, http="http://127.0.0.1:8080", redis="unix:///s", postgres="postgresql://p")


def test_a_running_gateway_is_found_as_long_as_it_runs(tmp_path: Path) -> None:
    with run_file.published(tmp_path, HERE):
        assert run_file.find(tmp_path) == HERE
        assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600

    assert run_file.find(tmp_path) is None
    assert not (tmp_path / "run.json").exists()


def test_a_file_left_behind_names_no_gateway_even_if_its_pid_lives(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(
        json.dumps({"pid": 1, "http": "h", "redis": "r", "postgres": "p", "mqtt": None})
    )

    assert run_file.find(tmp_path) is None


def test_a_gateway_leaves_the_file_of_its_successor_alone(tmp_path: Path) -> None:
    with run_file.published(tmp_path, HERE):
        (tmp_path / "run.json").unlink()
        (tmp_path / "run.json").write_text("{}")

    assert (tmp_path / "run.json").read_text() == "{}"


def test_no_state_folder_is_no_gateway(tmp_path: Path) -> None:
    assert run_file.find(tmp_path / "nowhere") is None
