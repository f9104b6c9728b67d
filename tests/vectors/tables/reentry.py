"""Coming in again, anti-passback, and going out."""

from collections.abc import Iterator

from tests.vectors.tables.precedence import EXIT_ONLY, WAYS
from tests.vectors.tables.words import REFUSALS, Fields, case, stamped

AFTER: Fields = {"reentry": "after_exit"}
FREE: Fields = {"reentry": "free"}
IN: Fields = {"inside": "hall", "inside_persons": 1}
HARD: list[Fields] = [{"id": "hall", "anti_passback": "hard"}]
SOFT: list[Fields] = [{"id": "hall", "anti_passback": "soft"}]


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield from _after_exit()
    yield from _free()
    yield from _groups()
    yield from _anti_passback()
    yield from _soft_anti_passback()
    yield from _exits()
    yield from _exit_effects()


def _after_exit() -> Iterator[Fields]:
    hour = AFTER | {"reentry_window_s": 3600}
    gone = stamped(1, moved_at="13:00")
    table: tuple[tuple[str, str, str, Fields, Fields], ...] = (
        ("was seen leaving", "granted reentry", "14:00", AFTER, gone),
        ("still inside", "no_stamps_left", "14:00", AFTER, stamped(1, **IN)),
        ("never in", "granted stamp", "14:00", AFTER, {}),
        ("not sold", "no_stamps_left", "14:00", {"reentry": "none"}, gone),
        ("on the last moment", "granted reentry", "14:00", hour, gone),
        ("a moment late", "no_stamps_left", "14:00:00.001", hour, gone),
        ("late, a stamp left", "granted stamp", "14:00:01", hour | {"max_stamps": 2}, gone),
        ("in time, a stamp left", "granted reentry", "14:00", hour | {"max_stamps": 2}, gone),
        ("in time, however soon", "granted reentry", "13:00", hour | {"min_interval_s": 86_400}, gone),
        ("in time, on a used day", "granted reentry", "14:00", hour | {"max_stamps_per_day": 1}, gone),
    )  # fmt: skip
    for name, result, now, product, state in table:
        yield case(f"re-entry after an exit: {name}", result, now=now, product=product, state=state)
    yield case(
        "a re-entry writes no stamp",
        "granted reentry",
        product=AFTER,
        state=gone,
        then=IN | {"moved_at": "14:00"},
        persons_left=0,
    )
    yield case(
        "a re-entry knows the window",
        "too_late",
        product=AFTER,
        ticket={"valid_until": "13:30"},
        state=gone,
    )
    yield case(
        "a stamp of another window opens no re-entry in this one",
        "granted stamp",
        product=AFTER,
        ticket={
            "windows": [{"from": "10:00", "until": "12:00"}, {"from": "13:00", "until": "15:00"}]
        },
        state=gone,
        index=1,
    )


def _free() -> Iterator[Fields]:
    hour = FREE | {"reentry_window_s": 3600}
    since_one = stamped(1, when="13:00", **IN)
    moved_since = stamped(1, when="12:00", moved_at="13:50")
    table: tuple[tuple[str, str, str, Fields, Fields], ...] = (
        ("never seen leaving", "granted reentry", "14:00", FREE, since_one),
        ("never in", "granted stamp", "14:00", FREE, {}),
        ("on the last moment", "granted reentry", "14:00", hour, since_one),
        ("a moment late", "no_stamps_left", "14:00:00.001", hour, since_one),
        ("counted from the stamp, not from the last move", "no_stamps_left", "14:00", hour, moved_since),
        ("too soon does not apply", "granted reentry", "13:00", hour | {"min_interval_s": 600}, since_one),
    )  # fmt: skip
    for name, result, now, product, state in table:
        yield case(f"free re-entry: {name}", result, now=now, product=product, state=state)
    yield case(
        "free re-entry of one still counted inside: counted once",
        "granted reentry",
        product=FREE,
        state=since_one,
        spaces=[{"id": "hall", "inside": 1}],
        then={"moved_at": "14:00"},
        inside={"hall": 1},
    )
    yield case(
        "free re-entry, more than the ticket covers",
        "party_too_large",
        product=FREE,
        state=since_one,
        scan={"persons": 2},
    )


