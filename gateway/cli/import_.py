"""`composteur import FILE`: tickets, products or sessions from CSV, JSON and spreadsheets."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.site import OPERATOR, load_site, site_option

if TYPE_CHECKING:
    from gateway.central.imports import Imported, Order, Table, Taken

TABLES = ("product", "session", "ticket")
SHOWN = 3
"""Rows that a preview shows."""


def _list_maps(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's
    from gateway.central.imports.mapping import shipped

    if wanted:
        for name, about in shipped().items():
            click.echo(f"{name:<10} {about}")
        context.exit()


def _show_map(context: click.Context, _option: click.Parameter, name: str | None) -> None:
    from gateway.central.imports import ImportRefused
    from gateway.central.imports.mapping import text_of

    if name is not None:
        try:
            click.echo(text_of(name), nl=False)
        except ImportRefused as error:
            raise click.BadParameter(str(error), param_hint="--map-text") from error
        context.exit()


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--table", type=click.Choice(TABLES), default="ticket", show_default=True)
@click.option("--map", "map_", metavar="MAP", help="What another's columns mean: a name or a file.")
@click.option("--dry-run", is_flag=True, help="Try everything, and change nothing.")
@click.option("--preview", is_flag=True, help="Show the first rows as they would be taken.")
@click.option(
    "--gone",
    type=click.Choice(("keep", "cancel")),
    help="What becomes of a source's tickets that are not in the file (with --map).",
)
@click.option("--many-gone", is_flag=True, help="Cancel them even if they are more than half.")
@click.option(
    "--maps", is_flag=True, expose_value=False, is_eager=True, callback=_list_maps,
    help="List the mappings that are shipped.",
)  # fmt: skip
@click.option(
    "--map-text", metavar="NAME", expose_value=False, is_eager=True, callback=_show_map,
    help="Print one of them, to be changed.",
)  # fmt: skip
@site_option
def command(  # noqa: PLR0917 - click passes by name
    file: Path,
    table: "Table",
    map_: str | None,
    dry_run: bool,  # noqa: FBT001
    preview: bool,  # noqa: FBT001
    gone: Any,
    many_gone: bool,  # noqa: FBT001
    site_path: Path,
) -> None:
    """Import FILE: CSV, JSON or XLSX whose columns are named as the table's, or read by a mapping.

    Good rows stand; rejected ones are written to FILE.rejected.csv, and the exit status is 1.
    """
    from zoneinfo import ZoneInfo

    import uvloop

    from gateway import app
    from gateway.central.imports import Order, import_file
    from gateway.central.imports.mapping import load

    site = load_site(site_path)
    order = Order(
        table=table,
        mapping=None if map_ is None else load(map_),
        zone=ZoneInfo(site.identity.timezone),
        gone=gone,
        many_gone=many_gone,
        trial=dry_run,
    )
    if preview:
        _show(file, order)
        return

    async def run() -> "Imported":
        async with app.tools(site) as tools:
            found = await import_file(tools.central, file, order, progress=_progress)
            if not dry_run:
                tools.operations.acts.note(OPERATOR, "import", file.name, **_facts(found))
                await tools.operations.acts.settled()
            return found

    done = uvloop.run(run())
    _progress(None)
    _tell(done, order)


def _progress(rows: int | None) -> None:
    """Show how far a long file is, to somebody who watches; ``None``: it is done."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" if rows is None else f"\r{rows:,} rows read")
        sys.stderr.flush()


def _show(file: Path, order: "Order") -> None:
    from gateway.central.imports.importing import preview

    for table, rows in preview(file, order, SHOWN):
        for row in rows:
            click.echo(table)
            for column, cell in row.items():
                if cell:
                    wrong = f"   ✗ {cell.why}" if hasattr(cell, "why") else ""
                    click.echo(f"    {column:<16} {cell}{wrong}")


def _tell(done: "Imported", order: "Order") -> None:
    for each in done.tables:
        click.echo(_told(each, order))
    if order.trial:
        click.echo("it was a trial: nothing has changed")
    if done.rejected:
        click.echo(f"{_rows(done.rejected)} rejected: see {done.rejects_file}", err=True)
        sys.exit(1)


def _facts(done: "Imported") -> dict[str, int]:
    """Return what the audit keeps of an import: of all tables together, what is not 0."""
    tables = done.tables
    facts = {
        "new": sum(each.new for each in tables),
        "changed": sum(each.changed for each in tables),
        "gone": sum(each.gone for each in tables),
        "rejected": done.rejected,
    }
    return {name: count for name, count in facts.items() if count}


def _told(taken: "Taken", order: "Order") -> str:
    text = f"{taken.table:<8} {taken.new} new, {taken.changed} changed, {taken.same} as they were"
    if not taken.gone:
        return text
    wanted = order.gone or (order.mapping.gone if order.mapping is not None else "keep")
    became = "cancelled" if wanted == "cancel" else "left as they are (--gone cancel cancels them)"
    return f"{text}; {taken.gone} not in the file any more: {became}"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
