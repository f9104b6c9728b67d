"""Rows of the database as the store's short fields."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.entitlements.packing import (
    LIST_SEPARATOR,
    LONGEST_NAME,
    PART_SEPARATOR,
    PHASE,
    SEPARATOR,
    cut,
    fields_of,
    milliseconds,
    product_text,
    seconds,
    seller_fields,
    session_text,
    state_fields,
)
from gateway.tickets.model import NEW, Product, Session, Status, Ticket, TicketState

NOON = datetime(2026, 6, 13, 10, tzinfo=UTC)
NOON_MS = 1_781_344_800_000
NOON_S = "1781344800"


def a_ticket_row(**fields: Any) -> dict[str, Any]:
    return asdict(Ticket("CODE", "visit")) | {"rev": 1} | fields


def a_state_row(**fields: Any) -> dict[str, Any]:
    state = {name: getattr(NEW, name) for name in TicketState.__slots__}
    return state | {"made": 0} | fields


# --- instants and texts


def test_instants_come_as_datetimes_or_milliseconds() -> None:
    assert milliseconds(NOON) == NOON_MS
    assert milliseconds(NOON_MS) == NOON_MS
    assert milliseconds(None) is None
    assert seconds(NOON) == seconds(NOON_MS) == seconds("2026-06-13T12:00:00+02:00")


def test_seconds_are_cut_not_rounded() -> None:
    assert seconds(NOON_MS + 999) == int(NOON_S)
    assert seconds(NOON.replace(microsecond=999_999)) == int(NOON_S)
    assert seconds(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)) == -1


@given(st.text(max_size=200))
def test_cut_text_fits_and_is_its_beginning(text: str) -> None:
    short = cut(text)

    assert len(short.encode()) <= LONGEST_NAME
    assert short.isprintable()
    if text.isprintable():
        assert text.startswith(short)


def test_cut_never_halves_a_character() -> None:
    assert cut("é" * 40) == "é" * 30
    assert cut("🎫" * 20) == "🎫" * 15
    assert cut("a" + "🎫" * 20) == "a" + "🎫" * 14


# --- tickets


def test_plain_ticket_is_its_product_alone() -> None:
    assert fields_of(seller_fields(a_ticket_row())) == {"p": "visit"}


def test_ticket_with_everything() -> None:
    row = a_ticket_row(
        valid_from=NOON,
        valid_until=NOON_MS + 1,
        holder="Zoë",
        audience="group",
        persons=25,
        spaces=["hall", "garden"],
        status="on_hold",
        hold_until=NOON,
        replaced_by="OTHER",
        form_required=True,
        attention=True,
        destroyed_at=NOON,
    )

    assert fields_of(seller_fields(row)) == {
        "p": "visit",
        "F": NOON_S,
        "U": NOON_S,
        "t": "h",
        "H": str(NOON_MS),
        "R": "OTHER",
        "f": "1",
        "D": str(NOON_MS),
        "h": "Zoë",
        "a": "g",
        "n": "25",
        "A": "1",
        "x": "hall,garden",
    }


def test_session_wins_over_a_span() -> None:
    row = a_ticket_row(session="at-two", valid_from=NOON)

    assert fields_of(seller_fields(row)) == {"p": "visit", "s": "at-two"}


def test_deleted_ticket_is_cancelled_and_nothing_else() -> None:
    row = a_ticket_row(product=None, holder="Zoë")

    assert fields_of(seller_fields(row)) == {"t": "c"}


def test_signed_form_is_not_missing() -> None:
    row = a_ticket_row(form_required=True, form_signed=True)

    assert "f" not in fields_of(seller_fields(row))


def test_every_status_has_a_letter_of_its_own() -> None:
    letters = {
        fields_of(seller_fields(a_ticket_row(status=status.value))).get("t") for status in Status
    }

    assert len(letters) == len(Status)


def test_holder_of_blanks_is_nobody() -> None:
    assert "h" not in fields_of(seller_fields(a_ticket_row(holder=" \t ")))


def test_windows_are_taken_as_json_or_as_values() -> None:
    listed = [
        {"session": "s1", "stamps": 2},
        {"from": "2026-06-13T12:00:00+02:00", "until": None, "spaces": ["hall", "room"]},
    ]
    as_text = orjson.dumps(listed)
    expected = LIST_SEPARATOR.join(
        (
            PART_SEPARATOR.join(("s1", "", "", "", "2")),
            PART_SEPARATOR.join(("", NOON_S, "", "hall,room", "")),
        )
    )

    assert fields_of(seller_fields(a_ticket_row(windows=listed)))["w"] == expected
    assert fields_of(seller_fields(a_ticket_row(windows=as_text)))["w"] == expected


# --- catalogue


def test_product_begins_with_its_rev() -> None:
    row = {"rev": 7} | asdict(Product("visit", label="Visit\x1f", spaces=("hall", "garden")))

    assert product_text(row).split(SEPARATOR) == [
        "7", "Visit ", "hall,garden", "0", "0", "e", "1", "", "0", "", "n", "", "", "", "", "",
    ]  # fmt: skip


def test_product_with_everything() -> None:
    row = {"rev": 8} | asdict(
        Product(
            "visit",
            margin_before_s=60,
            margin_after_s=90,
            max_stamps=None,
            max_stamps_per_day=2,
            min_interval_s=30,
            valid_for_s=3600,
            reentry_window_s=600,
            allow_unpaid=True,
            partial_groups=True,
            attention=True,
            blocked=True,
        )
    )
    row |= {"margin_after_from": "start", "reentry": "after_exit"}

    assert product_text(row).split(SEPARATOR) == [
        "8", "", "", "60", "90", "s", "", "2", "30", "3600", "a", "600", "1", "1", "1", "1",
    ]  # fmt: skip


def test_session_is_its_times() -> None:
    row = {"rev": 9} | asdict(Session("s", "visit", starts_at=NOON_MS))

    assert session_text(row).split(SEPARATOR) == ["9", NOON_S, ""]


# --- state


def test_ticket_never_seen_has_no_state() -> None:
    assert state_fields(a_state_row(made=None)) == ""


def test_one_stamp_is_told_in_few_fields() -> None:
    row = a_state_row(
        made=1, made_by_window=[1], persons_by_window=[1], first_at=NOON, first_reader="north-1",
        last_at=NOON, last_reader="north-1", inside="hall", inside_persons=1, moved_at=NOON,
    )  # fmt: skip

    assert fields_of(state_fields(row)) == {
        "m": "1",
        "y": str(NOON_MS),
        "Y": "north-1",
        "i": "hall",
    }


def test_state_with_everything() -> None:
    row = a_state_row(
        made=2, made_by_window=[1, 1], persons_by_window=[3, 1], day=date(2026, 6, 13),
        made_on_day=2, first_at=NOON, first_reader="north-1", last_at=NOON_MS + 5,
        last_reader="south-2", inside="room", origin="hall", inside_persons=3,
        moved_at=NOON_MS + 9, nonces=["1-5-0,hash,1,1,1,cs", "1-6-0,other,3,0,2,rs"],
    )  # fmt: skip

    assert fields_of(state_fields(row)) == {
        "m": "1,1",
        "e": "3,1",
        "y": str(NOON_MS),
        "Y": "north-1",
        "l": str(NOON_MS + 5),
        "L": "south-2",
        "d": "20260613",
        "c": "2",
        "i": "room",
        "o": "hall",
        "k": "3",
        "M": str(NOON_MS + 9),
        "g": "other,1-6-0,3,0,2,rs" + LIST_SEPARATOR + "hash,1-5-0,1,1,1,cs",
    }


def test_the_form_of_records_is_that_of_its_phase() -> None:
    """Whoever changes what is written here counts PHASE on, or stores in use are read wrongly."""
    ticket = a_ticket_row(holder="Ada", persons=3)
    state = a_state_row(
        made=2,
        made_by_window=[2],
        persons_by_window=[5],
        day=date(2026, 6, 13),
        made_on_day=1,
        first_at=NOON_MS,
        last_at=NOON_MS + 60_000,
        last_reader="north",
        inside="hall",
        inside_persons=3,
    )

    found = (seller_fields(ticket) + state_fields(state)).replace(SEPARATOR, " ")

    written = (
        " pvisit hAda n3 m2 e5 y1781344800000 Ynorth l1781344860000 Lnorth d20260613 c1 ihall k3"
    )
    assert (PHASE, found) == ("phase_3", written)
