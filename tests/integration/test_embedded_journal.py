"""What Valkey lets go of is taken away in pieces; what it uses is left alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.embedded import journal

NAME = "appendonly.aof.1.incr.aof"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing."""
    monkeypatch.setattr(journal, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(journal, "PAUSE_S", 0.01)
    monkeypatch.setattr(journal, "PIECE", 1_000)


@contextmanager
def cutting(top: Path) -> Iterator[tuple[Path, Path]]:
    """Cut during the block; return the folder of the journal and that of what is left over."""
    files, leftovers, stop = top / "appendonlydir", top / "leftovers", threading.Event()
    for folder in (files, leftovers):
        folder.mkdir(exist_ok=True)
    thread = threading.Thread(target=journal.keep_cutting, args=(files, leftovers, stop))
    thread.start()
    try:
        yield files, leftovers
    finally:
        stop.set()
        thread.join()


def until(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.001)


def test_a_file_in_use_is_left_alone_and_one_let_go_of_shrinks_and_goes(tmp_path: Path) -> None:
    with cutting(tmp_path) as (files, leftovers):
        used, old = files / "appendonly.aof.2.incr.aof", files / NAME
        for file in (used, old):
            file.write_bytes(bytes(50_000))
        number = old.stat().st_ino
        until(lambda: old.stat().st_nlink == used.stat().st_nlink == 2)

        old.unlink()
        sizes = set()
        while (second := leftovers / str(number)).exists():
            try:
                sizes.add(second.stat().st_size)
            except FileNotFoundError:
                break
        assert len(sizes) > 5
        assert used.read_bytes() == bytes(50_000)
        assert [int(file.name) for file in leftovers.iterdir()] == [used.stat().st_ino]


def test_what_was_left_over_goes_the_next_time_even_if_its_name_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cutting(tmp_path) as (files, leftovers):
        (files / NAME).write_bytes(bytes(2_000_000))
        until(lambda: (files / NAME).stat().st_nlink == 2)
        (files / NAME).unlink()
    assert any(leftovers.iterdir())

    (files / NAME).write_bytes(b"new")
    monkeypatch.setattr(journal, "PIECE", 1_000_000)
    with cutting(tmp_path):
        number = str((files / NAME).stat().st_ino)
        until(lambda: [file.name for file in leftovers.iterdir()] == [number])
    assert (files / NAME).read_bytes() == b"new"
