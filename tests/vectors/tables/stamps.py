"""What a stamp writes, how many there are, pauses and daily limits; the ticket's order life."""

from collections.abc import Iterator

from tests.vectors.tables.words import Fields, case, stamped

NOW_STAMPED: Fields = {
    "made_by_window": [1],
    "persons_by_window": [1],
    "day": 20260613,
    "made_on_day": 1,
    "first_at": "14:00",
    "first_reader": "north-1",
    "last_at": "14:00",
    "last_reader": "north-1",
    "inside": "hall",
    "inside_persons": 1,
    "moved_at": "14:00",
}


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield from _writing()
    yield from _allowance()
    yield from _pauses()
    yield from _days()
    yield from _orders()


def _writing() -> Iterator[Fields]:
    yield case("the first stamp", "granted stamp", then=NOW_STAMPED, persons_left=0, allowed=1)
    yield case(
        "a check promises and changes nothing",
        "granted stamp",
        scan={"check": True},
        then={},
        persons_left=1,
        counted_persons=0,
        counted_stamps=0,
    )
    yield case(
        "a check of a used ticket says so",
        "no_stamps_left",
        state=stamped(1),
        scan={"check": True},
        persons_left=0,
    )
    yield case(
        "a second stamp keeps the first",
        "granted stamp",
        product={"max_stamps": 2},
        state=stamped(1),
        then={
            "made_by_window": [2],
            "persons_by_window": [2],
            "made_on_day": 2,
            "last_at": "14:00",
            "last_reader": "north-1",
            "inside": "hall",
            "inside_persons": 1,
            "moved_at": "14:00",
        },
    )
    yield case(
        "a remembered nonce is answered again and changes nothing",
        "granted stamp",
        state=stamped(1),
        scan={"replays": True},
        then={},
        kind=None,
        replayed=True,
        counted_persons=0,
        counted_stamps=0,
    )
    yield case(
        "a check does not read nonces",
        "no_stamps_left",
        state=stamped(1),
        scan={"replays": True, "check": True},
    )
    for where in ({"closed": True}, {"out_of_service": True}, {"lane_busy": True}):
        yield case(
            f"a replay comes before {next(iter(where))}",
            "granted stamp",
            scan={"replays": True} | where,
            then={},
            kind=None,
            replayed=True,
            counted_persons=0,
            counted_stamps=0,
        )
    yield case(
        "a malformed code comes before a replay",
        "malformed_code",
        scan={"replays": True, "malformed": True},
    )
    for name, ticket, product in (
        ("ticket", {"attention": True}, {}),
        ("product", {}, {"attention": True}),
    ):
        yield case(
            f"attention asked for by the {name}",
            "granted stamp",
            ticket=ticket,
            product=product,
            attention=True,
        )
    yield case("no attention asked for", "granted stamp", attention=False)


def _allowance() -> Iterator[Fields]:
    table: tuple[tuple[str, int | None, tuple[int, ...], str], ...] = (
        ("one of one used", 1, (1,), "no_stamps_left"),
        ("nine of ten used", 10, (9,), "granted stamp"),
        ("ten of ten used", 10, (10,), "no_stamps_left"),
        ("eleven of ten used", 10, (11,), "no_stamps_left"),
        ("no limit", None, (1000,), "granted stamp"),
        ("none allowed", 0, (), "no_stamps_left"),
    )
    for name, most, made, result in table:
        yield case(
            name,
            result,
            product={"max_stamps": most},
            state=stamped(*made) if made else {},
            allowed=most,
        )
    yield case(
        "a stamp too many stays counted after the allowance shrank",
        "no_stamps_left",
        product={"max_stamps": 1},
        state=stamped(3),
    )
    yield case(
        "the override of a used ticket stamps again",
        "granted stamp",
        state=stamped(1),
        scan={"override": True},
        passed=["no_stamps_left"],
        then={
            "made_by_window": [2],
            "persons_by_window": [2],
            "made_on_day": 2,
            "last_at": "14:00",
            "last_reader": "north-1",
            "inside": "hall",
            "inside_persons": 1,
            "moved_at": "14:00",
        },
    )
    yield case(
        "the override of a wrong space stamps the window that holds",
        "granted stamp",
        ticket={
            "windows": [
                {"from": "10:00", "until": "11:00", "spaces": ["garden"]},
                {"from": "13:00", "until": "15:00", "spaces": ["garden"]},
            ]
        },
        scan={"override": True},
        index=1,
        passed=["wrong_space"],
        then=NOW_STAMPED | {"made_by_window": [0, 1], "persons_by_window": [0, 1]},
    )
    yield case(
        "the override of an early ticket stamps the window to come",
        "granted stamp",
        ticket={
            "windows": [{"from": "10:00", "until": "11:00"}, {"from": "15:00", "until": "16:00"}]
        },
        scan={"override": True},
        index=1,
        passed=["too_early"],
    )


