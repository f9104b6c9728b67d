"""Rotating codes: the step that is, the one before and the one after, and no picture of one."""

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as some

from gateway.tickets.codes import rotating
from gateway.tickets.codes.reading import Fact, Reading
from gateway.tickets.codes.rotating import STEP_S, code_at, step_at
from tests.unit.tickets.codes.builders import (
    DAY_MS,
    LONGEST,
    MAC,
    NOW,
    REFERENCE,
    ROTATING,
    a_decoder,
    a_key,
)

STEP_MS = STEP_S * 1000
SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at_s", "value"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_figures_are_those_of_rfc_6238(at_s: int, value: str) -> None:
    assert rotating.value_at(SECRET, at_s // 30) == value


@pytest.mark.parametrize("reference", [REFERENCE, LONGEST])
def test_a_rotating_code_is_small_and_alphanumeric(reference: str) -> None:
    text = code_at(ROTATING, reference, NOW)
    symbol = segno.make(text, error="m", boost_error=False, micro=False)

    assert len(text) <= 40
    assert (symbol.version, symbol.mode) == (2, "alphanumeric")


@given(some.integers(-40_000, 40_000), some.integers(0, STEP_MS - 1))
def test_a_device_whose_clock_is_40_s_off_works(off_ms: int, within_ms: int) -> None:
    now = NOW + within_ms
    reading = a_decoder().read(code_at(ROTATING, LONGEST, now + off_ms), now)

    assert (reading.reference, reading.objection, reading.signed) == (LONGEST, "", True)
    assert reading.step == step_at(now + off_ms)


def test_a_picture_of_a_code_is_stale_after_the_next_step_and_says_when_it_was_shown() -> None:
    text = code_at(ROTATING, REFERENCE, NOW)

    assert a_decoder().read(text, NOW + 2 * STEP_MS - 1).step == step_at(NOW)
    for later in (2 * STEP_MS, 20 * STEP_MS):
        assert a_decoder().read(text, NOW + later) == Reading(REFERENCE, "t", Fact("shown", NOW))
    assert a_decoder().read(text, NOW + DAY_MS) == Reading(REFERENCE, "t")


def test_a_figure_made_up_is_stale() -> None:
    assert a_decoder().read(f"C2:{REFERENCE}.00000000", NOW) == Reading(REFERENCE, "t")


def test_a_figure_of_another_ticket_is_stale() -> None:
    value = code_at(ROTATING, LONGEST, NOW)[-8:]

    assert a_decoder().read(f"C2:{REFERENCE}.{value}", NOW).objection == "t"


@pytest.mark.parametrize(
    "text", ["C2:", f"C2:{REFERENCE}", f"C2:{REFERENCE}.1234567", f"C2:{REFERENCE}.123456789",
             f"C2:{REFERENCE}.1234567٣", "C2:Bestell.12345678"],
)  # fmt: skip
def test_what_only_begins_as_one_is_malformed(text: str) -> None:
    assert a_decoder().read(text, NOW) == Reading(None)


def test_without_a_key_nothing_can_be_told_of_it() -> None:
    assert a_decoder(MAC).read(code_at(ROTATING, REFERENCE, NOW), NOW) == Reading(REFERENCE, "b")


def test_the_key_before_holds_until_it_retires_and_says_so_once_revoked() -> None:
    old, new = a_key(ROTATING.kind, 3, retires_at=NOW + DAY_MS), a_key(ROTATING.kind, 4)
    revoked = a_key(ROTATING.kind, 3, revoked_at=NOW - 5)
    text = code_at(old, REFERENCE, NOW)

    assert a_decoder(old, new).read(text, NOW).signed
    assert a_decoder(revoked, new).read(text, NOW) == Reading(
        REFERENCE, "b", Fact("revoked", NOW - 5)
    )


def test_the_address_of_a_page_is_given_by_us_alone() -> None:
    token = rotating.token_of(ROTATING, REFERENCE)

    assert rotating.reference_of([ROTATING], token) == (ROTATING, REFERENCE)
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for other in (wrong, token[:-1], REFERENCE, f"{LONGEST}{token[13:]}", "", "é" * 30):
        assert rotating.reference_of([ROTATING], other) is None
    assert rotating.reference_of([a_key(ROTATING.kind, 9)], token) is None
