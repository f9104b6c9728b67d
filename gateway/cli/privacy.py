"""`composteur privacy …`: hand out or erase what there is about a visitor; the purge, by hand."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.site import OPERATOR, load_site, site_option, with_stores

if TYPE_CHECKING:
    from gateway.app import Core
    from gateway.venue.privacy import About


def _about_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.argument("code", required=False),
        click.option("--holder", metavar="NAME", help="All tickets of this holder or payer."),
        click.option("--order", metavar="REF", help="All tickets of this order."),
    ):
        command = option(command)
    return command


@click.group("privacy")
def command() -> None:
    """Hand out or erase what there is about a visitor; remove what is past its retention."""


@command.command("export")
@_about_options
@site_option
def export(code: str | None, holder: str | None, order: str | None, site_path: Path) -> None:
    """Print all there is about the ticket of a CODE, a holder or an order, as JSON."""
    import orjson

    from gateway import app

    about = _about(code, holder, order)
    found = with_stores(
        load_site(site_path), lambda core: app.privacy_of(core).export(about, OPERATOR)
    )
    if not found:
        raise click.ClickException("there is no such ticket")
    click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@command.command("erase")
@_about_options
@click.option("--names", is_flag=True, help="Only names: the tickets can be used on.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@site_option
def erase(
    code: str | None,
    holder: str | None,
    order: str | None,
    site_path: Path,
    *,
    names: bool,
    yes: bool,
) -> None:
    """Erase the ticket of a CODE, a holder's tickets or an order's, for ever."""
    from gateway import app

    about = _about(code, holder, order)

    async def run(core: "Core") -> int:
        privacy = app.privacy_of(core)
        codes = await privacy.codes(about)
        if codes and not yes:
            click.confirm(f"Erase {'names on ' if names else ''}{len(codes)} tickets?", abort=True)
        for each in codes:
            await (privacy.erase_names if names else privacy.erase)(each, OPERATOR)
        await app.tidied(core)
        return len(codes)

    erased = with_stores(load_site(site_path), run)
    if not erased:
        raise click.ClickException("there is no such ticket")
    click.echo(f"{erased} erased")


@command.command("purge")
@site_option
def purge(site_path: Path) -> None:
    """Remove now what is past its retention; the gateway does it every night by itself."""
    from datetime import UTC, datetime

    from gateway import app

    removed = with_stores(
        load_site(site_path),
        lambda core: app.keeper_of(core).purge(datetime.now(UTC), gently=False),
    )
    if removed is None:
        click.echo("another gateway is at it", err=True)
        sys.exit(1)
    for name, figure in removed.facts().items():
        click.echo(f"{name}: {', '.join(figure) if isinstance(figure, list) else figure}")
    if not removed.facts():
        click.echo("nothing is past its retention")


@command.command("destroy-key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@site_option
def destroy_key(site_path: Path, *, yes: bool) -> None:
    """Destroy the key of pseudonyms: nobody can join what is pseudonymised to a ticket any more."""
    from gateway import app

    if not yes:
        click.confirm("Destroy the key of pseudonyms, for ever?", abort=True)
    if not with_stores(load_site(site_path), lambda core: app.pseudonym_keys(core).destroy()):
        raise click.ClickException("there is no key")
    click.echo("destroyed; the next purge makes another")


def _about(code: str | None, holder: str | None, order: str | None) -> "About":
    from gateway.venue.privacy import About

    if sum(each is not None for each in (code, holder, order)) != 1:
        raise click.UsageError("name one of CODE, --holder and --order")
    return About(code, holder, order)
