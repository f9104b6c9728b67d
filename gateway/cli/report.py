"""`composteur report NAME`: the day's figures as a table, as JSON, CSV or a spreadsheet."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo

import click

from gateway.cli.site import load_site, site_option

if TYPE_CHECKING:
    from config import Site
    from gateway.central.connection import Central
    from gateway.central.reports.questions import Question
    from gateway.central.reports.reading import Answer
    from gateway.central.reports.tables import Column, Report

FORMATS = ("table", "json", "csv", "xlsx")
FILTERS = (
    "space", "product", "audience", "reader", "operator", "reason", "session", "source", "status",
    "order", "consumer", "dates", "stamped", "payment", "attention", "expected",
    "missing",
)  # fmt: skip
MOST_SHOWN = 1_000
"""Lines of a table: what is longer is for a file."""

_VISIBLE = {code: chr(0x2400 + code) for code in range(32)}
"""Control characters, which a terminal would follow, as what they look like."""


def _filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(FILTERS):
        command = click.option(f"--{name}", multiple=True, metavar="VALUE")(command)
    return command


@click.command("report")
@click.argument("name", required=False)
@click.option("--from", "from_", metavar="DAY|TIME", help="From then on. Default: today.")
@click.option("--to", metavar="DAY|TIME", help="Before then. Default: tomorrow.")
@_filter_options
@click.option("--by", multiple=True, metavar="WORD", help="day, hour, product …; see the list.")
@click.option("--columns", multiple=True, metavar="NAME,…", help="Only these, in this order.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Default: by FILE, else table.")
@click.option("--language", type=click.Choice(("en", "fr")), help="Default: the site's.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@site_option
def command(
    *,
    name: str | None,
    from_: str | None,
    to: str | None,
    by: tuple[str, ...],
    columns: tuple[str, ...],
    kind: str | None,
    language: str | None,
    output: Path | None,
    site_path: Path,
    **filters: tuple[str, ...],
) -> None:
    """Show the report NAME; without one, list the reports.

    A filter may be given several times. A DAY is one of the site, such as 2026-11-21; a TIME has
    its offset. The period is from --from to before --to.
    """
    from gateway.central.reports.tables import reports

    if name is None:
        _list(language or "en")
        return
    found = reports().get(name)
    if found is None:
        raise click.BadParameter(f"no such report; there are {', '.join(reports())}")
    site = load_site(site_path)
    kind = kind or (output.suffix[1:] if output and output.suffix[1:] in FORMATS else "table")
    if kind == "xlsx" and output is None:
        raise click.BadParameter("a spreadsheet needs a file", param_hint="--output")
    given: dict[str, tuple[str, ...]] = {**filters, "by": by, "columns": columns}
    given |= {"from": (from_,) if from_ else (), "to": (to,) if to else ()}
    question = _question(found, {key: values for key, values in given.items() if values}, site)
    words = language or (site.identity.language if site.identity.language in {"en", "fr"} else "en")
    _write(site, question, kind, words, output)


def _question(found: "Report", given: dict[str, tuple[str, ...]], site: "Site") -> "Question":
    from gateway.app.core import clock
    from gateway.central.reports.questions import ask
    from gateway.errors import DatabaseValueError

    try:
        return ask(
            found,
            given,
            site=site.id,
            zone=ZoneInfo(site.identity.timezone),
            now=datetime.fromtimestamp(clock() / 1000, UTC),
            personal=True,
        )
    except DatabaseValueError as error:
        raise click.BadParameter(error.detail, param_hint=f"--{error.field}") from error


def _write(
    site: "Site", question: "Question", kind: str, language: str, output: Path | None
) -> None:
    import uvloop

    from gateway import app

    async def run() -> None:
        async with app.tools(site) as tools:
            match kind:
                case "csv":
                    await _csv(tools.central, question, output)
                case "xlsx" if output is not None:
                    await _xlsx(tools.central, question, language, output)
                case _:
                    await _whole(tools.central, question, kind, language, output)

    uvloop.run(run())


async def _whole(
    central: "Central", question: "Question", kind: str, language: str, output: Path | None
) -> None:
    """Read a report whole, and show it."""
    from gateway.central.reports.reading import answer

    found = await answer(central, question)
    if kind == "json":
        import orjson

        from gateway.central.reports.documents import document

        text = orjson.dumps(document(found, language), option=orjson.OPT_INDENT_2) + b"\n"
    else:
        text = _table(found, language, output).encode()
    with _opened(output) as file:
        file.write(text)


def _table(found: "Answer", language: str, output: Path | None) -> str:
    """Draw a table with its totals; as wide as the terminal, or as it takes where there is none."""
    from rich.console import Console
    from rich.table import Table

    question = found.question
    columns = question.columns
    starts, ends = (each.astimezone(question.zone) for each in (question.starts, question.ends))
    title = f"{question.report.title[language]}  {starts:%Y-%m-%d %H:%M} … {ends:%Y-%m-%d %H:%M}"
    table = Table(title=title, title_justify="left", show_footer=bool(found.totals))
    for place, column in enumerate(columns):
        total = found.totals.get(column.name) if column.total is not None else None
        footer = _shown(total, column.kind, question.zone)
        figure = column.kind in {"whole", "rate"}
        table.add_column(
            column.label[language],
            justify="right" if figure else "left",
            footer=footer if place or total is not None else "Total",
            overflow="fold",
        )
    for row in found.rows[:MOST_SHOWN]:
        cells = (_shown(row[column.name], column.kind, question.zone) for column in columns)
        table.add_row(*cells)
    terminal = output is None and sys.stdout.isatty()
    with io.StringIO() as text:
        console = Console(
            file=text, force_terminal=terminal, width=None if terminal else _wide(columns)
        )
        console.print(table, markup=False, highlight=False)
        more = found.next is not None or len(found.rows) > MOST_SHOWN
        if more:
            console.print(f"the first {min(len(found.rows), MOST_SHOWN)} rows; all: --format csv")
        return text.getvalue()


def _wide(columns: "Sequence[Column]") -> int:
    return 30 * len(columns) + 10


def _shown(value: Any, kind: str, zone: ZoneInfo) -> str:
    text = "" if value is None else str(value).translate(_VISIBLE)
    match value:
        case bool():
            text = "✓" if value else ""
        case datetime():
            text = f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S %z}"
        case int() | float():
            text = f"{value:.1%}" if kind == "rate" else f"{value:,}"
        case _:
            pass
    return text


async def _csv(central: "Central", question: "Question", output: Path | None) -> None:
    from gateway.central.reports import csv_file, reading

    with _opened(output) as file, _progress(await _rows(central, question, output)) as told:
        file.write(csv_file.head(question.columns))
        async with reading.streamed(central, question) as chunks:
            async for rows in chunks:
                file.write(csv_file.lines(rows, question.columns, question.zone))
                told(len(rows))


async def _xlsx(central: "Central", question: "Question", language: str, output: Path) -> None:
    from gateway.central.reports import reading
    from gateway.central.reports.xlsx_file import write_xlsx

    part = output.with_name(f"{output.name}.part")
    try:
        with _progress(await _rows(central, question, output)) as told:
            async with reading.streamed(central, question) as chunks:
                await write_xlsx(part, chunks, question, language, told)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


async def _rows(central: "Central", question: "Question", output: Path | None) -> int | None:
    """Tell how many rows are to come, where somebody watches."""
    from gateway.central.reports.reading import expected_rows

    watched = output is not None and sys.stderr.isatty()
    return await expected_rows(central, question) if watched else None


@contextmanager
def _progress(rows: int | None) -> Iterator[Callable[[int], object]]:
    """Show on a terminal how far an export is."""
    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    shown = Progress(
        BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    )
    with shown as progress:
        task = progress.add_task("rows", total=rows)
        yield lambda count: progress.advance(task, count)


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Open the terminal, or a file that is there only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _list(language: str) -> None:
    from gateway.central.reports.tables import reports

    for report in reports().values():
        click.echo(f"{report.name:<24} {report.title[language]}: {report.about[language]}")
        click.echo(f"{'':<24} filters: {', '.join(report.filters)}")
        if report.by:
            click.echo(f"{'':<24} by: {', '.join(report.by)}")
