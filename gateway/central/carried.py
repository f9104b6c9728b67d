"""The tickets that handhelds carry, read as the rule knows them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from gateway.central.pool import Pool
from gateway.tickets.model import (
    Audience,
    MarginFrom,
    Product,
    Reentry,
    Session,
    Status,
    Ticket,
    TicketState,
    TicketWindow,
)


class Sold(NamedTuple):
    """A ticket with what is known of it."""

    ticket: Ticket
    product: Product
    state: TicketState


class Carried(Pool):
    """What handhelds carry."""

    async def carried(
        self, after: str, begins: datetime, ends: datetime, limit: int
    ) -> tuple[list[Sold], dict[str, Session]]:
        """Return tickets that may come in within a span, by code, and the sessions they name."""
        rows = await self.fetch("carried.tickets", after, begins, ends, limit)
        found = [_sold(row) for row in rows]
        named = sorted({name for each in found for name in _sessions(each.ticket)})
        sessions = await self.fetch("carried.sessions", named) if named else []
        return found, {row["id"]: Session(**dict(row)) for row in sessions}


def _sessions(ticket: Ticket) -> Iterator[str]:
    if ticket.session is not None:
        yield ticket.session
    for window in ticket.windows or ():
        if window.session is not None:
            yield window.session


def _sold(row: asyncpg.Record) -> Sold:
    ticket = Ticket(
        code=row["code"],
        product=row["product"],
        session=row["session"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        windows=_windows(row["windows"]),
        audience=Audience(row["audience"]),
        persons=row["persons"],
        spaces=_names(row["spaces"]),
        status=Status(row["status"]),
        hold_until=row["hold_until"],
        form_required=row["form_required"],
        form_signed=row["form_signed"],
        destroyed_at=row["destroyed_at"],
    )
    product = Product(
        id=row["product"],
        spaces=_names(row["product_spaces"]),
        margin_before_s=row["margin_before_s"],
        margin_after_s=row["margin_after_s"],
        margin_after_from=MarginFrom(row["margin_after_from"]),
        max_stamps=row["max_stamps"],
        max_stamps_per_day=row["max_stamps_per_day"],
        min_interval_s=row["min_interval_s"],
        valid_for_s=row["valid_for_s"],
        reentry=Reentry(row["reentry"]),
        allow_unpaid=row["allow_unpaid"],
        partial_groups=row["partial_groups"],
        blocked=row["blocked"],
    )
    state = TicketState(made_by_window=tuple(row["made_by_window"]), first_at=row["first_at"])
    return Sold(ticket, product, state)


def _names(found: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if found is None else tuple(found)


def _windows(text: str | None) -> tuple[TicketWindow, ...] | None:
    if text is None:
        return None
    return tuple(_window(raw) for raw in orjson.loads(text))


def _window(raw: dict[str, Any]) -> TicketWindow:
    def instant(name: str) -> int | None:
        said = raw.get(name)
        return None if said is None else round(datetime.fromisoformat(said).timestamp() * 1000)

    return TicketWindow(
        session=raw.get("session"),
        starts=instant("from"),
        until=instant("until"),
        spaces=_names(raw.get("spaces")),
        stamps=raw.get("stamps"),
    )
