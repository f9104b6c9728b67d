"""The functions' lines as values."""

import pytest

from gateway.entitlements.replies import conflict_of, decision_of
from gateway.tickets.decision import Conflict, Window

TICKET = [
    "visit", "at-two", "Visit", "g", "Zoë", "25", "3", "h", "1781344800000", "OTHER", "", "1~2,~",
    "2", "1", "4", "1781344800001", "north-1", "1781344800002", "south-2", "hall",
]  # fmt: skip


def line(*fields: str, ticket: list[str] | None = None) -> str:
    return "\t".join((*fields, *(ticket or [""])))


def test_granted_scan_with_its_ticket() -> None:
    decision = decision_of("CODE", line("granted", "", "1-2-0", "1", "", "1", "3", ticket=TICKET))

    assert decision.granted
    assert (decision.reason, decision.event, decision.replayed) == (None, "1-2-0", True)
    assert (decision.attention, decision.persons) == (True, 3)
    ticket = decision.ticket
    assert ticket is not None
    assert (ticket.code, ticket.product, ticket.session) == ("CODE", "visit", "at-two")
    assert (ticket.audience, ticket.persons, ticket.persons_left) == ("group", 25, 3)
    assert (ticket.status, ticket.hold_until) == ("on_hold", 1_781_344_800_000)
    assert ticket.windows == (Window(1, 2), Window(None, None))
    assert ticket.window == Window(None, None)
    assert (ticket.made, ticket.allowed) == (1, 4)
    assert (ticket.first_reader, ticket.last_reader) == ("north-1", "south-2")
    assert (ticket.destroyed_at, ticket.inside) == (None, "hall")


def test_refusal_of_an_unknown_ticket() -> None:
    decision = decision_of("CODE", line("denied", "unknown_ticket", "1-2-0", "", "", "", ""))

    assert not decision.granted
    assert decision.reason == "unknown_ticket"
    assert decision.ticket is None
    assert decision.persons == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("too_late\x1f\x1f\x1f", Conflict("too_late", None, None, None)),
        ("no_stamps_left\x1f1-2-0\x1fnorth\x1f5", Conflict("no_stamps_left", "1-2-0", "north", 5)),
    ],
)
def test_conflict_tells_what_is_known(text: str, expected: Conflict | None) -> None:
    assert conflict_of(text) == expected


def test_individual_with_open_allowance() -> None:
    fields = list(TICKET)
    fields[3], fields[7], fields[14] = "", "", ""
    decision = decision_of("CODE", line("granted", "", "", "", "", "", "1", ticket=fields))

    assert decision.ticket is not None
    assert decision.ticket.audience == "individual"
    assert decision.ticket.status == "active"
    assert decision.ticket.allowed is None