def _groups() -> Iterator[Fields]:
    five: Fields = {"audience": "group", "persons": 5}
    parts = AFTER | {"partial_groups": True}
    all_in = stamped(1, persons=[5], inside="hall", inside_persons=5)
    two_out = all_in | {"inside_persons": 3}
    all_out = stamped(1, persons=[5])
    some_in = stamped(1, persons=[3], inside="hall", inside_persons=2)
    table: tuple[tuple[str, str, Fields, Fields, int | None, int], ...] = (
        ("one of the two outside", "granted reentry 1", parts, two_out, None, 0),
        ("both outside", "granted reentry 2", parts, two_out, 2, 0),
        ("more than are outside", "no_stamps_left", parts, two_out, 3, 0),
        ("nobody is outside", "no_stamps_left", parts, all_in, None, 0),
        ("whole: those outside by default", "granted reentry 2", AFTER, two_out, None, 0),
        ("whole: all outside", "granted reentry 5", AFTER, all_out, None, 0),
        ("whole: one of those outside", "granted reentry 1", AFTER, two_out, 1, 0),
        ("whole: first what is left", "granted rest 2", AFTER, some_in, None, 0),
        ("in parts: first those who left", "granted reentry 1", parts, some_in, None, 2),
        ("in parts: more than left come as the rest", "granted rest 2", parts, some_in, 2, 0),
        ("free: any part again", "granted reentry 2", FREE, all_in, 2, 0),
        ("free: whole by default", "granted reentry 5", FREE, all_in, None, 0),
        ("free: too many", "party_too_large", FREE, all_in, 6, 0),
    )  # fmt: skip
    for name, result, product, state, persons, left in table:
        yield case(
            f"a group comes back: {name}",
            result,
            product=product,
            ticket=five,
            state=state,
            scan={"persons": persons},
            persons_left=left,
        )


def _anti_passback() -> Iterator[Fields]:
    inside = stamped(1, **IN)
    forgiving: list[Fields] = [{"id": "hall", "anti_passback": "hard", "anti_passback_min": 60}]
    many: Fields = {"max_stamps": 10}
    for mode, result in (
        ("off", "granted stamp"),
        ("soft", "granted stamp"),
        ("hard", "already_inside"),
    ):
        yield case(
            f"anti-passback {mode}, inside",
            result,
            product=many,
            state=inside,
            spaces=[{"id": "hall", "anti_passback": mode}],
            conflict="already_inside" if mode == "soft" else None,
        )
    table: tuple[tuple[str, str, str, Fields, Fields, Fields, list[Fields]], ...] = (
        ("outside", "granted stamp", "14:00", many, {}, stamped(1), HARD),
        ("also against free re-entry", "already_inside", "14:00", FREE, {}, inside, HARD),
        ("also with a stamp left in another window", "already_inside", "14:00", many, {"windows": [{"until": "12:00"}, {"from": "12:00"}]}, inside, HARD),
        ("not while persons are left", "granted rest", "14:00", many, {"persons": 2}, inside, HARD),
        ("not for those who went out", "granted reentry", "14:00", AFTER, {"persons": 2}, stamped(1, persons=[2], **IN), HARD),
        ("inside a space within", "already_inside", "14:00", many, {}, inside | {"inside": "room"}, [*HARD, {"id": "room", "parent": "hall"}]),
        ("inside the space around it", "granted stamp", "14:00", many, {}, inside | {"inside": "museum"}, [{"id": "museum"}, HARD[0] | {"parent": "museum"}]),
        ("inside elsewhere", "granted stamp", "14:00", many, {}, inside | {"inside": "garden"}, [*HARD, {"id": "garden"}]),
        ("back from a space within", "already_inside", "14:00", many, {}, inside | {"inside_persons": 0}, HARD),
        ("not forgiven yet", "already_inside", "10:59:59", many, {}, inside, forgiving),
        ("forgiven", "granted stamp", "11:00", many, {}, inside, forgiving),
    )  # fmt: skip
    for name, result, now, product, ticket, state, spaces in table:
        yield case(
            f"hard anti-passback: {name}",
            result,
            now=now,
            product=product,
            ticket=ticket,
            state=state,
            spaces=spaces,
        )


