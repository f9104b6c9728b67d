"""`composteur check [FILE]`: say whether a site file can be used, and draw the venue."""

from pathlib import Path

import click

from gateway.cli.site import examine_site, site_option


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Draw the venue into this file, too.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of site files, for editors.")
@site_option
def command(file: Path | None, svg: Path | None, schema: bool, site_path: Path) -> None:  # noqa: FBT001  # click
    """Check a site FILE: tell all that is wrong with it, each with its line, or draw the venue."""
    from datetime import UTC, datetime

    from config.drawing import as_svg, as_text, venue_of

    if schema:
        import orjson

        from config.schema import schema as schema_of
        from gateway.venue.wires import SETTINGS

        click.echo(orjson.dumps(schema_of(SETTINGS), option=orjson.OPT_INDENT_2))
        return
    path = file or site_path
    examined = examine_site(path)
    venue = venue_of(examined.site, datetime.now(UTC))
    click.echo(as_text(venue))
    click.echo()
    if svg is not None:
        svg.write_text(as_svg(venue), encoding="utf-8")
        click.echo(f"drawn into {svg}")
    for warning in examined.warnings:
        click.echo(f"warning: {warning.told(path)}", err=True)
    click.echo(f"{path}: ok")
