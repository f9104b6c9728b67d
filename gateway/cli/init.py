"""`composteur init museum|pool|stadium|escape`: a site file to begin with."""

from pathlib import Path

import click

from gateway.cli.site import site_option


@click.command("init")
@click.argument("venue")
@site_option
def command(venue: str, site_path: Path) -> None:
    """Write a commented site file for a VENUE: museum, pool, stadium or escape."""
    from config import examples

    if venue not in examples.names():
        known = ", ".join(examples.names())
        raise click.BadParameter(f"found {venue!r}, allowed: {known}", param_hint="VENUE")
    try:
        with site_path.open("x", encoding="utf-8") as file:
            file.write(examples.text(venue))
    except FileExistsError as error:
        raise click.ClickException(f"{site_path} exists and was left as it is") from error
    click.echo(f"wrote {site_path}; next: composteur check, then composteur serve")
