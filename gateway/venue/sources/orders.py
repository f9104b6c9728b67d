"""An order of pretix as tickets of ours: pure.

Ids and sources are those of the shipped mapping of pretix's export (central/imports/mappings), so
that a file and the interface name the same tickets, products and sessions.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.central.imports.mapping import shortened
from gateway.central.sold import Sold
from gateway.venue.sources.pretix import Date, Item, Names, Order, Position

_GONE = {"e": "cancelled", "c": "cancelled"}


def sold(
    order: Order,
    event: str,
    items: Mapping[int, Item],
    dates: Mapping[int | None, Date],
    zone: ZoneInfo,
) -> Sold:
    """Return what an order's tickets are.

    Args:
        order: The order.
        event: Its event's short name.
        items: The products of its positions.
        dates: The dates of its positions; of ``None`` the event's own.
        zone: The event's.
    """
    products: dict[str, dict[str, Any]] = {}
    sessions: dict[str, dict[str, Any]] = {}
    tickets: list[dict[str, Any]] = []
    for position in order.positions:
        item, date = items[position.item], dates[position.subevent]
        label = _label(item, position)
        product = shortened(label)
        begins = datetime.fromisoformat(date.date_from).astimezone(zone)
        session = shortened(f"{event} {begins:%Y-%m-%d %H:%M:%S} {label.replace(' / ', ' ')}")
        products[product] = {"id": product, "label": label}
        sessions[session] = {
            "id": session,
            "product": product,
            "starts_at": date.date_from,
            "ends_at": date.date_to,
            "label": _text(date.name),
        }
        tickets.append(
            {
                "code": position.secret,
                "product": product,
                "session": session,
                "valid_from": position.valid_from,
                "valid_until": position.valid_until,
                "order_ref": order.code,
                "ordered_at": order.datetime,
                "payer": order.email,
                "holder": position.attendee_name,
                "status": _status(order, position),
                "attention": order.checkin_attention or item.checkin_attention,
                "source": source_of(event),
            }
        )
    return Sold(
        source_of(event), order.code, list(products.values()), list(sessions.values()), tickets
    )


def source_of(event: str) -> str:
    """Return the source of an event's tickets."""
    return shortened(f"pretix {event}")


def nothing(event: str, code: str) -> Sold:
    """Return an order that is no more: none of its tickets is good."""
    return Sold(source_of(event), code, [], [], [])


def _status(order: Order, position: Position) -> str:
    if position.canceled or order.status in _GONE:
        return "cancelled"
    if position.blocked:
        return "blocked"
    return "active" if order.status == "p" or order.valid_if_pending else "unpaid"


def _label(item: Item, position: Position) -> str:
    kind = next((each for each in item.variations if each.id == position.variation), None)
    return " / ".join([_text(item.name), *([_text(kind.value)] if kind is not None else [])])


def _text(names: Names) -> str:
    """Choose English, as the export is; else whatever there is."""
    return names.get("en") or next(iter(names.values()), "")
