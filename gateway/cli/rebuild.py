"""`composteur rebuild`: fill the entitlement store anew from the central database."""

from pathlib import Path

import click

from gateway.cli.site import load_site, site_option


@click.command("rebuild")
@site_option
def command(site_path: Path) -> None:
    """Fill the entitlement store anew from the central database; scans go on meanwhile."""
    import uvloop

    from gateway import app

    site = load_site(site_path)
    uvloop.run(app.rebuild_store(site, click.echo))
