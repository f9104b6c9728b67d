"""`composteur import FILE`: tickets, products or sessions from a CSV file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.site import load_site, site_option

if TYPE_CHECKING:
    from gateway.central.importer import Table

TABLES = ("product", "session", "ticket")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--table", type=click.Choice(TABLES), default="ticket", show_default=True)
@site_option
def command(file: Path, table: "Table", site_path: Path) -> None:
    """Import a CSV FILE whose columns are named as the table's.

    Good rows stand; rejected ones are written to FILE.rejected.csv, and the exit status is 1.
    """
    import uvloop

    from gateway import app
    from gateway.central.importer import Imported, import_csv

    site = load_site(site_path)

    async def run() -> Imported:
        async with app.tools(site) as tools:
            return await import_csv(tools.central, file, table)

    done = uvloop.run(run())
    click.echo(f"{_rows(done.accepted)} imported into {table}")
    if done.rejected:
        click.echo(f"{_rows(done.rejected)} rejected: see {done.rejects_file}", err=True)
        sys.exit(1)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
