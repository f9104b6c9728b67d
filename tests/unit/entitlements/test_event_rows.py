"""An event's line: PostgreSQL's COPY text, there and back."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.tickets.event import EventRow

COLUMNS = len(EventRow._fields) - 1
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\t\n\r\0"))


@given(st.lists(texts, min_size=COLUMNS, max_size=COLUMNS))
def test_line_comes_back_as_it_was(columns: list[str]) -> None:
    row = EventRow("1-2-0", *columns)

    assert EventRow.parse("1-2-0", row.line()) == row


def test_codes_may_hold_backslashes_and_group_separators() -> None:
    code = "\\N\\t01\x1d0312345\\"
    row = EventRow("1-2-0", *[""] * COLUMNS)._replace(ticket_code=code)

    assert row.line().count("\\") == 2 * code.count("\\")
    assert EventRow.parse("1-2-0", row.line()).ticket_code == code


def test_line_has_a_column_for_each_of_the_database() -> None:
    assert COLUMNS == 37
