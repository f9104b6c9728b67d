"""What the store keeps and writes, read back as values of ``gateway.tickets``.

Three tellings of one state are compared: the ticket's record in the store, the columns of its last
event, and what the readable rule says.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.entitlements.packing import LIST_SEPARATOR
from gateway.tickets.event import EventRow
from gateway.tickets.model import TicketState

type Record = Mapping[str, str]


def state_of_record(record: Record) -> TicketState:
    """Read the gate's side of a record (its fields are told in ``functions/record.lua``)."""
    made = _figures(record.get("m"))
    first = _number(record.get("y"))
    last = _number(record.get("l")) or first
    inside = record.get("i")
    return TicketState(
        made_by_window=made,
        persons_by_window=_figures(record.get("e")) or made,
        day=_number(record.get("d")),
        made_on_day=int(record.get("c", 0)),
        first_at=first,
        first_reader=record.get("Y"),
        last_at=last,
        last_reader=record.get("L") or record.get("Y"),
        inside=inside,
        origin=record.get("o"),
        inside_persons=int(record.get("k", 1)) if inside else 0,
        moved_at=_number(record.get("M")) or last,
        destroyed_at=_number(record.get("D")),
        step=_number(record.get("q")),
    )


def grants_in(record: Record) -> list[str]:
    """List what a record remembers of its grants, newest first."""
    return record["g"].split(LIST_SEPARATOR) if "g" in record else []


def state_of_row(row: EventRow) -> TicketState | None:
    """Read the state an event tells; ``None`` where it tells none."""
    if not row.made:
        return None
    made = _figures(row.made_by_window) or (int(row.made),)

    def at(text: str) -> int | None:
        return int(row.at) if text == "0" else _number(text)

    def name(text: str, own: str) -> str | None:
        return own if text == "=" else text or None

    return TicketState(
        made_by_window=made,
        persons_by_window=_figures(row.persons_by_window) or made,
        day=_number(row.day) or (local_day(int(row.at)) if row.made_on_day else None),
        made_on_day=int(row.made_on_day or 0),
        first_at=at(row.first_at),
        first_reader=name(row.first_reader, row.reader),
        last_at=at(row.last_at),
        last_reader=name(row.last_reader, row.reader),
        inside=name(row.inside, row.space),
        origin=row.origin or None,
        inside_persons=int(row.inside_persons or 0),
        moved_at=at(row.moved_at),
        destroyed_at=at(row.destroyed_at),
    )


def local_day(at: int) -> int:
    """Tell the venue's day of an instant: an event whose own day it is leaves it out."""
    return int(f"{datetime.fromtimestamp(at / 1000, ZoneInfo('Europe/Paris')):%Y%m%d}")


def plain(state: TicketState, *, daily: bool) -> TicketState:
    """Leave out what says nothing: figures of 0 at the end, a day without stamps or uncounted."""
    state = replace(
        state,
        made_by_window=_short(state.made_by_window),
        persons_by_window=_short(state.persons_by_window),
        last_event=None,
        nonces=(),
    )
    return state if daily and state.made_on_day else replace(state, day=None, made_on_day=0)


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _figures(text: str | None) -> tuple[int, ...]:
    return tuple(int(figure) for figure in (text or "").strip("{}").split(",") if figure)


def _short(figures: tuple[int, ...]) -> tuple[int, ...]:
    while figures and figures[-1] == 0:
        figures = figures[:-1]
    return figures
