"""`composteur qr make|batch`: tickets' QR codes, as pictures and on sheets to print."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from gateway.cli.reference import canonical
from gateway.cli.site import load_site, site_option, with_stores

if TYPE_CHECKING:
    from gateway.app import Core
    from gateway.printing.sheet import Printed
    from gateway.venue.printing import Wanted

PICTURES = (".svg", ".png")
SCALE = 8
"""Pixels of a module."""
kind_option = click.option(
    "--kind",
    type=click.Choice(("plain", "mac", "ed25519")),
    default="plain",
    show_default=True,
    help="What the code proves (docs/codes.md). A signed one needs `composteur codes key create`.",
)


@click.group("qr")
def command() -> None:
    """Draw QR codes."""


@command.command("make")
@click.argument("code")
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="FILE.svg or FILE.png",
)
@kind_option
@site_option
def make(code: str, path: Path, kind: str, site_path: Path) -> None:
    """Draw the QR code of a ticket's CODE, level M, in the smallest mode that holds it."""
    from gateway.venue.printing import Wanted

    if path.suffix not in PICTURES:
        raise click.BadParameter(f"found {path}, allowed: FILE.svg or FILE.png", param_hint="-o")
    reference = canonical(code)
    if kind == "plain":
        _draw(path, reference)
        return
    tickets = _found(site_path, kind, Wanted(codes=[reference]))
    if not tickets:
        raise click.ClickException(f"there is no ticket {reference} that may be used")
    _draw(path, tickets[0].code)


@command.command("batch")
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="FILE.pdf: sheets of A4; or a folder, for a picture a ticket.",
)
@kind_option
@click.option("--order", metavar="REF", help="Tickets of this order.")
@click.option("--product", metavar="ID", help="Tickets of this product.")
@click.option("--session", metavar="ID", help="Tickets of this session.")
@click.option(
    "--codes",
    "list_",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="Tickets of this list, a code a line; - reads it from the input.",
)
@click.option("--png", is_flag=True, help="Pictures as PNG; else SVG.")
@site_option
def batch(  # noqa: PLR0917  # the options of a command
    path: Path,
    kind: str,
    order: str | None,
    product: str | None,
    session: str | None,
    list_: Iterable[str] | None,
    site_path: Path,
    *,
    png: bool,
) -> None:
    """Draw the QR codes of many tickets: on sheets to print, or as pictures."""
    from gateway.venue.printing import Wanted

    codes = [canonical(line) for line in list_ if line.strip()] if list_ is not None else None
    if codes is None and not any((order, product, session)):
        raise click.UsageError("name --order, --product, --session or --codes")
    site = load_site(site_path)
    tickets = _found(site_path, kind, Wanted(order, product, session, codes))
    if not tickets:
        raise click.ClickException("no ticket that may be used is among these")
    zone = ZoneInfo(site.identity.timezone)
    if path.suffix == ".pdf":
        from gateway.printing.sheet import write_sheet

        def moment(at: datetime) -> str:
            return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

        pages = write_sheet(path, tickets, site.identity.name, moment)
        click.echo(f"{path}: {len(tickets)} tickets on {pages} pages")
    else:
        path.mkdir(parents=True, exist_ok=True)
        for ticket in tickets:
            name = re.sub(r"[^A-Za-z0-9._-]", "_", ticket.reference)
            _save(path / f"{name}{PICTURES[png]}", ticket.code)
        click.echo(f"{path}: {len(tickets)} pictures")
    if codes is not None and len(tickets) < len(set(codes)):
        missing = sorted(set(codes) - {ticket.reference for ticket in tickets})
        click.echo(f"{len(missing)} may not be used or are unknown, such as {missing[0]}", err=True)


def _found(site_path: Path, kind: str, wanted: "Wanted") -> "list[Printed]":
    from gateway.tickets.codes.keys import Kind
    from gateway.venue.printing import CannotSign, to_print

    async def find(core: "Core") -> "list[Printed]":
        keys = await core.code_desk.list()
        now = int(datetime.now(UTC).timestamp() * 1000)
        return await to_print(
            core.central, keys, None if kind == "plain" else Kind(kind), wanted, now
        )

    try:
        return with_stores(load_site(site_path), find)
    except CannotSign as error:
        raise click.ClickException(str(error)) from error


def _draw(path: Path, text: str) -> None:
    """Draw a code, and say what became of it."""
    from gateway.printing.symbol import symbol

    drawn = symbol(text)
    _save(path, text)
    click.echo(f"{path}: version {drawn.version}, level {drawn.error}, {drawn.mode}")


def _save(path: Path, text: str) -> None:
    from gateway.printing.symbol import QUIET, symbol

    symbol(text).save(str(path), scale=SCALE, border=QUIET)
