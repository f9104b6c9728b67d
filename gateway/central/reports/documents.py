"""A report as one JSON document: what HTTP answers and the command line prints."""

from collections.abc import Sequence
from typing import Any

from gateway.central.reports.cells import rows_of
from gateway.central.reports.questions import Question
from gateway.central.reports.reading import Answer
from gateway.central.reports.tables import Column, Report


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
        "opens": _opens(question.report, columns),
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


def _opens(report: Report, columns: Sequence[Column]) -> dict[str, Any]:
    """Tell where a figure of a row opens: a path, the row's columns that are filters, and more."""
    facts = dict(report.opens)
    path, by = facts.pop("path"), facts.pop("by")
    figures = {c.name: {**facts, **c.opens} for c in columns if c.opens is not None}
    return {"path": path, "by": by, "figures": figures}
