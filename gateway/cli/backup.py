"""`composteur backup FILE`, `composteur restore FILE`: the central database, whole."""

from pathlib import Path

import click

from gateway.cli.site import load_site, site_option


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@site_option
def command(file: Path, site_path: Path) -> None:
    """Write the central database to FILE; everything goes on meanwhile."""
    import uvloop

    from gateway.app.backup import back_up

    uvloop.run(back_up(load_site(site_path), file))
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the database that is there.")
@site_option
def restore(file: Path, site_path: Path, *, replace: bool) -> None:
    """Put the backup FILE in the place of the central database; no gateway may run."""
    import uvloop

    from gateway.app import backup

    uvloop.run(backup.restore(load_site(site_path), file, replace=replace))
    click.echo("restored; the next composteur serve fills the entitlement store from it")
