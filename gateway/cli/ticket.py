"""`composteur ticket show|stamp|destroy|undo CODE`: one ticket, by hand."""

import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from gateway.cli.reference import canonical
from gateway.cli.site import OPERATOR, load_site, site_option, with_stores

if TYPE_CHECKING:
    from config import Site
    from gateway.app import Core
    from gateway.entitlements.place import Place
    from gateway.entitlements.store import Settled
    from gateway.tickets.decision import TicketView, Window


@click.group("ticket")
def command() -> None:
    """Show, stamp, destroy a ticket, or take a stamp back."""


@command.command("show")
@click.argument("code")
@site_option
def show(code: str, site_path: Path) -> None:
    """Show the ticket of a CODE."""
    site = load_site(site_path)
    reference = canonical(code)
    ticket = with_stores(site, lambda tools: tools.store.look(reference))
    if ticket is None:
        raise click.ClickException(f"there is no ticket {reference}")
    _print_ticket(ticket, ZoneInfo(site.identity.timezone))


@command.command("stamp")
@click.argument("code")
@click.option("--reader", metavar="ID", help="Where; default: the site's first equipment.")
@click.option("--direction", type=click.Choice(("entry", "exit")))
@click.option("--persons", type=click.IntRange(min=1))
@click.option("--check", is_flag=True, help="Say what would be decided, and change nothing.")
@site_option
def stamp(
    code: str,
    reader: str | None,
    direction: str | None,
    persons: int | None,
    site_path: Path,
    *,
    check: bool,
) -> None:
    """Stamp the ticket of a CODE; exit status 1 when it is refused."""
    site = load_site(site_path)
    reference = canonical(code)
    place = _place(site, reader, direction)
    decision = with_stores(
        site,
        lambda tools: tools.store.scan(
            reference, place, check=check, persons=persons, operator=OPERATOR
        ),
    )
    word = "granted" if decision.granted else f"denied: {decision.reason}"
    click.echo(f"{word}{f'  event {decision.event}' if decision.event else ''}")
    if decision.ticket is not None:
        _print_ticket(decision.ticket, ZoneInfo(site.identity.timezone))
    if not decision.granted:
        sys.exit(1)


@command.command("destroy")
@click.argument("code")
@click.option("--reason", help="Written into the event.")
@site_option
def destroy(code: str, reason: str | None, site_path: Path) -> None:
    """Make the ticket of a CODE unusable, for ever."""
    from gateway.entitlements.store import UnknownTicket

    site = load_site(site_path)
    reference = canonical(code)

    async def make_unusable(tools: "Core") -> "Settled":
        settled = await tools.store.destroy(reference, operator=OPERATOR, reason=reason)
        await _note(tools, "destroy", reference, reason, settled)
        return settled

    try:
        settled = with_stores(site, make_unusable)
    except UnknownTicket as error:
        raise click.ClickException(f"there is no ticket {reference}") from error
    if settled.ticket is not None:
        _print_ticket(settled.ticket, ZoneInfo(site.identity.timezone))


@command.command("undo")
@click.argument("code")
@click.option("--event", metavar="ID", help="Which stamp; default: the last.")
@click.option("--reason", help="Written into the event.")
@site_option
def undo(code: str, event: str | None, reason: str | None, site_path: Path) -> None:
    """Take a stamp of the ticket of a CODE back."""
    from gateway.entitlements.store import NotPossible, UnknownEvent
    from gateway.tickets.codes import is_pseudonym

    site = load_site(site_path)
    reference = canonical(code)

    async def take_back(tools: "Core") -> "TicketView | None":
        grant = event or await tools.store.last_grant(reference)
        row = await tools.store.grant(grant) if grant else None
        if row is None and grant:
            row = await tools.central.event(grant)
        if grant and (row is None or is_pseudonym(row.ticket_code)):
            with suppress(ValueError, IndexError):
                if await tools.central.is_past_retention(site.id, grant):
                    raise click.ClickException(f"the stamp {grant} is past its retention")
        if row is None or row.ticket_code != reference:
            raise click.ClickException(f"there is no stamp of {reference} to take back")
        try:
            settled = await tools.store.undo(row, operator=OPERATOR, reason=reason)
        except (NotPossible, UnknownEvent) as error:
            raise click.ClickException(f"the stamp {grant} cannot be taken back") from error
        await _note(tools, "undo", reference, reason, settled)
        return settled.ticket

    ticket = with_stores(site, take_back)
    if ticket is not None:
        _print_ticket(ticket, ZoneInfo(site.identity.timezone))


async def _note(
    tools: "Core", what: str, code: str, reason: str | None, settled: "Settled"
) -> None:
    acts = tools.operations.acts
    acts.note(OPERATOR, what, code, reason=reason, event=settled.event, of=settled.of)
    await acts.settled()


def _place(site: "Site", reader: str | None, direction: str | None) -> "Place":
    """Find where the scan happens."""
    from gateway.venue.readers import places

    known = places(site)
    found = [
        place
        for (name, towards), place in known.items()
        if reader in {None, name} and direction in {None, towards}
    ]
    if not found:
        there = ", ".join(f"{name} ({towards})" for name, towards in known) or "none"
        raise click.BadParameter(f"no such reader; allowed: {there}", param_hint="--reader")
    return found[0]


def _print_ticket(ticket: "TicketView", zone: ZoneInfo) -> None:
    def when(at_ms: int | None) -> str:
        return (
            "–"
            if at_ms is None
            else f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S %Z}"
        )

    def span(window: "Window") -> str:
        if window == (None, None):
            return "any time"
        starts, until = (None if bound is None else bound * 1000 for bound in window)
        return f"{when(starts)} … {when(until)}"

    rows = {
        "code": ticket.code,
        "product": f"{ticket.label} ({ticket.product})" if ticket.label else ticket.product,
        "holder": ticket.holder,
        "persons": f"{ticket.persons}, {ticket.persons_left} left" if ticket.persons > 1 else None,
        "status": ticket.status,
        "destroyed": when(ticket.destroyed_at) if ticket.destroyed_at else None,
        "window": span(ticket.window),
        "stamps": f"{ticket.made} of {'∞' if ticket.allowed is None else ticket.allowed}",
        "first": f"{when(ticket.first_at)} at {ticket.first_reader}" if ticket.first_at else None,
        "last": f"{when(ticket.last_at)} at {ticket.last_reader}" if ticket.last_at else None,
        "inside": ticket.inside,
    }
    for name, value in rows.items():
        if value is not None:
            click.echo(f"{name:<10} {value}")
