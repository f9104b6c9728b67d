"""What is not right in a question is told with the name of its field."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.central.reports.questions import NotForViewers, Question, ask
from gateway.central.reports.tables import reports
from gateway.errors import DatabaseValueError

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


type Given = Mapping[str, str | list[str]]


def asked(name: str, given: Given | None = None, *, personal: bool = True) -> Question:
    fields = {
        field: [value] if isinstance(value, str) else value
        for field, value in (given or {}).items()
    }
    return ask(reports()[name], fields, site="museum", zone=PARIS, now=NOW, personal=personal)


def test_without_a_period_it_is_today_at_the_site() -> None:
    found = asked("stamps")

    assert found.starts == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert found.ends == datetime(2026, 11, 21, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("stamps", "from", "yesterday"),
        ("stamps", "from", "2026-11-21T10:00:00"),
        ("stamps", "from", "2026-13-01"),
        ("stamps", "to", "2020-01-01"),
        ("stamps", "from", ["2026-11-20", "2026-11-21"]),
        ("stamps", "session", "s1"),
        ("stamps", "by", "day"),
        ("stamps", "limit", "5"),
        ("stamps", "space", "a\x00b"),
        ("stamps", "space", "x" * 401),
        ("stamps", "audience", "everybody"),
        ("stamps", "columns", "persons"),
        ("stamps", "columns", ""),
        ("attendance", "by", "week"),
        ("ticket-stamps", "limit", "0"),
        ("ticket-stamps", "limit", "1001"),
        ("ticket-stamps", "after", "12"),
        ("ticket-stamps", "after", "٣.0"),
        ("ticket-stamps", "after", "9999999999999999999.0"),
        ("ticket-stamps", "stamped", "perhaps"),
        ("ticket-stamps", "status", "sold"),
    ],
)
def test_a_value_that_is_not_right_is_named(name: str, field: str, value: str | list[str]) -> None:
    with pytest.raises(DatabaseValueError) as refused:
        asked(name, {field: value})

    assert refused.value.field == field
    assert refused.value.detail


@pytest.mark.parametrize(
    ("name", "field", "given"),
    [
        ("door-list", None, {}),
        ("ticket-stamps", "order", {"order": "O-1"}),
        ("ticket-stamps", "consumer", {"consumer": "Ada"}),
        ("ticket-stamps", "columns", {"columns": "code,persons"}),
    ],
)
def test_who_somebody_is_is_not_for_viewers(name: str, field: str | None, given: Given) -> None:
    with pytest.raises(NotForViewers) as refused:
        asked(name, given, personal=False)

    assert refused.value.field == field
    assert asked(name, given).report.name == name


def test_a_viewer_sees_the_columns_that_name_nobody() -> None:
    seen = {column.name for column in asked("ticket-stamps", personal=False).columns}

    assert not seen & {"code", "holder", "payer", "order_ref"}
    assert {"product", "persons", "stamps"} <= seen


def test_columns_are_shown_in_the_order_asked_for() -> None:
    found = asked("stamps", {"columns": ["stamps, product", "stamps"]})

    assert [column.name for column in found.columns] == ["stamps", "product"]
