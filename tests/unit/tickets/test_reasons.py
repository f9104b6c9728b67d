"""The reasons are a contract: their strings and their order are kept here, letter by letter."""

from gateway.tickets.reasons import OVERRIDABLE, REFUSES_EXIT, Reason

CONTRACT = (
    "malformed_code, evacuation, reader_out_of_service, lane_busy, space_closed, bad_signature, "
    "stale_code, unknown_ticket, destroyed, cancelled, blocked, on_hold, unpaid, form_missing, "
    "wrong_space, too_early, too_late, already_inside, not_inside, too_soon, no_stamps_left, "
    "daily_limit, party_too_large, space_full, store_unavailable"
)
OVERRIDE = (
    "space_closed, on_hold, unpaid, form_missing, wrong_space, too_early, too_late, "
    "already_inside, not_inside, too_soon, no_stamps_left, daily_limit, party_too_large, space_full"
)


def test_reasons_and_their_order_never_change() -> None:
    assert ", ".join(Reason) == CONTRACT


def test_override_passes_a_closed_space_and_all_from_on_hold_to_space_full() -> None:
    assert ", ".join(reason for reason in Reason if reason in OVERRIDABLE) == OVERRIDE


def test_few_reasons_keep_anybody_inside() -> None:
    kept = [reason for reason in Reason if reason in REFUSES_EXIT]

    assert kept == [
        "malformed_code",
        "reader_out_of_service",
        "lane_busy",
        "bad_signature",
        "unknown_ticket",
        "not_inside",
    ]
