"""What a display and a steward read: the answer in a few words, with the facts that settle it.

A plain grant costs one look into a cache. Pure: the zone is handed in, nothing asks the clock, so
a message always names the whole date.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Protocol

from gateway.tickets.codes.reading import Fact
from gateway.tickets.decision import Decision, TicketView, Window
from gateway.tickets.phrases import GRANTED, LANGUAGES, MONTHS, REFUSED

type Teller = Callable[[int], str]
"""Writes an instant (ms) for people."""


class _Place(Protocol):
    @property
    def direction(self) -> str: ...


def message(
    decision: Decision,
    place: _Place | None,
    language: str,
    *,
    zone: tzinfo,
    kind: str | None = None,
    override: bool = False,
) -> str:
    """Say a decision in one of our languages; in English in any other.

    Args:
        decision: The store's answer.
        place: Where the ticket was shown; its direction tells a welcome from a goodbye.
        language: One of `LANGUAGES`.
        zone: The venue's time zone.
        kind: What a grant was (`gateway.tickets.party.Kind`), where the caller knows it.
        override: Whether an operator let the visitor in.
    """
    if language not in GRANTED:
        language = "en"
    if not decision.granted:
        return refused(decision, language, lambda at: instant(at, language, zone))
    direction = place.direction if place is not None else "entry"
    shown = kind if kind in {"reentry", "free"} and direction == "entry" else direction
    plain = _greeting(
        language, shown, override, decision.attention, decision.replayed, decision.degraded
    )
    party = _party(decision, shown, GRANTED[language])
    return f"{plain} · {party}" if party else plain


@cache
def _greeting(language: str, shown: str, *flags: bool) -> str:
    names = ("override", "attention", "replayed", "degraded")
    words = GRANTED[language]
    said = [words[shown], *(words[name] for name, on in zip(names, flags, strict=True) if on)]
    return " · ".join(said)


def _party(decision: Decision, shown: str, words: dict[str, str]) -> str:
    ticket = decision.ticket
    if shown == "entry" and ticket is not None and ticket.persons > 1:
        come = ticket.persons - ticket.persons_left
        return words["of"].format(come=come, persons=ticket.persons)
    if decision.persons > 1:
        return words["persons"].format(count=decision.persons)
    return ""


def refused(decision: Decision, language: str, tell: Teller) -> str:
    """Say why a ticket is refused, with what a steward needs to settle it."""
    words, reason = REFUSED[language], decision.reason or "store_unavailable"
    if decision.fact is not None:
        return _of_code(decision, decision.fact, words, tell)
    if decision.ticket is None:
        return words[reason]
    facts = _facts(decision, decision.ticket, words, tell)
    form = reason + _form(reason, decision.ticket, facts)
    return words[form].format_map(facts) if form in words else words[reason]


def _of_code(decision: Decision, fact: Fact, words: dict[str, str], tell: Teller) -> str:
    """Say what is known of a code that does not hold."""
    ticket, reason = decision.ticket, decision.reason or ""
    known: dict[str, str | int] = {}
    if fact.what == "unknown_key":
        known["key"] = fact.value
    else:
        known["at"] = known["last"] = tell(fact.value)
    if fact.what == "used" and ticket is not None:
        known["last"] = _stamp(fact.value, ticket.last_reader, words, tell) or known["last"]
    return words.get(f"{reason}+{fact.what}", words[reason]).format_map(known)


def _facts(
    decision: Decision, ticket: TicketView, words: dict[str, str], tell: Teller
) -> dict[str, str | int]:
    """Return the facts that are known."""
    facts = {
        "destroyed": tell(ticket.destroyed_at) if ticket.destroyed_at is not None else None,
        "hold": tell(ticket.hold_until) if ticket.hold_until is not None else None,
        "first": _stamp(ticket.first_at, ticket.first_reader, words, tell),
        "last": _stamp(ticket.last_at, ticket.last_reader, words, tell),
        "window": _window(ticket.window, words, tell),
        "inside": ticket.inside,
        "made": ticket.made,
        "asked": decision.persons,
        "left": ticket.persons_left,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


_NEEDS = {
    "destroyed": "destroyed",
    "on_hold": "hold",
    "too_early": "window",
    "too_late": "window",
    "already_inside": "inside",
    "too_soon": "last",
    "daily_limit": "last",
    "party_too_large": "left",
}


def _form(reason: str, ticket: TicketView, facts: dict[str, str | int]) -> str:
    """Choose the longer form of a refusal for which the facts are there."""
    if reason == "no_stamps_left" and "last" in facts:
        return "+once" if ticket.first_at == ticket.last_at else "+more"
    if reason == "cancelled":
        if ticket.status == "replaced":
            return "+replaced"
        return "+hold" if ticket.status == "on_hold" and "hold" in facts else ""
    return "+" if _NEEDS.get(reason) in facts else ""


def _stamp(at: int | None, reader: str | None, words: dict[str, str], tell: Teller) -> str | None:
    if at is None:
        return None
    return words["stamped"].format(at=tell(at), reader=reader) if reader else tell(at)


def _window(window: Window, words: dict[str, str], tell: Teller) -> str | None:
    bounds = {"from": window.starts, "until": window.until}
    told = {name: tell(bound * 1000) for name, bound in bounds.items() if bound is not None}
    if not told:
        return None
    form = "between" if len(told) > 1 else next(iter(told))
    return words[form].format_map(told)


def instant(at: int, language: str, zone: tzinfo) -> str:
    """Write an instant on the venue's wall clock; seconds only where there are any.

    >>> instant(1_781_352_000_000, "fr", UTC)
    '13/06/2026 12:00'
    """
    wall = datetime.fromtimestamp(at // 1000, UTC).astimezone(zone)
    match language:
        case "en":
            date = f"{wall.day} {MONTHS[wall.month - 1]} {wall.year}"
        case "de":
            date = f"{wall:%d.%m.%Y}"
        case _:
            date = f"{wall:%d/%m/%Y}"
    return f"{date} {wall:%H:%M:%S}" if wall.second else f"{date} {wall:%H:%M}"


def accept_language(header: str | None, default: str) -> str:
    """Choose among our languages by an ``Accept-Language`` header; the caller keeps the answer.

    >>> accept_language("fr-CH, fr;q=0.9, en;q=0.8", "en")
    'fr'
    >>> accept_language("nl, de;q=0.5, es;q=0.7", "en")
    'es'
    >>> accept_language("*", "fr")
    'fr'
    """
    if not header:
        return default
    chosen, best = default, 0.0
    for part in header.split(","):
        tag, _, quality = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(quality)
        if weight > best and (language in LANGUAGES or language == "*"):
            chosen, best = (default if language == "*" else language), weight
    return chosen


def _weight(quality: str) -> float:
    """Return the weight of ``q=0.8``; 1 where none is written, 0 where it cannot be read."""
    name, _, value = quality.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0 <= weight <= 1 else 0.0
