"""Persons: several on one ticket, groups whole and in parts, changes of the order."""

from collections.abc import Iterator

from tests.vectors.tables.words import Fields, case, stamped

GROUP: Fields = {"audience": "group", "persons": 5}
PARTS: Fields = {"partial_groups": True}


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield from _several_on_one_ticket()
    yield from _whole_groups()
    yield from _partial_groups()
    yield from _changes()
    yield from _what_does_not_apply()


def _several_on_one_ticket() -> Iterator[Fields]:
    four: Fields = {"persons": 4}
    table: tuple[tuple[str, str, Fields, int | None, int], ...] = (
        ("one by default", "granted stamp 1", {}, None, 3),
        ("all at once", "granted stamp 4", {}, 4, 0),
        ("one too many", "party_too_large", {}, 5, 4),
        ("the second", "granted rest 1", stamped(1), None, 2),
        ("the three others", "granted rest 3", stamped(1), 3, 0),
        ("one more than are left", "party_too_large", stamped(1), 4, 3),
        ("all are in", "no_stamps_left", stamped(1, persons=[4]), None, 0),
    )
    for name, result, state, persons, left in table:
        yield case(
            f"four on one ticket: {name}",
            result,
            ticket=four,
            state=state,
            scan={"persons": persons},
            persons_left=left,
        )
    yield case(
        "the rest of a stamp writes persons, no stamp",
        "granted rest 2",
        ticket=four,
        state=stamped(1, inside="hall", inside_persons=1),
        scan={"persons": 2},
        then={"persons_by_window": [3], "inside_persons": 3, "moved_at": "14:00"},
    )
    yield case(
        "the rest stays under the allowance of its own window",
        "granted stamp 1",
        ticket=four
        | {"windows": [{"from": "10:00", "until": "12:00"}, {"from": "13:00", "until": "15:00"}]},
        state=stamped(1),
        index=1,
        persons_left=3,
    )
    yield case(
        "two stamps of four: the second begins when the first is used up",
        "granted stamp 1",
        ticket=four,
        product={"max_stamps": 2},
        state=stamped(1, persons=[4]),
        persons_left=3,
    )
    yield case(
        "override: more than are left come in on the stamp made",
        "granted rest 3",
        ticket=four,
        state=stamped(1, persons=[2]),
        scan={"persons": 3, "override": True},
        passed=["party_too_large"],
        persons_left=0,
    )


def _whole_groups() -> Iterator[Fields]:
    table: tuple[tuple[str, str, Fields, int | None, int], ...] = (
        ("all by default", "granted stamp 5", {}, None, 0),
        ("all as said", "granted stamp 5", {}, 5, 0),
        ("fewer", "party_too_large", {}, 4, 5),
        ("more", "party_too_large", {}, 6, 5),
        ("again", "no_stamps_left", stamped(1, persons=[5]), None, 0),
        ("what is left by default", "granted rest 2", stamped(1, persons=[3]), None, 0),
        ("what is left as said", "granted rest 2", stamped(1, persons=[3]), 2, 0),
        ("not all that are left", "party_too_large", stamped(1, persons=[3]), 1, 2),
        ("more than are left", "party_too_large", stamped(1, persons=[3]), 5, 2),
    )
    for name, result, state, persons, left in table:
        yield case(
            f"a whole group: {name}",
            result,
            ticket=GROUP,
            state=state,
            scan={"persons": persons},
            persons_left=left,
        )
    yield case(
        "override: a part of a whole group",
        "granted stamp 3",
        ticket=GROUP,
        scan={"persons": 3, "override": True},
        passed=["party_too_large"],
        persons_left=2,
    )
    yield case("a group of one", "granted stamp 1", ticket={"audience": "group"}, persons_left=0)


def _partial_groups() -> Iterator[Fields]:
    table: tuple[tuple[str, str, Fields, int | None, int], ...] = (
        ("one by default", "granted stamp 1", {}, None, 4),
        ("three", "granted stamp 3", {}, 3, 2),
        ("all", "granted stamp 5", {}, 5, 0),
        ("too many", "party_too_large", {}, 6, 5),
        ("the next by default", "granted rest 1", stamped(1, persons=[3]), None, 1),
        ("the last two", "granted rest 2", stamped(1, persons=[3]), 2, 0),
        ("more than are left", "party_too_large", stamped(1, persons=[3]), 3, 2),
        ("nobody left", "no_stamps_left", stamped(1, persons=[5]), None, 0),
    )
    for name, result, state, persons, left in table:
        yield case(
            f"a group in parts: {name}",
            result,
            product=PARTS,
            ticket=GROUP,
            state=state,
            scan={"persons": persons},
            persons_left=left,
        )


def _changes() -> Iterator[Fields]:
    five_in = stamped(1, persons=[5])
    table: tuple[tuple[str, str, int, Fields, int | None, int], ...] = (
        ("two more were bought", "granted rest 2", 7, five_in, None, 0),
        ("two fewer, all had come", "no_stamps_left", 3, five_in, None, 0),
        ("two fewer, three had come", "no_stamps_left", 3, stamped(1, persons=[3]), None, 0),
        ("two fewer, one had come", "granted rest 2", 3, stamped(1, persons=[1]), None, 0),
        ("two fewer, nobody had come", "granted stamp 3", 3, {}, None, 0),
        ("the old figure no longer fits", "party_too_large", 3, {}, 5, 3),
    )
    for name, result, persons, state, asked, left in table:
        yield case(
            f"a group of five: {name}",
            result,
            ticket=GROUP | {"persons": persons},
            state=state,
            scan={"persons": asked},
            persons_left=left,
        )
    yield case(
        "one ticket becomes two persons",
        "granted rest 1",
        ticket={"persons": 2},
        state=stamped(1),
        persons_left=0,
    )


def _what_does_not_apply() -> Iterator[Fields]:
    for name, product in (
        ("pause", {"min_interval_s": 36_000}),
        ("allowance", {"max_stamps": 1}),
        ("limit a day", {"max_stamps_per_day": 1}),
    ):
        yield case(
            f"the rest of a stamp knows no {name}",
            "granted rest 1",
            product=PARTS | product,
            ticket=GROUP,
            state=stamped(1, persons=[3]),
        )
    yield case(
        "but it knows the window",
        "too_late",
        product=PARTS,
        ticket=GROUP | {"valid_until": "13:59:59"},
        state=stamped(1, persons=[3]),
    )
    yield case(
        "and a full space",
        "space_full",
        product=PARTS,
        ticket=GROUP,
        state=stamped(1, persons=[3]),
        spaces=[{"id": "hall", "capacity": 10, "inside": 9}],
        scan={"persons": 2},
    )
