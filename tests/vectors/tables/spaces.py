"""Occupancy in spaces within spaces, capacity, and the modes of a space."""

from collections.abc import Iterator

from tests.vectors.tables.words import Fields, case, stamped

MANY: Fields = {"max_stamps": 10}
OUT: Fields = {"direction": "exit"}


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield from _entries()
    yield from _leavings()
    yield from _capacity()
    yield from _modes()


def _venue(museum: int = 0, hall: int = 0, room: int = 0, garden: int = 0) -> list[Fields]:
    return [
        {"id": "museum", "inside": museum},
        {"id": "hall", "parent": "museum", "inside": hall},
        {"id": "room", "parent": "hall", "inside": room},
        {"id": "garden", "parent": "museum", "inside": garden},
    ]


def _entries() -> Iterator[Fields]:
    in_hall: Fields = {"inside": "hall", "inside_persons": 1}
    table: tuple[tuple[str, str, Fields, list[Fields], Fields, Fields], ...] = (
        ("from outside, counted all around", "hall", {}, _venue(), {"museum": 1, "hall": 1, "room": 0}, {"inside": "hall", "origin": None}),
        ("from outside straight into the room", "room", {}, _venue(), {"museum": 1, "hall": 1, "room": 1}, {"inside": "room", "origin": None}),
        ("from the hall into the room", "room", in_hall, _venue(museum=1, hall=1), {"museum": 1, "hall": 1, "room": 1}, {"inside": "room", "origin": "hall"}),
        ("from the museum into the room", "room", {"inside": "museum", "inside_persons": 1}, _venue(museum=1), {"museum": 1, "hall": 1, "room": 1}, {"inside": "room", "origin": "museum"}),
        ("from the hall into the garden, not seen leaving", "garden", in_hall, _venue(museum=1, hall=1), {"museum": 1, "hall": 0, "garden": 1}, {"inside": "garden", "origin": "museum"}),
        ("the hall again, not seen leaving", "hall", in_hall, _venue(museum=1, hall=1), {"museum": 1, "hall": 1}, {"inside": "hall", "origin": None}),
        ("the hall again, last seen in the room", "hall", {"inside": "room", "origin": "hall", "inside_persons": 1}, _venue(museum=1, hall=1, room=1), {"museum": 1, "hall": 1, "room": 0}, {"inside": "hall", "origin": "museum"}),
        ("a space the site no longer knows is left behind", "hall", {"inside": "cellar", "inside_persons": 1}, _venue(), {"museum": 1, "hall": 1}, {"inside": "hall", "origin": None}),
    )  # fmt: skip
    for name, space, before, spaces, inside, after in table:
        state = stamped(1, **before) if before else {}
        yield case(
            f"enters {space}: {name}",
            "granted stamp",
            product=MANY,
            state=state,
            spaces=spaces,
            scan={"space": space},
            inside=inside,
            place=after | {"inside_persons": 1},
        )
    five: Fields = {"audience": "group", "persons": 5}
    parts = MANY | {"partial_groups": True}
    yield case(
        "three of a group go from the hall into the room",
        "granted rest 3",
        product=parts,
        ticket=five,
        state=stamped(1, persons=[2], inside="hall", inside_persons=2),
        spaces=_venue(museum=2, hall=2),
        scan={"space": "room", "persons": 3},
        inside={"museum": 2, "hall": 2, "room": 3},
        place={"inside": "room", "origin": "hall", "inside_persons": 3},
    )
    yield case(
        "the rest of a group joins those inside",
        "granted rest 2",
        product=parts,
        ticket=five,
        state=stamped(1, persons=[3], inside="hall", inside_persons=3),
        spaces=_venue(museum=3, hall=3),
        scan={"persons": 2},
        inside={"museum": 5, "hall": 5},
        place={"inside": "hall", "inside_persons": 5},
    )
    yield case(
        "a new stamp of a group: those before must have left",
        "granted stamp 2",
        product=parts,
        ticket=five,
        state=stamped(1, persons=[5], inside="hall", inside_persons=5),
        spaces=_venue(museum=5, hall=5),
        scan={"persons": 2},
        inside={"museum": 2, "hall": 2},
        place={"inside": "hall", "inside_persons": 2},
    )