def _soft_anti_passback() -> Iterator[Fields]:
    inside = stamped(1, **IN)
    forgiving: list[Fields] = [SOFT[0] | {"anti_passback_min": 60}]
    around: list[Fields] = [{"id": "museum"}, SOFT[0] | {"parent": "museum"}, {"id": "room", "parent": "hall"}, {"id": "garden"}]  # fmt: skip
    many: Fields = {"max_stamps": 10}
    two: Fields = {"persons": 2}
    twice = "already_inside"
    table: tuple[tuple[str, str, str | None, str, Fields, Fields, Fields, list[Fields], Fields], ...] = (
        ("never in", "granted stamp", None, "14:00", many, {}, {}, SOFT, {}),
        ("outside", "granted stamp", None, "14:00", many, {}, stamped(1), SOFT, {}),
        ("free re-entry", "granted reentry", twice, "14:00", FREE, {}, inside, SOFT, {}),
        ("a stamp left in another window", "granted stamp", twice, "14:00", many, {"windows": [{"until": "12:00"}, {"from": "12:00"}]}, inside, SOFT, {}),
        ("not while persons are left", "granted rest", None, "14:00", many, two, inside, SOFT, {}),
        ("not for those who went out", "granted reentry", None, "14:00", AFTER, two, stamped(1, persons=[2], **IN), SOFT, {}),
        ("inside a space within", "granted stamp", twice, "14:00", many, {}, inside | {"inside": "room"}, around, {}),
        ("inside the space around it", "granted stamp", None, "14:00", many, {}, inside | {"inside": "museum"}, around, {}),
        ("inside elsewhere", "granted stamp", None, "14:00", many, {}, inside | {"inside": "garden"}, around, {}),
        ("a space within, which minds nothing", "granted stamp", None, "14:00", many, {}, inside | {"inside": "room"}, around, {"space": "room"}),
        ("back from a space within", "granted stamp", twice, "14:00", many, {}, inside | {"inside_persons": 0}, SOFT, {}),
        ("not forgiven yet", "granted stamp", twice, "10:59:59", many, {}, inside, forgiving, {}),
        ("forgiven", "granted stamp", None, "11:00", many, {}, inside, forgiving, {}),
        ("an override knows", "granted stamp", None, "14:00", many, {}, inside, SOFT, {"override": True}),
        ("a free space", "granted free", None, "14:00", many, {}, inside, [SOFT[0] | {"mode": "free"}], {}),
        ("refused by another rule", "no_stamps_left", None, "14:00", {}, {}, inside, SOFT, {}),
        ("refused by an earlier rule", "too_late", None, "14:00", many, {"valid_until": "13:00"}, inside, SOFT, {}),
    )  # fmt: skip
    for name, result, conflict, now, product, ticket, state, spaces, scan in table:
        yield case(
            f"soft anti-passback: {name}",
            result,
            now=now,
            product=product,
            ticket=ticket,
            state=state,
            spaces=spaces,
            scan=scan,
            conflict=conflict,
        )
    yield case(
        "soft anti-passback: a check tells",
        "granted stamp",
        product=many,
        state=inside,
        spaces=SOFT,
        scan={"check": True},
        counted_persons=0,
        counted_stamps=0,
        conflict=twice,
    )


