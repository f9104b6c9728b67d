"""`composteur verify`: prove that the store, the events and the attendance say the same."""

import sys
from pathlib import Path

import click

from gateway.cli.site import load_site, site_option


@click.command("verify")
@site_option
def command(site_path: Path) -> None:
    """Prove store = events = attendance; under load name what is in flight."""
    import uvloop

    from gateway import app
    from gateway.venue import verify

    site = load_site(site_path)

    async def run() -> verify.Verdict:
        async with app.tools(site) as tools:
            return await verify.prove(tools.admin, tools.central, site.id)

    verdict = uvloop.run(run())
    for line in verdict.lines():
        click.echo(line)
    if not verdict.clean:
        sys.exit(1)
