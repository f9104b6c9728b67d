"""`composteur check [FILE]`: say whether a site file can be used, and draw the venue."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.site import examine_site, site_option

if TYPE_CHECKING:
    from config import Site


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
    for missing in _missing_secrets(examined.site):
        click.echo(f"warning: {path}: {missing}", err=True)
    click.echo(f"{path}: ok")


def _missing_secrets(site: "Site") -> Iterator[str]:
    """Say which files of secrets are not there yet, or have none: what needs them will not work."""
    from gateway.venue.webhooks.signing import NoSecret, read_secrets

    for webhook in site.webhooks:
        try:
            read_secrets(webhook.secret_file)
        except NoSecret as missing:
            yield f"webhook {webhook.id}: {missing}"
    for source in site.sources:
        if not source.token_file.is_file():
            yield f"source {source.id}: token_file {source.token_file.name} is not there"
