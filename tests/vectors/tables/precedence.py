"""Every reason alone, every pair of reasons that can meet, and what an override makes of them."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

from tests.vectors.tables.words import REFUSALS, Fields, case, stamped

ONCE = stamped(1)
WAYS: dict[str, Fields] = {
    "malformed_code": {"scan": {"malformed": True}},
    "evacuation": {"space": {"mode": "evacuate"}},
    "reader_out_of_service": {"scan": {"out_of_service": True}},
    "lane_busy": {"scan": {"lane_busy": True}},
    "space_closed": {"scan": {"closed": True}},
    "bad_signature": {"scan": {"bad_signature": True}},
    "stale_code": {"scan": {"stale_code": True}},
    "unknown_ticket": {"unknown": True},
    "destroyed": {"state": {"destroyed_at": "09:00"}},
    "cancelled": {"ticket": {"status": "cancelled"}},
    "blocked": {"product": {"blocked": True}},
    "on_hold": {"ticket": {"status": "on_hold"}},
    "unpaid": {"ticket": {"status": "unpaid"}},
    "form_missing": {"ticket": {"form_required": True}},
    "wrong_space": {"ticket": {"spaces": ["garden"]}},
    "too_early": {"ticket": {"valid_from": "15:00"}},
    "too_late": {"ticket": {"valid_until": "13:00"}},
    "already_inside": {
        "space": {"anti_passback": "hard"},
        "state": ONCE | {"inside": "hall", "inside_persons": 1},
    },
    "not_inside": {"scan": {"direction": "exit"}, "space": {"anti_passback": "hard"}},
    "too_soon": {"state": ONCE, "product": {"min_interval_s": 18_000}},
    "no_stamps_left": {"state": ONCE, "product": {"max_stamps": 1}},
    "daily_limit": {"state": ONCE, "product": {"max_stamps_per_day": 1}},
    "party_too_large": {"scan": {"persons": 2}},
    "space_full": {"space": {"capacity": 10, "inside": 10}},
    "store_unavailable": {"unknown": True, "loading": True},
}
"""One way to meet each reason; two ways that disagree on a field cannot meet."""

EXIT_ONLY = {
    "malformed_code",
    "reader_out_of_service",
    "lane_busy",
    "bad_signature",
    "unknown_ticket",
    "not_inside",
}
OVERRIDABLE = {"space_closed", *REFUSALS[REFUSALS.index("on_hold") : -1]}
NO_TICKET = {"unknown_ticket", "store_unavailable"}
BEFORE_ANY_TICKET = set(REFUSALS[: REFUSALS.index("unknown_ticket")])
HAND_MADE = {("too_early", "too_late")}


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield case("nothing against it", "granted stamp", product={"max_stamps": 3})
    for reason in REFUSALS:
        yield _build(f"alone: {reason}", reason, WAYS[reason])
    for first, second in combinations(REFUSALS, 2):
        if (both := _meet(first, second)) is not None:
            yield _build(f"{first} before {second}", first, both)
    yield case(
        "too_early before too_late: one window past, one to come",
        "too_early",
        ticket={
            "windows": [{"from": "10:00", "until": "11:00"}, {"from": "16:00", "until": "17:00"}]
        },
        window=("16:00", "17:00"),
        index=1,
    )
    yield from _steps()
    yield from _overrides()


def _steps() -> Iterator[Fields]:
    """A rotating code whose figure is right: each step lets in once."""
    often: Fields = {"max_stamps": 3}
    yield case(
        "a rotating code lets in, and its step is used",
        "granted stamp",
        scan={"step": 40_000_000},
        then=stamped(1, when="14:00", first_reader="north-1", last_reader="north-1")
        | {"inside": "hall", "inside_persons": 1, "step": 40_000_000},
    )
    for off, result in ((-1, "stale_code"), (0, "stale_code"), (1, "granted stamp")):
        yield case(
            f"a rotating code {off:+d} steps from the last that let in",
            result,
            product=often,
            state=ONCE | {"step": 40_000_000},
            scan={"step": 40_000_000 + off},
        )
    yield case(
        "a used step says so before the ticket does",
        "stale_code",
        product=often,
        ticket={"status": "cancelled"},
        state=ONCE | {"step": 40_000_000},
        scan={"step": 40_000_000},
    )
    yield case(
        "bad_signature before a used step",
        "bad_signature",
        product=often,
        state=ONCE | {"step": 40_000_000},
        scan={"step": 40_000_000, "bad_signature": True},
    )
    yield case(
        "a reference alone needs no step",
        "granted stamp",
        product=often,
        state=ONCE | {"step": 40_000_000},
    )
    yield case(
        "a used step lets out",
        "granted exit",
        state=ONCE | {"step": 40_000_000, "inside": "hall", "inside_persons": 1},
        scan={"step": 40_000_000, "direction": "exit"},
    )
    yield case(
        "a used step at a free gate",
        "granted free",
        state=ONCE | {"step": 40_000_000},
        scan={"step": 40_000_000, "free": True},
    )
    yield case(
        "a used step told late counts, and is a conflict",
        "granted stamp",
        product=often,
        state=ONCE | {"step": 40_000_000},
        scan={"step": 39_999_999},
        recorded=True,
        conflict="stale_code",
    )


def _overrides() -> Iterator[Fields]:
    for reason in REFUSALS:
        way = _merge(WAYS[reason], {"scan": {"override": True}})
        assert way is not None
        if reason not in OVERRIDABLE:
            yield _build(f"override does not pass {reason}", reason, way)
            continue
        persons = 2 if reason == "party_too_large" else 1
        kind = "exit" if reason == "not_inside" else "stamp"
        yield _build(f"override passes {reason}", f"granted {kind} {persons}", way, passed=[reason])
    for first, second in combinations(REFUSALS, 2):
        both = _meet(first, second)
        if both is None or first not in OVERRIDABLE or second in OVERRIDABLE:
            continue
        way = _merge(both, {"scan": {"override": True}})
        assert way is not None
        yield _build(f"override of {first} gives way to {second}", second, way)
    for first, second in pairwise(REFUSALS):
        both = _meet(first, second)
        if both is None or not {first, second} <= OVERRIDABLE:
            continue
        way = _merge(both, {"scan": {"override": True}})
        assert way is not None
        persons = way["scan"].get("persons", 1)
        yield _build(
            f"override passes {first} and {second}",
            f"granted stamp {persons}",
            way,
            passed=[first, second],
        )


def _meet(first: str, second: str) -> Fields | None:
    """Return how two reasons meet; ``None`` where they cannot."""
    if (first, second) in HAND_MADE:
        return None
    if "not_inside" in {first, second} and not {first, second} <= EXIT_ONLY:
        return None
    if second in NO_TICKET and first not in BEFORE_ANY_TICKET:
        return None
    if first in NO_TICKET and second != "space_full":
        return None
    return _merge(WAYS[first], WAYS[second])


def _merge(one: Fields, other: Fields) -> Fields | None:
    merged: Fields = {part: dict(it) if isinstance(it, dict) else it for part, it in one.items()}
    for part, it in other.items():
        if not isinstance(it, dict):
            merged[part] = it
            continue
        fields = merged.setdefault(part, {})
        if any(fields.get(key, value) != value for key, value in it.items()):
            return None
        fields.update(it)
    return merged


def _build(name: str, result: str, way: Fields, **expect: Any) -> Fields:
    parts = {key: it for key, it in way.items() if key not in {"space", "product"}}
    return case(
        name,
        result,
        product={"max_stamps": 3} | way.get("product", {}),
        spaces=[{"id": "hall"} | way.get("space", {})],
        **parts,
        **expect,
    )
