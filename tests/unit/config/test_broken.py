"""Site files with errors, and all that is told about each, word for word (broken/*.txt)."""

from pathlib import Path

import pytest

from tests.unit.config.regenerate import FOLDER, told_of

BROKEN = sorted(FOLDER.glob("*.toml"))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.stem)
def test_a_broken_file_gives_the_errors_a_person_needs(broken: Path) -> None:
    assert told_of(broken) == broken.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.stem)
def test_every_error_names_file_line_and_key_and_no_password(broken: Path) -> None:
    told = told_of(broken)

    assert told
    assert "hunter2" not in told
    for line in told.splitlines():
        where, _, rest = line.partition(": ")
        assert where.startswith(f"{broken.name}:")
        assert rest


def test_there_are_forty_of_them() -> None:
    assert len(BROKEN) >= 40
