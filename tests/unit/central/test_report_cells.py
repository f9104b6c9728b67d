"""No text of a stranger is a formula, and nothing else of it is changed."""

import csv
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.central.reports import csv_file
from gateway.central.reports.cells import FORMULA, harmless
from gateway.central.reports.tables import Column

PARIS = ZoneInfo("Europe/Paris")
HOLDER = Column("holder", "text", {"en": "Holder", "fr": "Titulaire"})


@given(st.text())
def test_no_text_begins_as_a_formula_and_what_was_written_follows(text: str) -> None:
    safe = harmless(text)

    assert not safe.lstrip(" \u00a0\ufeff").startswith(FORMULA)
    assert safe in {text, f"'{text}"}
    assert harmless(safe) == safe


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_csv_gives_each_text_back_in_its_cell(texts: list[str]) -> None:
    lines = csv_file.lines([{"holder": text} for text in texts], [HOLDER], PARIS).decode()

    found = [line[0] if line else "" for line in csv.reader(io.StringIO(lines, newline=""))]

    assert found == [harmless(text) for text in texts]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25T02:30:00.000+01:00"),
        (date(2026, 10, 25), "2026-10-25"),
        (-3, "-3"),
        (0.25, "0.25"),
        (True, "true"),
        (None, '""'),  # a line of nothing else would be none
    ],
)
def test_csv_writes_numbers_and_times_for_programs(value: object, expected: str) -> None:
    assert csv_file.lines([{"holder": value}], [HOLDER], PARIS).decode().strip() == expected
