"""Write what is told about each broken site file beside it: read the difference before committing.

.venv/bin/python -m tests.unit.config.regenerate
"""

from pathlib import Path

import config
from tests.unit.config.stand_ins import WIRES

FOLDER = Path(__file__).parent / "broken"


def told_of(broken: Path) -> str:
    """Return what is told about a site file, its name without its folder."""
    try:
        config.parse(broken.read_text(encoding="utf-8"), Path(broken.name), {}, WIRES)
    except config.SiteFileError as error:
        return f"{error}\n"
    return ""


def main() -> None:
    """Write every text anew."""
    for broken in sorted(FOLDER.glob("*.toml")):
        broken.with_suffix(".txt").write_text(told_of(broken), encoding="utf-8")


if __name__ == "__main__":
    main()
