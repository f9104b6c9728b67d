"""Files open in LibreOffice and give the same sums there; nothing in them becomes a formula.

Run where LibreOffice is (Debian: ``apt install libreoffice-calc-nogui``); skipped elsewhere.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gateway.central.connection import Central
from gateway.central.reports import csv_file
from gateway.central.reports.questions import Question
from gateway.central.reports.reading import answer, streamed
from gateway.central.reports.xlsx_file import write_xlsx
from tests.integration.central.reports.asking import question

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
NAMES = ("stamps", "attendance", "arrivals", "no-shows", "ticket-stamps")
EVIL = ["=1+1", "+1+1", "-1-1", "@SUM(1,1)", '=HYPERLINK("http://127.0.0.1","x")', "Anna"]

pytestmark = [
    pytest.mark.skipif(SOFFICE is None, reason="no soffice: apt install libreoffice-calc-nogui"),
    pytest.mark.timeout(180),
]


@pytest.fixture
async def central(year_url: str) -> AsyncIterator[Central]:
    async with Central(year_url) as opened:
        yield opened


async def through_libreoffice(files: list[Path], folder: Path) -> list[list[tuple[Any, ...]]]:
    """Open files and save them as spreadsheets of its own; return what is in the cells then."""
    out = folder / "out"
    process = await asyncio.create_subprocess_exec(
        str(SOFFICE),
        f"-env:UserInstallation=file://{folder}/profile",
        *("--headless", "--convert-to", "xlsx", "--outdir", str(out), *map(str, files)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return [await asyncio.to_thread(cells, out / f"{file.stem}.xlsx") for file in files]


def cells(path: Path) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path)
    sheet = book[book.sheetnames[0]]
    formulas = {cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert formulas <= {"=TRUE()", "=FALSE()"}  # how it writes what is true
    return list(sheet.values)


def sums(rows: list[tuple[Any, ...]], asked: Question) -> dict[str, int]:
    return {
        column.name: sum(row[place] for row in rows)
        for place, column in enumerate(asked.columns)
        if column.total == "sum"
    }


async def test_spreadsheets_and_csv_give_the_same_sums_there(
    central: Central, tmp_path: Path
) -> None:
    asked = [question(name) for name in NAMES]
    sheets, texts = [], []
    for each in asked:
        sheets.append(tmp_path / f"{each.report.name}-sheet.xlsx")
        texts.append(tmp_path / f"{each.report.name}-text.csv")
        async with streamed(central, each) as chunks:
            await write_xlsx(sheets[-1], chunks, each, "en")
        text = csv_file.head(each.columns)
        async with streamed(central, each) as chunks:
            async for rows in chunks:
                text += csv_file.lines(rows, each.columns, each.zone)
        await asyncio.to_thread(texts[-1].write_bytes, text)

    found = await through_libreoffice([*sheets, *texts], tmp_path)

    for each, sheet, text_rows in zip(asked, found, found[len(asked) :], strict=False):
        totals = (await answer(central, each)).totals
        expected = {c.name: totals[c.name] for c in each.columns if c.total == "sum"}
        assert sums(sheet[1:-1], each) == expected
        assert sums(text_rows[1:], each) == expected
        last = dict(zip((c.name for c in each.columns), sheet[-1], strict=False))
        assert {name: last[name] for name in expected} == expected


async def test_what_a_stranger_wrote_is_no_formula_there(tmp_path: Path) -> None:
    asked = question("door-list", columns="holder,persons")
    rows = [{"holder": word, "persons": 1} for word in EVIL]

    async def chunks() -> AsyncIterator[list[dict[str, Any]]]:
        yield rows

    sheet, text = tmp_path / "sheet.xlsx", tmp_path / "text.csv"
    await write_xlsx(sheet, chunks(), asked, "en")
    content = csv_file.head(asked.columns) + csv_file.lines(rows, asked.columns, asked.zone)
    await asyncio.to_thread(text.write_bytes, content)

    in_sheet, in_text = await through_libreoffice([sheet, text], tmp_path)

    assert [row[0] for row in in_sheet[1:-1]] == EVIL
    assert [row[0] for row in in_text[1:]] == [
        *(f"'{word}" for word in EVIL if word != "Anna"), "Anna",
    ]  # fmt: skip
