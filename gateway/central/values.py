"""Says in a sentence which value the central database does not take, and why.

The constraints are the rule (schema/); a constraint is called after its table and column, so that
its name says the field, and the sentence for it is here. A test asks the database for constraints
that have none.
"""

from typing import Final

import asyncpg

from gateway.errors import DatabaseValueError

_ID: Final = "1 to 60 bytes without control characters"
_CODE: Final = "1 to 512 bytes without control characters"
_TEXT: Final = "at most 400 bytes, without control characters"
_SPACE: Final = "a space's id: a-z, 0-9 and hyphens, at most 32"
_SPACES: Final = "1 to 64 ids of spaces"
_MARGIN: Final = "0 to 31622400 seconds"
_FINITE: Final = "an instant, not infinity"

DETAILS: Final = {
    "product_id": _ID,
    "product_id_fixed": "a product keeps its id",
    "product_label": _TEXT,
    "product_kind": _ID,
    "product_spaces": _SPACES,
    "product_margin_before_s": _MARGIN,
    "product_margin_after_s": _MARGIN,
    "product_margin_after_from": "end or start",
    "product_max_stamps": "1 to 999999, or nothing for unlimited",
    "product_max_stamps_per_day": "1 to 999999, or nothing for unlimited",
    "product_min_interval_s": _MARGIN,
    "product_valid_for_s": "1 to 315576000 seconds",
    "product_reentry": "none, after_exit or free",
    "product_reentry_window_s": "0 to 315576000 seconds",
    "session_id": _ID,
    "session_id_fixed": "a session keeps its id",
    "session_product_known": "there is no such product",
    "session_starts_at": _FINITE,
    "session_ends_at": "an instant that is not before starts_at",
    "session_places": "0 to 9999999",
    "session_label": _TEXT,
    "session_host": _TEXT,
    "session_space": _SPACE,
    "ticket_code": _CODE,
    "ticket_code_fixed": "a ticket keeps its code; a new code is a new ticket",
    "ticket_product_known": "there is no such product",
    "ticket_session_known": "there is no such session",
    "ticket_valid_from": _FINITE,
    "ticket_valid_until": "an instant that is not before valid_from",
    "ticket_windows": (
        '1 to 32 windows {"session"} or {"from","until"} with offsets, each with "spaces" and '
        '"stamps" if wanted'
    ),
    "ticket_order_ref": "at most 200 bytes, without control characters",
    "ticket_ordered_at": _FINITE,
    "ticket_payer": _TEXT,
    "ticket_holder": _TEXT,
    "ticket_audience": "individual or group",
    "ticket_audience_label": _TEXT,
    "ticket_persons": "1 to 9999",
    "ticket_spaces": _SPACES,
    "ticket_status": "active, unpaid, on_hold, cancelled, replaced or blocked",
    "ticket_hold_until": _FINITE,
    "ticket_replaced_by": "the code of another ticket",
    "ticket_destroyed_at": _FINITE,
    "ticket_source": _ID,
    "api_key_name": _ID,
    "api_key_hash": "a sha256 in hexadecimal",
    "api_key_role": "viewer, scanner, operator or admin",
    "api_key_reader": "a reader's id: a-z, 0-9 and hyphens, at most 32",
    "api_key_may": "destroy, or nothing",
    "code_key_id": "1 to 65535",
    "code_key_kind": "mac, ed25519 or rotating",
    "code_key_secret": "32 bytes",
    "code_key_public": "32 bytes of an ed25519 key, else none",
    "code_key_label": "at most 60 characters",
    "webhook_call_what": "an event or facts",
    "site_id": "a-z, 0-9 and hyphens, at most 32",
}
"""By the name of the constraint: what the value must be."""


def field_of(constraint: str, table: str) -> str:
    """Tell the column that a constraint speaks of.

    >>> field_of("ticket_product_known", "ticket")
    'product'
    """
    return constraint.removeprefix(f"{table}_").removesuffix("_known").removesuffix("_fixed")


def value_error(error: asyncpg.PostgresError) -> DatabaseValueError:
    """Turn what PostgreSQL raised for a value into field and detail."""
    # An error that asyncpg raises before it asks PostgreSQL has none of these.
    table = getattr(error, "table_name", None) or ""
    column = getattr(error, "column_name", None) or ""
    constraint = getattr(error, "constraint_name", None)
    if isinstance(error, asyncpg.NotNullViolationError):
        return DatabaseValueError(column, "a value is needed")
    if constraint is not None:
        return DatabaseValueError(field_of(constraint, table), DETAILS.get(constraint, str(error)))
    return DatabaseValueError(column, str(error))
