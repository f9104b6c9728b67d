"""A report as one JSON document: what HTTP answers and the command line prints."""

from typing import Any

from gateway.central.reports.cells import rows_of
from gateway.central.reports.questions import Question
from gateway.central.reports.reading import Answer
from gateway.central.reports.tables import Report


def document(answer: Answer, language: str) -> dict[str, Any]:
    """Write an answer; ``language`` is ``en`` or ``fr``."""
    question, columns = answer.question, answer.question.columns
    names = {column.name for column in columns}
    return {
        "report": question.report.name,
        "title": question.report.title[language],
        "from": question.starts.astimezone(question.zone).isoformat(timespec="milliseconds"),
        "to": question.ends.astimezone(question.zone).isoformat(timespec="milliseconds"),
        "columns": [column.name for column in columns],
        "labels": {column.name: column.label[language] for column in columns},
        "kinds": {column.name: column.kind for column in columns},
        "rows": rows_of(answer.rows, columns, question.zone),
        "totals": {
            name: value
            for name, value in answer.totals.items()
            if name in names or question.report.paged
        },
        "opens": _opens(question),
        "next": answer.next,
    }


def description(report: Report, language: str, *, personal: bool) -> dict[str, Any]:
    """Write what a report takes and shows."""
    return {
        "name": report.name,
        "title": report.title[language],
        "about": report.about[language],
        "dates": report.dates,
        "filters": report.filters_for(personal=personal),
        "choices": report.choices,
        "by": report.by,
        "by_default": report.by_default,
        "columns": [
            {"name": column.name, "kind": column.kind, "label": column.label[language]}
            for column in report.shown(report.by, personal=personal)
        ],
    }


def file_name(question: Question, ending: str) -> str:
    """Name a file after what is in it, such as ``attendance-2026-11-21.csv``."""
    day = question.starts.astimezone(question.zone).date().isoformat()
    return f"{question.report.name}-{day}.{ending}"


def _opens(question: Question) -> dict[str, Any]:
    """Tell where a figure of a row opens: a path, the row's columns that are filters, and more.

    The report's period goes along, unless what is counted may have happened at any time (`ever`).
    Where columns were chosen so that a row does not tell what it is of, nothing opens.
    """
    report, columns = question.report, question.columns
    facts = dict(report.opens)
    path, by, ever = facts.pop("path"), facts.pop("by"), facts.pop("ever", False)
    figures = {c.name: {**facts, **c.opens} for c in columns if c.opens is not None}
    needed = {c.name for c in report.shown(question.by, personal=True)} & set(by)
    if not needed <= {c.name for c in columns}:
        figures = {}
    return {"path": path, "by": by, "ever": ever, "figures": figures}
