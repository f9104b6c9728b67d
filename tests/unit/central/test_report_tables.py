"""Every report is whole: words in both languages, figures that open where there is something."""

import pytest

from gateway.central.reports import opening
from gateway.central.reports.tables import Report, Statement, reports

NAMES = (
    "arrivals", "attendance", "attendance-groups", "attendance-individuals", "availability",
    "door-list", "external-tickets", "no-shows", "refusals", "stamps", "ticket-stamps",
    "validations",
)  # fmt: skip


@pytest.fixture(params=NAMES)
def report(request: pytest.FixtureRequest) -> Report:
    return reports()[request.param]


def test_the_reports_are_those_of_the_design() -> None:
    assert tuple(reports()) == NAMES


def test_words_are_there_in_both_languages(report: Report) -> None:
    for words in report.title, report.about, *(column.label for column in report.columns):
        assert words.keys() == {"en", "fr"}
        assert all(words.values())


def test_columns_are_those_of_the_query(report: Report) -> None:
    for column in report.columns:
        assert column.name in report.query.sql
        if isinstance(column.total, tuple):
            summed = {each.name for each in report.columns if each.total == "sum"}
            assert set(column.total) <= summed


def test_figures_open_with_filters_that_are_there(report: Report) -> None:
    facts = dict(report.opens)
    path, by, _ = facts.pop("path"), facts.pop("by"), facts.pop("ever", False)
    figures = [column.opens for column in report.columns if column.opens is not None]
    used = {*by, *facts, *(name for opens in figures for name in opens)}

    if path == "/v1/events":
        assert used <= opening.NAMES
    else:
        assert used <= set(reports()[path.rpartition("/")[2]].filters)


def test_an_argument_is_one_place_and_a_cast_is_none() -> None:
    read = Statement.read("SELECT :from::date, now()::text WHERE :site = :site", {})

    assert read == Statement("SELECT $1::date, now()::text WHERE $2 = $2", ("from", "site"))