def _leavings() -> Iterator[Fields]:
    room_from_hall: Fields = {"inside": "room", "origin": "hall", "inside_persons": 1}
    nobody: Fields = {"inside": None, "origin": None, "inside_persons": 0}
    table: tuple[tuple[str, str, Fields, Fields, Fields], ...] = (
        ("back in the hall", "room", room_from_hall, {"museum": 1, "hall": 1, "room": 0}, nobody | {"inside": "hall"}),
        ("straight out of the room, as it came", "room", {"inside": "room", "inside_persons": 1}, {"museum": 0, "hall": 0, "room": 0}, nobody),
        ("past the room's own exit", "hall", room_from_hall, {"museum": 1, "hall": 0, "room": 0}, nobody | {"inside": "museum"}),
        ("past all exits but the last", "museum", room_from_hall, {"museum": 0, "hall": 0, "room": 0}, nobody),
        ("back from the room, then out", "hall", {"inside": "hall"}, {"museum": 0, "hall": 0, "room": 1}, nobody),
        ("nobody saw it come in", "hall", {}, {"museum": 0, "hall": 0, "room": 1}, {"inside": None}),
        ("it is known to be in the garden", "hall", {"inside": "garden", "inside_persons": 1}, {"museum": 0, "hall": 0, "room": 1, "garden": 1}, {"inside": "garden", "inside_persons": 1}),
        ("out of the room while in the hall", "room", {"inside": "hall", "inside_persons": 1}, {"museum": 0, "hall": 0, "room": 0}, {"inside": "hall", "inside_persons": 1}),
    )  # fmt: skip
    for name, space, before, inside, after in table:
        yield case(
            f"leaves {space}: {name}",
            "granted exit",
            state=stamped(1, **before),
            spaces=_venue(museum=1, hall=1, room=1, garden=1),
            scan=OUT | {"space": space},
            inside=inside,
            place=after,
        )


def _capacity() -> Iterator[Fields]:
    table: tuple[tuple[str, str, Fields, Fields], ...] = (
        ("the last place", "granted stamp", {"capacity": 10, "inside": 9}, {}),
        ("full", "space_full", {"capacity": 10, "inside": 10}, {}),
        ("over full", "space_full", {"capacity": 10, "inside": 12}, {}),
        ("full with those on their way", "space_full", {"capacity": 10, "inside": 8, "reserved": 2}, {}),
        ("the last with those on their way", "granted stamp", {"capacity": 10, "inside": 8, "reserved": 1}, {}),
        ("full, but it only warns", "granted stamp", {"capacity": 10, "inside": 10, "full": "warn"}, {}),
        ("nobody may enter", "space_full", {"capacity": 0}, {}),
        ("no capacity set", "granted stamp", {"inside": 100_000}, {}),
        ("full, override", "granted stamp", {"capacity": 10, "inside": 10}, {"override": True}),
        ("full, exit", "granted exit", {"capacity": 10, "inside": 10}, OUT),
    )  # fmt: skip
    for name, result, space, scan in table:
        yield case(f"capacity: {name}", result, spaces=[{"id": "hall"} | space], scan=scan)
    group: Fields = {"audience": "group", "persons": 5}
    for inside, result in ((5, "granted stamp 5"), (6, "space_full")):
        yield case(
            f"capacity: a group of five, {inside} of ten inside",
            result,
            ticket=group,
            spaces=[{"id": "hall", "capacity": 10, "inside": inside}],
        )
    full_around: list[Fields] = [
        {"id": "museum", "capacity": 10, "inside": 10},
        {"id": "hall", "parent": "museum", "capacity": 10, "inside": 1},
    ]
    yield case("capacity: the space around it is full", "space_full", spaces=full_around)
    in_museum = stamped(1, inside="museum", inside_persons=1)
    yield case(
        "capacity: it is counted in the full space around already",
        "granted stamp",
        product=MANY,
        state=in_museum,
        spaces=full_around,
    )
    full: list[Fields] = [{"id": "hall", "capacity": 10, "inside": 10}]
    yield case(
        "capacity: it is counted in the full space already",
        "granted stamp",
        product=MANY,
        state=stamped(1, inside="hall", inside_persons=1),
        spaces=full,
    )
    yield case(
        "capacity: a re-entry needs a place too",
        "space_full",
        product={"reentry": "after_exit"},
        state=stamped(1),
        spaces=full,
    )


