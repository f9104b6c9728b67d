"""Grants given offline and uploaded later: they count in any case, and may be in conflict."""

from collections.abc import Iterator

from tests.vectors.tables.reentry import HARD, IN, SOFT
from tests.vectors.tables.words import Fields, case, stamped

OUT: Fields = {"direction": "exit"}
GROUP: Fields = {"audience": "group", "persons": 5}
INSIDE = stamped(1, **IN)


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield from _conflicts()
    yield from _late()


def _conflicts() -> Iterator[Fields]:
    gone = stamped(1, moved_at="13:00")
    table: tuple[tuple[str, str, Fields, str | None], ...] = (
        ("a good ticket", "granted stamp", {}, None),
        ("a used ticket stamps again", "granted stamp", {"state": stamped(1)}, "no_stamps_left"),
        ("too early", "granted stamp", {"ticket": {"valid_from": "15:00"}}, "too_early"),
        ("wrong space", "granted stamp", {"ticket": {"spaces": ["garden"]}}, "wrong_space"),
        ("destroyed meanwhile", "granted stamp", {"state": {"destroyed_at": "13:00"}}, "destroyed"),
        ("cancelled meanwhile", "granted stamp", {"ticket": {"status": "cancelled"}}, "cancelled"),
        ("full", "granted stamp", {"spaces": [{"id": "hall", "capacity": 0}]}, "space_full"),
        ("an unknown ticket is only counted", "granted free", {"unknown": True}, "unknown_ticket"),
        ("a re-entry stamps nothing", "granted reentry", {"state": gone, "product": {"reentry": "after_exit"}}, None),
        ("the rest of a stamp", "granted rest 2", {"ticket": GROUP, "state": stamped(1, persons=[3])}, None),
        ("more than the rest take a stamp", "granted stamp 5", {"ticket": GROUP, "state": stamped(1, persons=[3]), "scan": {"persons": 5}}, "party_too_large"),
        ("fewer of a whole group than are left", "granted rest 1", {"ticket": GROUP, "state": stamped(1, persons=[3]), "scan": {"persons": 1}}, "party_too_large"),
        ("an exit", "granted exit", {"state": INSIDE, "scan": OUT}, None),
        ("inside, soft anti-passback", "granted stamp", {"product": {"max_stamps": 10}, "state": INSIDE, "spaces": SOFT}, "already_inside"),
        ("inside, hard anti-passback", "granted stamp", {"state": INSIDE, "spaces": HARD}, "already_inside"),
        ("inside, soft anti-passback: a refusal comes first", "granted stamp", {"state": INSIDE, "spaces": SOFT}, "no_stamps_left"),
        ("an exit of one who has gone, soft anti-passback", "granted exit", {"state": gone, "spaces": SOFT, "scan": OUT}, "not_inside"),
        ("an exit of one who has gone, hard anti-passback", "granted exit", {"state": gone, "spaces": HARD, "scan": OUT}, "not_inside"),
        ("an exit of an unknown ticket", "granted exit", {"unknown": True, "scan": OUT}, "unknown_ticket"),
    )  # fmt: skip
    for name, result, parts, conflict in table:
        yield case(f"offline: {name}", result, recorded=True, conflict=conflict, **parts)


def _late() -> Iterator[Fields]:
    later = stamped(1, when="15:00", moved_at="16:00")
    yield case(
        "offline: an older stamp is the first, not the last, and moves nobody",
        "granted stamp",
        product={"max_stamps": 3},
        state=later,
        recorded=True,
        conflict=None,
        then={
            "made_by_window": [2],
            "persons_by_window": [2],
            "made_on_day": 2,
            "first_at": "14:00",
            "first_reader": "north-1",
        },
        inside={"hall": 1},
    )
    full = [{"id": "hall", "capacity": 1, "inside": 1}]
    held = stamped(1, **IN | {"moved_at": "16:00"})
    yield case(
        "offline: one told late comes on top of whoever is in a full space, and moves nobody",
        "granted stamp",
        product={"max_stamps": 3},
        state=held,
        spaces=full,
        recorded=True,
        conflict="space_full",
    )
    yield case(
        "offline: one told in time takes the place of whoever was inside on the ticket",
        "granted stamp",
        product={"max_stamps": 3},
        state=INSIDE,
        spaces=full,
        recorded=True,
        conflict=None,
    )
    yield case(
        "offline: a stamp of yesterday leaves today's count",
        "granted stamp",
        now="2026-06-12 20:00",
        product={"max_stamps": 3},
        state=later,
        recorded=True,
        then={
            "made_by_window": [2],
            "persons_by_window": [2],
            "first_at": "2026-06-12 20:00",
            "first_reader": "north-1",
        },
    )
    yield case(
        "offline: an older exit moves nobody",
        "granted exit",
        state=stamped(1, when="15:00", inside="hall", inside_persons=1),
        spaces=[{"id": "hall", "inside": 3}],
        scan=OUT,
        recorded=True,
        then={},
        inside={"hall": 2},
    )
