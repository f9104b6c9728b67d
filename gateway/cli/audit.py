"""`composteur audit verify`: find any change in the record of what people did."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.site import load_site, site_option

if TYPE_CHECKING:
    from gateway.venue.audit import AuditVerdict


@click.group("audit")
def command() -> None:
    """Prove the record of what people did."""


@command.command("verify")
@click.option(
    "--anchor",
    "noted",
    metavar="PLACE:HASH",
    help="An end of the chain that was noted before: it must lie in it.",
)
@site_option
def verify(noted: str | None, site_path: Path) -> None:
    """Find acts that were edited, removed, put elsewhere, or cut off at the end."""
    import uvloop

    from gateway import app
    from gateway.people.chain import Anchor
    from gateway.venue.audit import prove_audit

    try:
        given = [] if noted is None else [Anchor.parse(noted)]
    except ValueError:
        raise click.BadParameter(
            "a place and a hash, as in 12:9f…", param_hint="--anchor"
        ) from None
    site = load_site(site_path)

    async def run() -> "AuditVerdict":
        async with app.tools(site) as tools:
            anchors = [*given, *await app.anchors_of(tools).read()]
            return await prove_audit(tools.central, site.id, anchors)

    verdict = uvloop.run(run())
    for line in verdict.lines():
        click.echo(line)
    if not verdict.clean:
        sys.exit(1)
