"""The list of traps names tests that there are."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"`(tests/[^`:]+\.py)::(test_\w+)`")


@cache
def functions_of(file: Path) -> set[str]:
    """Name the tests of a file, also those in classes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


def test_each_trap_has_a_remedy_and_a_test_that_there_is() -> None:
    lines = (ROOT / "drivers" / "TRAPS.md").read_text(encoding="utf-8").splitlines()
    rows = [
        line for line in lines if line.startswith("|") and not line.startswith(("| trap", "|--"))
    ]
    assert len(rows) > 60
    for row in rows:
        trap, remedy, test = (cell.strip() for cell in row.strip("|").split("|"))
        named = NAMED.fullmatch(test)
        assert trap, row
        assert remedy, row
        assert named, row
        assert named[2] in functions_of(ROOT / named[1]), row
