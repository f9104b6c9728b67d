"""What a gateway has granted and not yet recorded, kept over its death.

One file a process, one JSON object a line, only ever added to, and emptied when all of it is
recorded. A line half written when the power went is no line. What was recorded just before a death
is recorded again at the next start: its nonce makes one event of the two.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

PATTERN = "late-*.journal"


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One scan."""

    code: str
    reader: str
    direction: Literal["entry", "exit"]
    at: int
    nonce: str | None = None
    persons: int | None = None
    operator: str = ""


class Journal:
    """The file of one process of a gateway; its calls block, so they belong in a thread."""

    def __init__(self, state_dir: Path, number: int) -> None:
        self.path = state_dir / f"late-{number}.journal"

    def read(self) -> list[Line]:
        """Return what was left behind."""
        return list(_lines(self.path))

    def adopt(self) -> list[Line]:
        """Return what any process of this gateway left behind; from now on it is in this file.

        Only while no other process runs.
        """
        left = sorted(self.path.parent.glob(PATTERN))
        lines = [line for path in left for line in _lines(path)]
        others = [path for path in left if path != self.path]
        if others:
            self.clear()
            self.append(lines)
            for path in others:
                path.unlink()
        return lines

    def append(self, lines: Iterable[Line]) -> None:
        """Keep lines; they are on the disk when this returns."""
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        if not data:
            return
        data = b"\n" + data  # ends half a line that a death has left
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def clear(self) -> None:
        """Forget all: it is recorded."""
        with suppress(FileNotFoundError):
            self.path.unlink()


def _lines(path: Path) -> Iterable[Line]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for text in content.splitlines():
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(text, type=Line)