def _pauses() -> Iterator[Fields]:
    ten_minutes: Fields = {"max_stamps": None, "min_interval_s": 600}
    for now, result in (
        ("13:59:59", "too_soon"),
        ("13:59:59.999", "too_soon"),
        ("14:00:00", "granted stamp"),
    ):
        yield case(
            f"ten minutes between stamps, at {now}",
            result,
            now=now,
            product=ten_minutes,
            state=stamped(1, when="13:50"),
        )
    yield case("no pause before the first stamp", "granted stamp", product=ten_minutes)
    yield case(
        "the pause counts over all windows",
        "too_soon",
        product=ten_minutes,
        ticket={
            "windows": [{"from": "10:00", "until": "13:55"}, {"from": "13:55", "until": "16:00"}]
        },
        state=stamped(1, when="13:54"),
        index=1,
    )


def _days() -> Iterator[Fields]:
    twice: Fields = {"max_stamps": None, "max_stamps_per_day": 2}
    late = stamped(2, when="2026-06-12 23:59:59", made_on_day=2)
    for name, now, state, result in (
        ("once today", "14:00", stamped(1), "granted stamp"),
        ("twice today", "14:00", stamped(2, made_on_day=2), "daily_limit"),
        ("twice yesterday", "14:00", late, "granted stamp"),
        ("twice today, a second before midnight", "2026-06-12 23:59:59", late, "daily_limit"),
        ("twice today, at midnight it is tomorrow", "2026-06-13 00:00:00", late, "granted stamp"),
    ):
        yield case(f"two a day: {name}", result, now=now, product=twice, state=state)
    yield case(
        "a new day starts to count at one",
        "granted stamp",
        now="2026-06-13 00:00:00",
        product=twice,
        state=late,
        then={
            "made_by_window": [3],
            "persons_by_window": [3],
            "day": 20260613,
            "made_on_day": 1,
            "last_at": "2026-06-13 00:00:00",
            "last_reader": "north-1",
            "inside": "hall",
            "inside_persons": 1,
            "moved_at": "2026-06-13 00:00:00",
        },
    )
    for now, result in (
        ("2026-10-25 02:30", "daily_limit"),
        ("2026-10-25 23:59:59", "daily_limit"),
        ("2026-10-26 00:00", "granted stamp"),
    ):
        yield case(
            f"one a day, on the day of 25 hours, at {now}",
            result,
            now=now,
            product={"max_stamps": None, "max_stamps_per_day": 1},
            state=stamped(1, when="2026-10-25 00:05"),
        )
    yield case(
        "none left comes before the day's limit",
        "no_stamps_left",
        product={"max_stamps": 2, "max_stamps_per_day": 2},
        state=stamped(2, made_on_day=2),
    )


def _orders() -> Iterator[Fields]:
    table: tuple[tuple[str, str, Fields, Fields, Fields], ...] = (
        ("a replaced ticket is cancelled", "cancelled", {"status": "replaced", "replaced_by": "MFRGGZDFMZTWQ"}, {}, {}),
        ("on hold without a date", "on_hold", {"status": "on_hold"}, {}, {}),
        ("on hold until later", "on_hold", {"status": "on_hold", "hold_until": "14:00:01"}, {}, {}),
        ("on hold until now is cancelled", "cancelled", {"status": "on_hold", "hold_until": "14:00"}, {}, {}),
        ("a date of hold means nothing on an active ticket", "granted stamp", {"hold_until": "10:00"}, {}, {}),
        ("a blocked ticket", "blocked", {"status": "blocked"}, {}, {}),
        ("a blocked product", "blocked", {}, {"blocked": True}, {}),
        ("unpaid", "unpaid", {"status": "unpaid"}, {}, {}),
        ("unpaid, to be paid inside", "granted stamp", {"status": "unpaid"}, {"allow_unpaid": True}, {}),
        ("the form is missing", "form_missing", {"form_required": True}, {}, {}),
        ("the form is signed", "granted stamp", {"form_required": True, "form_signed": True}, {}, {}),
        ("destroyed by the seller", "destroyed", {"destroyed_at": "09:00"}, {}, {}),
        ("destroyed at the gate", "destroyed", {}, {}, {"destroyed_at": "09:00"}),
        ("destroyed for ever, also a date ahead", "destroyed", {"destroyed_at": "2026-12-31 00:00"}, {}, {}),
    )  # fmt: skip
    for name, result, ticket, product, state in table:
        yield case(name, result, ticket=ticket, product=product, state=state)
    lapsed: Fields = {"status": "on_hold", "hold_until": "13:00"}
    yield case(
        "an override does not pass a lapsed hold",
        "cancelled",
        ticket=lapsed,
        scan={"override": True},
    )
    yield case(
        "a ticket of an unknown product cannot be judged", "store_unavailable", no_product=True
    )
