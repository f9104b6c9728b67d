"""An event's line: PostgreSQL's COPY text, there and back."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.tickets.event import EventRow

ID = "1-1781344800000-0"
COLUMNS = len(EventRow._fields) - 1
TEXTS = ("ticket_code", "product", "session", "operator", "override_reason")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0"))


def a_row(**columns: str) -> EventRow:
    """Return an event at noon with little in it."""
    return EventRow(ID, *[""] * COLUMNS)._replace(at="1781344800000", kind="s", **columns)


@given(st.fixed_dictionaries(dict.fromkeys(TEXTS, texts)))
def test_line_comes_back_as_it_was(columns: dict[str, str]) -> None:
    row = a_row(**columns)

    assert EventRow.parse(ID, row.line()) == row


def test_codes_may_hold_backslashes_and_group_separators() -> None:
    code = "\\N\\t01\x1d0312345\\"
    row = a_row(ticket_code=code)

    assert row.line().count("\\") == 2 * code.count("\\")
    assert EventRow.parse(ID, row.line()).ticket_code == code


def test_line_has_a_column_for_each_of_the_database() -> None:
    assert COLUMNS == 37
    assert a_row().line().count("\t") == COLUMNS - 1
