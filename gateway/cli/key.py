"""`composteur key create|list|revoke`: who may call the gateway."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.site import OPERATOR, load_site, site_option

if TYPE_CHECKING:
    from gateway.people.identity import Key

ROLES = ("viewer", "scanner", "operator", "admin")
NAME = r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}"
"""What HTTP allows too: a name stands in an address."""
RIGHTS = ("destroy",)


@click.group("key")
def command() -> None:
    """Make, list and revoke keys."""


@command.command("create")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--name", required=True, help="What its acts are signed with.")
@click.option("--reader", metavar="ID", help="Bind it to one reader.")
@click.option("--may", type=click.Choice(RIGHTS), multiple=True, help="A single right more.")
@site_option
def create(role: str, name: str, reader: str | None, may: tuple[str, ...], site_path: Path) -> None:
    """Make a key and print it, alone and for the only time."""
    import uvloop

    from gateway import app
    from gateway.people.desk import NameTaken
    from gateway.people.roles import Role

    if not re.fullmatch(NAME, name):
        raise click.BadParameter(
            f"found {name!r}, allowed: 1 to 60 letters, digits, spaces and . _ -",
            param_hint="--name",
        )
    site = load_site(site_path)
    if reader is not None and reader not in {each.id for each in site.equipment}:
        known = ", ".join(each.id for each in site.equipment) or "none"
        raise click.BadParameter(f"found {reader!r}, allowed: {known}", param_hint="--reader")

    async def run() -> str:
        async with app.tools(site) as tools:
            _, secret = await tools.desk.create(name, Role(role), reader, may)
            tools.operations.acts.note(OPERATOR, "key_create", name, role=role, reader=reader)
            await tools.operations.acts.settled()
            return secret

    try:
        click.echo(uvloop.run(run()))
    except NameTaken as error:
        raise click.ClickException(f"there is a key named {name} already") from error


@command.command("list")
@site_option
def list_(site_path: Path) -> None:
    """List the keys; none is shown itself."""
    import uvloop

    from gateway import app

    site = load_site(site_path)

    async def run() -> list["Key"]:
        async with app.tools(site) as tools:
            return await tools.desk.list()

    for key in uvloop.run(run()):
        bound = f"  reader {key.reader}" if key.reader else ""
        may = f"  may {', '.join(key.may)}" if key.may else ""
        click.echo(f"{key.name:<24} {key.role:<9}{bound}{may}".rstrip())


@command.command("revoke")
@click.argument("name")
@site_option
def revoke(name: str, site_path: Path) -> None:
    """Revoke the key NAME everywhere, within a second."""
    import uvloop

    from gateway import app
    from gateway.errors import LastAdminKey

    site = load_site(site_path)

    async def run() -> bool:
        async with app.tools(site) as tools:
            revoked = await tools.desk.revoke(name)
            if revoked:
                tools.operations.acts.note(OPERATOR, "key_revoke", name)
                await tools.operations.acts.settled()
            return revoked

    try:
        if not uvloop.run(run()):
            raise click.ClickException(f"there is no key named {name}")
    except LastAdminKey as error:
        raise click.ClickException("the last admin key cannot be revoked") from error
