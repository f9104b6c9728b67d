"""Site files to begin with, one for each sort of venue."""

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Return the examples there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def text(name: str) -> str:
    """Return the text of an example."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
