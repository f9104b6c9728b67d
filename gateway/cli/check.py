"""`composteur check [FILE]`: say whether a site file can be used."""

from pathlib import Path

import click

from gateway.cli.site import load_site, site_option


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@site_option
def command(file: Path | None, site_path: Path) -> None:
    """Check a site FILE and tell all that is wrong with it, each with its line."""
    path = file or site_path
    site = load_site(path)
    counts = ", ".join(
        f"{len(items)} {name if len(items) != 1 else name.removesuffix('s')}"
        for name, items in (("spaces", site.spaces), ("equipment", site.equipment))
    )
    click.echo(f"{path}: ok: {site.identity.name}, {counts}")
