"""`state_dir/run.json`: how other programs find the gateway that runs here (DESIGN 10).

The file is locked for as long as its gateway lives, so a stale one (kill -9, power cut) is told
from a live one even where its process id has been given to somebody else.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

NAME = "run.json"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A running gateway: its process and the addresses it can be reached at."""

    pid: int
    http: str
    redis: str
    postgres: str
    mqtt: str | None = None


@contextmanager
def published(state_dir: Path, running: Running) -> Iterator[None]:
    """Keep the file until the end of the block."""
    state_dir.mkdir(parents=True, exist_ok=True)
    path, draft = state_dir / NAME, state_dir / f".{NAME}.{running.pid}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, msgspec.json.format(msgspec.json.encode(running), indent=2) + b"\n")
        draft.rename(path)
        yield
    finally:
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                path.unlink()
        os.close(descriptor)


def find(state_dir: Path) -> Running | None:
    """Return the gateway that runs on a state folder, if one does."""
    try:
        descriptor = os.open(state_dir / NAME, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        content = os.read(descriptor, 65536)
    else:
        return None  # nobody holds it: its gateway died without a word
    finally:
        os.close(descriptor)
    return msgspec.json.decode(content, type=Running)
