"""`composteur source refresh ID`: have a seller's orders be here as they are there."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.site import OPERATOR, load_site, site_option

if TYPE_CHECKING:
    from gateway.venue.sources import Refreshed


@click.group("source")
def command() -> None:
    """Look after the sources of the site file."""


@command.command("refresh")
@click.argument("source")
@click.option("--event", help="One event; left out: all of the source.")
@site_option
def refresh(source: str, event: str | None, site_path: Path) -> None:
    """Fetch all orders of SOURCE: for the first time, or after dates were moved."""
    import time
    from zoneinfo import ZoneInfo

    import uvloop

    from gateway import app
    from gateway.venue.sources import Sources

    site = load_site(site_path)
    found = next((each for each in site.sources if each.id == source), None)
    if found is None:
        known = ", ".join(each.id for each in site.sources) or "none"
        raise click.BadParameter(f"found {source!r}, allowed: {known}", param_hint="SOURCE")
    if event is not None and event not in found.events:
        known = ", ".join(found.events)
        raise click.BadParameter(f"found {event!r}, allowed: {known}", param_hint="--event")

    async def run(name: str) -> "Refreshed":
        async with app.tools(site) as tools:
            zone = ZoneInfo(site.identity.timezone)
            sources = Sources(
                tools.central, lambda: site.sources, zone, lambda: time.time_ns() // 1_000_000
            )
            done = await sources.refresh_all(found, name)
            tools.operations.acts.note(
                OPERATOR,
                "source_refresh",
                f"{source} {name}",
                tickets=done.tickets,
                changed=done.changed,
            )
            await tools.operations.acts.settled()
            return done

    failed = False
    for name in (event,) if event is not None else found.events:
        done = uvloop.run(run(name))
        click.echo(f"{name}: {done.tickets} tickets, {done.changed} changed")
        for wrong in done.rejected:
            click.echo(f"{name}: an order cannot be kept: {wrong}", err=True)
        failed = failed or bool(done.rejected)
    if failed:
        sys.exit(1)
