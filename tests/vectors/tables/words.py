"""The few words the tables are written in, and how a line becomes a case.

A time is ``14:00`` (the usual Saturday), ``14:00:01`` or ``2026-10-25 01:30``, on the wall of the
venue in Paris. A case says only what differs from the usual ticket; its result is ``too_late`` or
``granted stamp``, with the persons where they are not one: ``granted rest 3``.
"""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

type Fields = dict[str, Any]

PARIS = ZoneInfo("Europe/Paris")
USUAL_DAY = "2026-06-13"
CODE = "KRSXG5CTNVZA2"
_INSTANTS = {"valid_from", "valid_until", "hold_until"}
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?")

REFUSALS = [
    "malformed_code",
    "evacuation",
    "reader_out_of_service",
    "lane_busy",
    "space_closed",
    "bad_signature",
    "stale_code",
    "unknown_ticket",
    "destroyed",
    "cancelled",
    "blocked",
    "on_hold",
    "unpaid",
    "form_missing",
    "wrong_space",
    "too_early",
    "too_late",
    "already_inside",
    "not_inside",
    "too_soon",
    "no_stamps_left",
    "daily_limit",
    "party_too_large",
    "space_full",
    "store_unavailable",
]
"""DESIGN 4, in order of precedence."""


def at(wall: str) -> str:
    """Return a wall time of the venue as an instant, RFC 3339 with its offset.

    The second hour of the clock change in autumn is written ``2026-10-25 02:30 again``.
    """
    fold = int(wall.endswith(" again"))
    wall = wall.removesuffix(" again")
    moment = datetime.fromisoformat(f"{USUAL_DAY} {wall}" if _CLOCK.fullmatch(wall) else wall)
    return moment.replace(tzinfo=PARIS, fold=fold).isoformat()


def day(instant: str) -> int:
    """Return the venue's local day of an instant, as YYYYMMDD."""
    return int(datetime.fromisoformat(instant).strftime("%Y%m%d"))


def stamped(
    *made: int, persons: list[int] | None = None, when: str = "10:00", **more: Any
) -> Fields:
    """Return a state with stamps made in each window, the last of them at ``when``."""
    return {
        "made_by_window": list(made),
        "persons_by_window": persons or list(made),
        "day": day(at(when)),
        "made_on_day": 1,
        "first_at": when,
        "first_reader": "south-2",
        "last_at": when,
        "last_reader": "south-2",
        "moved_at": when,
    } | more


def case(
    name: str,
    result: str,
    *,
    now: str = "14:00",
    product: Fields | None = None,
    ticket: Fields | None = None,
    state: Fields | None = None,
    sessions: list[Fields] | None = None,
    spaces: list[Fields] | None = None,
    scan: Fields | None = None,
    unknown: bool = False,
    no_product: bool = False,
    loading: bool = False,
    recorded: bool = False,
    then: Fields | None = None,
    **expect: Any,
) -> Fields:
    """Build a case; ``then`` holds the fields of the state that change, ``expect`` the rest.

    A ``recorded`` case was granted elsewhere, offline, and is taken in now.
    """
    instant = at(now)
    written: Fields = {
        "name": name,
        "now": instant,
        "day": day(instant),
        "loading": loading,
        "recorded": recorded,
        "product": None if no_product else {"id": "visit"} | _instants(product),
        "sessions": [{"product": "visit"} | _instants(session) for session in sessions or []],
        "ticket": None if unknown else {"code": CODE, "product": "visit"} | _instants(ticket),
        "state": _instants(state),
        "spaces": spaces or [{"id": "hall"}],
        "scan": {"reader": "north-1", "space": "hall", "direction": "entry"} | (scan or {}),
        "expect": _result(result)
        | {key: _instants_of_window(key, it) for key, it in expect.items()},
    }
    if then is not None:
        written["expect"]["state"] = _instants(then)
    return written


def _result(result: str) -> Fields:
    if result in REFUSALS:
        return {"decision": "denied", "reason": result, "counted_persons": 0, "counted_stamps": 0}
    granted, kind, *persons = result.split()
    count = int(persons[0]) if persons else 1
    return {
        "decision": granted,
        "reason": None,
        "kind": kind,
        "persons": count,
        "counted_persons": count,
        "counted_stamps": 1 if kind == "stamp" else 0,
    }


def _instants(fields: Fields | None) -> Fields:
    return {key: _instant(key, it) for key, it in (fields or {}).items()}


def _instant(key: str, it: Any) -> Any:
    if key == "windows":
        return [_instants_of_window("window", window) for window in it]
    is_time = isinstance(it, str) and (key.endswith("_at") or key in _INSTANTS)
    return at(it) if is_time else it


def _instants_of_window(key: str, it: Any) -> Any:
    if key != "window" or it is None:
        return it
    if isinstance(it, tuple):
        it = {"from": it[0], "until": it[1]}
    return {
        name: at(bound) if name in {"from", "until"} and bound else bound
        for name, bound in it.items()
    }
