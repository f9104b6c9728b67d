"""`composteur webhook secret|list|test|again`: programs that are told what happens."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.site import OPERATOR, load_site, site_option

if TYPE_CHECKING:
    from config import Site, Webhook
    from gateway.central.calls import Waiting


@click.group("webhook")
def command() -> None:
    """Look after the webhooks of the site file."""


@command.command("secret")
def secret() -> None:
    """Print a new secret, for a secret_file and for the receiver."""
    from gateway.venue.webhooks.signing import new_secret

    click.echo(new_secret())


@command.command("list")
@site_option
def list_(site_path: Path) -> None:
    """Show what each webhook is still to be told, and what it would not take."""
    import uvloop

    from gateway import app

    site = load_site(site_path)

    async def run() -> dict[str, "Waiting"]:
        async with app.tools(site) as tools:
            return {each.webhook: each for each in await tools.central.calls_waiting(site.id)}

    standing = uvloop.run(run())
    for each in site.webhooks:
        click.echo(f"{each.id:<24} {_told(standing.get(each.id))}")


@command.command("test")
@click.argument("webhook")
@site_option
def test(webhook: str, site_path: Path) -> None:
    """Call WEBHOOK once, with no events, and say what it answers."""
    import time

    import aiohttp
    import uvloop

    from gateway.venue.webhooks.posting import Answer, post

    site = load_site(site_path)
    found = _find(site, webhook)
    body = b'{"site":"%b","events":[]}' % site.id.encode()

    def clock() -> int:
        return time.time_ns() // 1_000_000

    async def run() -> Answer:
        async with aiohttp.ClientSession() as session:
            name = f"{site.id}-{webhook}-test-{clock()}"
            return await post(session, found, body, call=name, clock=clock)

    answer = uvloop.run(run())
    if not answer.taken:
        raise click.ClickException(f"{webhook}: {answer.said}")
    click.echo(f"{webhook}: {answer.said}")


@command.command("again")
@click.argument("webhook")
@site_option
def again(webhook: str, site_path: Path) -> None:
    """Have what was set aside for WEBHOOK sent once more."""
    import uvloop

    from gateway import app

    site = load_site(site_path)
    _find(site, webhook)

    async def run() -> int:
        async with app.tools(site) as tools:
            count = await tools.central.call_again(site.id, webhook)
            tools.operations.acts.note(OPERATOR, "webhook_again", webhook, events=count)
            await tools.operations.acts.settled()
            return count

    count = uvloop.run(run())
    click.echo(f"{count} {'event' if count == 1 else 'events'} to be sent once more")


def _find(site: "Site", name: str) -> "Webhook":
    found = next((each for each in site.webhooks if each.id == name), None)
    if found is None:
        known = ", ".join(each.id for each in site.webhooks) or "none"
        raise click.BadParameter(f"found {name!r}, allowed: {known}", param_hint="WEBHOOK")
    return found


def _told(standing: "Waiting | None") -> str:
    if standing is None:
        return "nothing waits"
    parts = []
    if standing.since is not None:
        parts.append(f"{standing.waiting} waiting since {standing.since:%Y-%m-%d %H:%M:%S} UTC")
    if standing.set_aside:
        parts.append(f"{standing.set_aside} set aside ({standing.refused})")
    return "; ".join(parts)
