"""`composteur forget`: delete the data of a site's embedded stores."""

from pathlib import Path

import click

from gateway.cli.site import load_site, site_option


@click.command("forget")
@site_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(site_path: Path, *, yes: bool) -> None:
    """Delete the data of a site's embedded stores, for ever: tickets, stamps, attendance.

    For a site that will not be used again. Where root runs the gateway its data lies outside the
    site's folder (`state/embedded.toml` says where) and stays when that folder is removed.
    """
    from gateway import embedded

    state = load_site(site_path).stores.state_dir
    if not yes:
        click.confirm(f"Delete all data of the embedded stores of {state}?", abort=True)
    embedded.forget(state)
