"""The closed set of reasons why a scan is refused, in order of precedence.

The strings are a contract (documented, stable, never reused): gates, handhelds and reports match on
them. The order of the members *is* the order of precedence: the first that applies is given.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a ticket is refused; earlier members take precedence over later ones."""

    MALFORMED_CODE = "malformed_code"
    EVACUATION = "evacuation"
    READER_OUT_OF_SERVICE = "reader_out_of_service"
    LANE_BUSY = "lane_busy"
    SPACE_CLOSED = "space_closed"
    BAD_SIGNATURE = "bad_signature"
    STALE_CODE = "stale_code"
    UNKNOWN_TICKET = "unknown_ticket"
    DESTROYED = "destroyed"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    ON_HOLD = "on_hold"
    UNPAID = "unpaid"
    FORM_MISSING = "form_missing"
    WRONG_SPACE = "wrong_space"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    ALREADY_INSIDE = "already_inside"
    NOT_INSIDE = "not_inside"
    TOO_SOON = "too_soon"
    NO_STAMPS_LEFT = "no_stamps_left"
    DAILY_LIMIT = "daily_limit"
    PARTY_TOO_LARGE = "party_too_large"
    SPACE_FULL = "space_full"
    STORE_UNAVAILABLE = "store_unavailable"


_BY_PRECEDENCE = tuple(Reason)

OVERRIDABLE = frozenset(
    (
        Reason.SPACE_CLOSED,
        *_BY_PRECEDENCE[
            _BY_PRECEDENCE.index(Reason.ON_HOLD) : _BY_PRECEDENCE.index(Reason.STORE_UNAVAILABLE)
        ],
    )
)
"""What an operator's override passes: a closed space, and ``on_hold`` … ``space_full``."""

REFUSES_EXIT = frozenset(
    {
        Reason.MALFORMED_CODE,
        Reason.READER_OUT_OF_SERVICE,
        Reason.LANE_BUSY,
        Reason.BAD_SIGNATURE,
        Reason.UNKNOWN_TICKET,
        Reason.NOT_INSIDE,
    }
)
"""What may keep a visitor from leaving; in an evacuation not even these."""
