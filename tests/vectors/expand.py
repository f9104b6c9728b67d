"""Write the hand-made tables out as JSON, for every engine in any language.

    python -m tests.vectors.expand

The expectations come from the tables; nothing here asks an engine.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.vectors.tables import offline, parties, precedence, reentry, spaces, stamps, windows
from tests.vectors.tables.words import Fields

FOLDER = Path(__file__).parent
TABLES: dict[str, Callable[[], Iterator[Fields]]] = {
    "precedence": precedence.cases,
    "windows": windows.cases,
    "stamps": stamps.cases,
    "parties": parties.cases,
    "reentry": reentry.cases,
    "spaces": spaces.cases,
    "offline": offline.cases,
}


def text_of(table: str) -> str:
    """Return a table as JSON, one case a line."""
    lines = ",\n".join(json.dumps(it, ensure_ascii=False) for it in TABLES[table]())
    return f"[\n{lines}\n]\n"


def main() -> None:
    """Write one file for each table."""
    for table in TABLES:
        (FOLDER / f"{table}.json").write_text(text_of(table), encoding="utf-8")


if __name__ == "__main__":
    main()