def _modes() -> Iterator[Fields]:
    for mode, result in (
        ("evacuate", "evacuation"),
        ("locked", "space_closed"),
        ("normal", "granted stamp"),
    ):
        yield case(f"mode {mode}", result, spaces=[{"id": "hall", "mode": mode}])
        yield case(
            f"mode {mode} of the space around",
            result,
            spaces=[{"id": "museum", "mode": mode}, {"id": "hall", "parent": "museum"}],
        )
        yield case(
            f"mode {mode} of a space within",
            "granted stamp",
            spaces=[{"id": "hall"}, {"id": "room", "parent": "hall", "mode": mode}],
        )
    free: list[Fields] = [
        {"id": "museum"},
        {"id": "hall", "parent": "museum", "mode": "free", "inside": 3, "capacity": 3},
    ]
    nothing: Fields = {"spaces": free, "inside": {"museum": 1, "hall": 4}}
    yield case("a free space takes anybody in and counts", "granted free", then={}, **nothing)
    yield case("a free space takes an unknown ticket in", "granted free", unknown=True, **nothing)
    yield case(
        "a free space takes a used ticket in", "granted free", state=stamped(1), then={}, **nothing
    )
    yield case(
        "a free space takes a cancelled ticket in",
        "granted free",
        ticket={"status": "cancelled"},
        then={},
        **nothing,
    )
    yield case(
        "a free space takes a bad signature",
        "granted free",
        scan={"bad_signature": True},
        **nothing,
    )
    yield case("a free space outside its hours", "granted free", scan={"closed": True}, **nothing)
    yield case(
        "a free gate of a normal space",
        "granted free",
        scan={"free": True},
        then={},
        counted_stamps=0,
    )
    yield case(
        "a free space takes a whole group in",
        "granted free 5",
        ticket={"audience": "group", "persons": 5},
        then={},
        spaces=free,
    )
    yield case(
        "a free space takes as many as said",
        "granted free 3",
        scan={"persons": 3},
        then={},
        spaces=free,
    )
    yield case(
        "a free space while the store is loading",
        "granted free",
        unknown=True,
        loading=True,
        spaces=free,
    )
    yield case(
        "a free space refuses what is malformed",
        "malformed_code",
        scan={"malformed": True},
        spaces=free,
    )
    yield case(
        "a free space with a reader out of service",
        "reader_out_of_service",
        scan={"out_of_service": True},
        spaces=free,
    )
    yield case("a free space with a busy lane", "lane_busy", scan={"lane_busy": True}, spaces=free)
    yield case(
        "a free space within a locked one",
        "granted free",
        spaces=[
            {"id": "museum", "mode": "locked"},
            {"id": "hall", "parent": "museum", "mode": "free"},
        ],
    )
    yield case(
        "a free space within an evacuated one",
        "evacuation",
        spaces=[
            {"id": "museum", "mode": "evacuate"},
            {"id": "hall", "parent": "museum", "mode": "free"},
        ],
    )
    yield case(
        "a free space frees only itself",
        "no_stamps_left",
        state=stamped(1),
        spaces=[{"id": "museum", "mode": "free"}, {"id": "hall", "parent": "museum"}],
    )
    yield case(
        "a ticket leaves a free space",
        "granted exit",
        state=stamped(1, inside="hall", inside_persons=1),
        scan=OUT,
        spaces=free,
        then={"inside": None, "inside_persons": 0, "moved_at": "14:00"},
    )
    yield case(
        "a check at a free space",
        "granted free",
        scan={"check": True},
        spaces=free,
        then={},
        counted_persons=0,
    )
    yield case(
        "override opens a closed space",
        "granted stamp",
        scan={"override": True, "closed": True},
        passed=["space_closed"],
    )