def _exits() -> Iterator[Fields]:
    out: Fields = {"direction": "exit"}
    for reason in REFUSALS:
        way = WAYS[reason]
        if way.get("scan", {}).get("direction") == "exit":
            continue
        parts = {key: it for key, it in way.items() if key != "space"}
        parts["scan"] = out | way.get("scan", {})
        refused = reason in EXIT_ONLY
        persons = parts["scan"].get("persons", 1)
        yield case(
            f"an exit and {reason}",
            reason if refused else f"granted exit {persons}",
            spaces=[{"id": "hall"} | way.get("space", {})],
            **parts,
        )
    for reason in sorted(EXIT_ONLY - {"malformed_code", "not_inside"}):
        way = WAYS[reason]
        parts = way | {"scan": out | way.get("scan", {})}
        yield case(
            f"an exit in an evacuation and {reason}",
            "granted exit",
            spaces=[{"id": "hall", "mode": "evacuate"}],
            **parts,
        )
    lost: Fields = {"unknown": True, "scan": out}
    yield case(
        "an exit in an evacuation of all around",
        "granted exit",
        spaces=[{"id": "museum", "mode": "evacuate"}, {"id": "hall", "parent": "museum"}],
        **lost,
    )
    yield case(
        "an unknown ticket leaves a free space",
        "granted exit",
        spaces=[{"id": "hall", "mode": "free"}],
        **lost,
    )
    yield case(
        "an unknown ticket leaves while the store is loading",
        "granted exit",
        loading=True,
        degraded=True,
        **lost,
    )
    yield case("a ticket of an unknown product leaves", "granted exit", scan=out, no_product=True)
    gone = stamped(1)
    inside = stamped(1, **IN)
    around: list[Fields] = [HARD[0], {"id": "room", "parent": "hall"}, {"id": "garden"}]
    table: tuple[tuple[str, str, str, Fields, list[Fields], Fields], ...] = (
        ("hard, inside", "granted exit", "14:00", inside, HARD, {}),
        ("hard, gone", "not_inside", "14:00", gone, HARD, {}),
        ("hard, gone, override", "granted exit", "14:00", gone, HARD, {"override": True}),
        ("hard, in a space within", "granted exit", "14:00", inside | {"inside": "room"}, around, {}),
        ("hard, elsewhere", "not_inside", "14:00", inside | {"inside": "garden"}, around, {}),
        ("hard, gone, evacuation", "granted exit", "14:00", gone, [HARD[0] | {"mode": "evacuate"}], {}),
        ("hard, gone, free", "granted exit", "14:00", gone, [HARD[0] | {"mode": "free"}], {}),
        ("hard, forgiven", "granted exit", "11:00", gone, [HARD[0] | {"anti_passback_min": 60}], {}),
        ("hard, not forgiven yet", "not_inside", "10:59", gone, [HARD[0] | {"anti_passback_min": 60}], {}),
        ("locked space", "granted exit", "14:00", inside, [{"id": "hall", "mode": "locked"}], {}),
    )  # fmt: skip
    for name, result, now, state, spaces, more in table:
        yield case(f"an exit: {name}", result, now=now, state=state, spaces=spaces, scan=out | more)
    forgiving = SOFT[0] | {"anti_passback_min": 60}
    soft: tuple[tuple[str, str | None, str, Fields, list[Fields], Fields], ...] = (
        ("inside", None, "14:00", inside, SOFT, {}),
        ("gone", "not_inside", "14:00", gone, SOFT, {}),
        ("never in", "not_inside", "14:00", {}, SOFT, {}),
        ("gone, override", None, "14:00", gone, SOFT, {"override": True}),
        ("in a space within", None, "14:00", inside | {"inside": "room"}, [SOFT[0], *around[1:]], {}),
        ("in the space around it", "not_inside", "14:00", inside | {"inside": "museum"}, [{"id": "museum"}, SOFT[0] | {"parent": "museum"}], {}),
        ("elsewhere", "not_inside", "14:00", inside | {"inside": "garden"}, [SOFT[0], *around[1:]], {}),
        ("gone, evacuation", None, "14:00", gone, [SOFT[0] | {"mode": "evacuate"}], {}),
        ("gone, free", None, "14:00", gone, [SOFT[0] | {"mode": "free"}], {}),
        ("forgiven", None, "11:00", gone, [forgiving], {}),
        ("not forgiven yet", "not_inside", "10:59", gone, [forgiving], {}),
    )  # fmt: skip
    for name, conflict, now, state, spaces, more in soft:
        yield case(
            f"an exit: soft, {name}",
            "granted exit",
            now=now,
            state=state,
            spaces=spaces,
            scan=out | more,
            conflict=conflict,
        )
    yield case(
        "an exit: soft, a ticket of an unknown product",
        "granted exit",
        spaces=SOFT,
        scan=out,
        no_product=True,
        conflict="not_inside",
    )


def _exit_effects() -> Iterator[Fields]:
    out: Fields = {"direction": "exit"}
    five: Fields = {"audience": "group", "persons": 5}
    all_in = stamped(1, persons=[5], inside="hall", inside_persons=5)
    yield case(
        "an exit writes no stamp",
        "granted exit",
        state=stamped(1, **IN),
        spaces=[{"id": "hall", "inside": 7}],
        scan=out,
        then={"inside": None, "inside_persons": 0, "moved_at": "14:00"},
        inside={"hall": 6},
    )
    yield case(
        "a group leaves together by default",
        "granted exit 5",
        ticket=five,
        state=all_in,
        scan=out,
        then={"inside": None, "inside_persons": 0, "moved_at": "14:00"},
    )
    yield case(
        "a part of a group leaves",
        "granted exit 2",
        ticket=five,
        state=all_in,
        scan=out | {"persons": 2},
        then={"inside_persons": 3, "moved_at": "14:00"},
    )
    yield case(
        "a group nobody saw coming in",
        "granted exit 1",
        ticket=five,
        scan=out,
        then={"moved_at": "14:00"},
    )
    yield case(
        "more leave than came in",
        "granted exit 3",
        state=stamped(1, **IN),
        scan=out | {"persons": 3},
        spaces=[{"id": "hall", "inside": 2}],
        inside={"hall": 0},
    )
    yield case(
        "a destroyed ticket leaves",
        "granted exit",
        state=stamped(1, **IN, destroyed_at="13:00"),
        scan=out,
    )
