"""What a report answers is what its files hold, cell by cell; none of them is a formula."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gateway.central.connection import Central
from gateway.central.reports import csv_file
from gateway.central.reports.documents import document
from gateway.central.reports.questions import Question
from gateway.central.reports.reading import answer, expected_rows, streamed
from gateway.central.reports.tables import Column, reports
from gateway.central.reports.xlsx_file import write_xlsx
from tests.integration.central.reports.asking import WHOLE, local, question

PERIODS = [WHOLE, ("2026-10-25", "2026-10-26")]
BY_HOUR: dict[str, dict[str, Any]] = {"attendance": {"by": "hour"}}


@pytest.fixture
async def central(year_url: str) -> AsyncIterator[Central]:
    async with Central(year_url) as opened:
        yield opened


@pytest.fixture(params=sorted(reports()))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(params=PERIODS, ids=["the whole year", "a day of 25 hours"])
def asked(request: pytest.FixtureRequest, name: str) -> Question:
    return question(name, request.param, **BY_HOUR.get(name, {}))


async def all_rows(central: Central, asked: Question) -> list[dict[str, Any]]:
    """Read what there is, page by page."""
    rows: list[dict[str, Any]] = []
    given: dict[str, Any] = {}
    while True:
        period = asked.starts.isoformat(), asked.ends.isoformat()
        page = await answer(
            central,
            question(asked.report.name, period, **given, **BY_HOUR.get(asked.report.name, {})),
        )
        rows += [{c.name: row[c.name] for c in asked.columns} for row in page.rows]
        if page.next is None:
            return rows
        given = {"after": page.next}


async def test_json_says_every_row_and_total(central: Central, asked: Question) -> None:
    found = await answer(central, asked)

    said = json.loads(json.dumps(document(found, "fr")))

    for row, told in zip(found.rows, said["rows"], strict=True):
        assert [from_text(told[c.name], c) for c in asked.columns] == [
            plain(row[c.name]) for c in asked.columns
        ]
    summed = {c.name for c in asked.columns if c.total is not None}
    assert summed <= said["totals"].keys()
    assert said["labels"].keys() == set(said["columns"]) == {c.name for c in asked.columns}


async def test_csv_holds_every_row(central: Central, asked: Question) -> None:
    text = csv_file.head(asked.columns)
    async with streamed(central, asked) as chunks:
        async for rows in chunks:
            text += csv_file.lines(rows, asked.columns, asked.zone)
    expected = await all_rows(central, asked)

    head, *lines = csv.reader(io.StringIO(text.decode(), newline=""))

    assert head == [column.name for column in asked.columns]
    for row, line in zip(expected, lines, strict=True):
        assert [
            from_text(cell, column) for cell, column in zip(line, asked.columns, strict=True)
        ] == [plain(row[column.name]) for column in asked.columns]
    if asked.report.paged:
        assert await expected_rows(central, asked) == len(lines)


async def test_a_spreadsheet_holds_every_row_and_the_totals_in_cells_of_their_kind(
    central: Central, asked: Question, tmp_path: Path
) -> None:
    path = tmp_path / "report.xlsx"
    async with streamed(central, asked) as chunks:
        await write_xlsx(path, chunks, asked, "fr")
    expected = await all_rows(central, asked)

    head, *lines = await asyncio.to_thread(cells, path)

    assert list(head) == [column.label["fr"] for column in asked.columns]
    totals = lines.pop()
    for row, line in zip(expected, lines, strict=True):
        for column, cell in zip_longest(asked.columns, line):
            same(cell, row[column.name], column)
    found = await answer(central, asked)
    for column, cell in zip_longest(asked.columns, totals):
        if column.total is not None:
            assert cell == found.totals[column.name]


def cells(path: Path) -> list[Sequence[Any]]:
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        assert len(book.sheetnames) == 1
        return list(book[book.sheetnames[0]].iter_rows(values_only=True))
    finally:
        book.close()


def same(cell: Any, value: Any, column: Column) -> None:
    """Compare a cell with what it stands for; a spreadsheet keeps time to the millisecond."""
    match value:
        case None | "":
            assert cell is None
        case datetime():
            assert isinstance(cell, datetime)
            assert abs(cell - local(value)) < timedelta(milliseconds=2)
        case _ if column.kind == "day":
            assert isinstance(cell, datetime)
            assert (cell.date(), cell.time()) == (value, time())
        case bool() | str():
            assert (cell, type(cell)) == (value, type(value))
        case _:
            assert isinstance(cell, int | float)
            assert cell == value


def plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.replace(microsecond=value.microsecond // 1000 * 1000)
        case None:
            return ""
        case _:
            return value


def from_text(text: Any, column: Column) -> Any:
    """Read what was written as its column's kind says."""
    if text in {"", None}:
        return ""
    flags = {"true": True, "false": False, True: True, False: False}
    read: dict[str, Callable[[Any], Any]] = {
        "instant": datetime.fromisoformat,
        "day": date.fromisoformat,
        "whole": int,
        "rate": float,
        "flag": flags.__getitem__,
    }
    return read.get(column.kind, str)(text)


async def test_a_ticket_of_a_stranger_writes_no_formula(central: Central, tmp_path: Path) -> None:
    """What a seller's buyer typed as a name reaches the office's spreadsheet as a text."""
    asked = question("door-list", columns="holder,code,persons")
    evil = ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1", " =1", "＝1"]
    rows = [{"holder": word, "code": word, "persons": 1} for word in evil]

    async def chunks() -> AsyncIterator[list[dict[str, Any]]]:
        yield rows

    path = tmp_path / "door.xlsx"
    await write_xlsx(path, chunks(), asked, "en")
    text = csv_file.lines(rows, asked.columns, asked.zone).decode()

    for line, word in zip(csv.reader(io.StringIO(text, newline="")), evil, strict=True):
        assert line[:2] == [f"'{word}"] * 2
    book = await asyncio.to_thread(openpyxl.load_workbook, path)
    sheet = book[book.sheetnames[0]]
    for number, word in enumerate(evil, 2):
        cell = sheet.cell(number, 1)
        assert (cell.value, cell.data_type) == (word, "s")


async def test_a_period_without_anything_has_no_rows_and_totals_of_nothing(
    central: Central, name: str
) -> None:
    found = await answer(central, question(name, ("2031-01-01", "2031-01-01")))

    assert not found.rows
    assert not any(found.totals.values())
