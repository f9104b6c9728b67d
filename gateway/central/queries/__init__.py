"""The SQL of the central database: files of named queries, read once.

A query begins with a line ``-- name: WORD``; the comments below it are part of it. Its name is
``FILE.WORD``, as in ``feed.changes``.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import override

FOLDER = Path(__file__).parent

_NAME = re.compile(r"^-- name: ([a-z_]+)\n", re.MULTILINE)


class Queries(Mapping[str, str]):
    """All named queries of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._texts: dict[str, str] = {}
        for path in sorted(folder.glob("*.sql")):
            _, *named = _NAME.split(path.read_text(encoding="utf-8"))
            for name, text in zip(named[::2], named[1::2], strict=True):
                self._texts[f"{path.stem}.{name}"] = text.strip()

    @override
    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    @override
    def __len__(self) -> int:
        return len(self._texts)
