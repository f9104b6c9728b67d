"""Margins to the second, clock changes, spaces, several windows, memberships, validity."""

from collections.abc import Iterator
from typing import Any

from tests.vectors.tables.words import Fields, case, stamped

FROM_START = {"margin_before_s": 1800, "margin_after_s": 900, "margin_after_from": "start"}
FROM_END = {"margin_before_s": 1800, "margin_after_s": 900}
AT_TWO = {"id": "at-two", "starts_at": "14:00", "ends_at": "15:00"}
DATED = {"session": "at-two"}


def cases() -> Iterator[Fields]:
    """Give the cases of this table."""
    yield from _margins()
    yield from _clock_changes()
    yield from _undated()
    yield from _spaces()
    yield from _several()
    yield from _passes()
    yield from _valid_for()


def _margins() -> Iterator[Fields]:
    from_start = ("13:30", "14:15")
    for now, result in (
        ("13:29:59", "too_early"),
        ("13:29:59.999", "too_early"),
        ("13:30:00", "granted stamp"),
        ("14:00:00", "granted stamp"),
        ("14:15:00", "granted stamp"),
        ("14:15:00.999", "granted stamp"),
        ("14:15:01", "too_late"),
    ):
        yield case(
            f"30 min before to 15 min after the start, at {now}",
            result,
            now=now,
            product=FROM_START,
            sessions=[AT_TWO],
            ticket=DATED,
            window=from_start,
        )
    for now, result in (
        ("13:29:59", "too_early"),
        ("13:30:00", "granted stamp"),
        ("15:15:00", "granted stamp"),
        ("15:15:01", "too_late"),
    ):
        yield case(
            f"30 min before to 15 min after the end, at {now}",
            result,
            now=now,
            product=FROM_END,
            sessions=[AT_TWO],
            ticket=DATED,
            window=("13:30", "15:15"),
        )
    for now, result in (("14:15:00", "granted stamp"), ("14:15:01", "too_late")):
        yield case(
            f"a session without end counts its margin after from the start, at {now}",
            result,
            now=now,
            product=FROM_END,
            sessions=[{"id": "at-two", "starts_at": "14:00"}],
            ticket=DATED,
            window=from_start,
        )
    for now, result in (
        ("13:59:59", "too_early"),
        ("14:00:00", "granted stamp"),
        ("15:00:00", "granted stamp"),
        ("15:00:01", "too_late"),
    ):
        yield case(
            f"no margins: the session itself, at {now}",
            result,
            now=now,
            sessions=[AT_TWO],
            ticket=DATED,
            window=("14:00", "15:00"),
        )
    moved = {"id": "at-two", "starts_at": "17:00", "ends_at": "18:00"}
    yield case(
        "a moved session moves the window of its tickets",
        "too_early",
        product=FROM_START,
        sessions=[moved],
        ticket=DATED,
        window=("16:30", "17:15"),
    )
    yield case(
        "the session wins over the span of validity",
        "too_early",
        product=FROM_START,
        sessions=[moved],
        ticket=DATED | {"valid_from": "10:00", "valid_until": "16:00"},
        window=("16:30", "17:15"),
    )
    yield case(
        "parts of a second in a session's times are cut off",
        "granted stamp",
        now="14:00:00.100",
        sessions=[{"id": "at-two", "starts_at": "14:00:00.900", "ends_at": "15:00"}],
        ticket=DATED,
    )
    yield case(
        "a session's space restricts nothing",
        "granted stamp",
        sessions=[AT_TWO | {"space": "garden"}],
        ticket=DATED,
    )
    yield case(
        "a session the catalogue does not hold cannot be judged",
        "store_unavailable",
        ticket={"session": "lost"},
    )
    yield case(
        "a window whose session is missing is passed over",
        "granted stamp",
        ticket={"windows": [{"session": "lost"}, {"from": "13:00", "until": "15:00"}]},
        index=1,
    )


def _clock_changes() -> Iterator[Fields]:
    spring = {"id": "night", "starts_at": "2026-03-29 03:15", "ends_at": "2026-03-29 04:00"}
    for now, result in (
        ("2026-03-29 01:44:59", "too_early"),
        ("2026-03-29 01:45:00", "granted stamp"),
        ("2026-03-29 03:30:00", "granted stamp"),
        ("2026-03-29 03:30:01", "too_late"),
    ):
        yield case(
            f"margins run on through the clock change in spring, at {now}",
            result,
            now=now,
            product=FROM_START,
            sessions=[spring],
            ticket={"session": "night"},
            window=("2026-03-29 01:45", "2026-03-29 03:30"),
        )
    autumn = {"id": "night", "starts_at": "2026-10-25 02:15 again", "ends_at": "2026-10-25 04:00"}
    for now, result in (
        ("2026-10-25 02:15", "too_early"),
        ("2026-10-25 02:44:59", "too_early"),
        ("2026-10-25 02:45:00", "granted stamp"),
        ("2026-10-25 02:30 again", "granted stamp"),
        ("2026-10-25 02:30:01 again", "too_late"),
        ("2026-10-25 02:45 again", "too_late"),
    ):
        yield case(
            f"margins run on through the clock change in autumn, at {now}",
            result,
            now=now,
            product=FROM_START,
            sessions=[autumn],
            ticket={"session": "night"},
            window=("2026-10-25 02:45", "2026-10-25 02:30 again"),
        )


def _undated() -> Iterator[Fields]:
    margins = FROM_END
    for now, result in (
        ("12:59:59", "too_early"),
        ("13:00:00", "granted stamp"),
        ("16:00:00", "granted stamp"),
        ("16:00:01", "too_late"),
    ):
        yield case(
            f"an undated ticket has no margins, at {now}",
            result,
            now=now,
            product=margins,
            ticket={"valid_from": "13:00", "valid_until": "16:00"},
            window=("13:00", "16:00"),
        )
    yield case("no span at all: always", "granted stamp", window=(None, None))
    yield case("only a start", "granted stamp", ticket={"valid_from": "14:00"})
    yield case("only an end", "too_late", ticket={"valid_until": "13:59:59"})
    season = {"valid_from": "2026-04-01 00:00", "valid_until": "2026-10-31 23:59:59"}
    member = {"max_stamps": None, "kind": "membership"}
    for now, result in (
        ("2026-03-31 23:59:59", "too_early"),
        ("2026-04-01 00:00", "granted stamp"),
        ("2026-10-31 23:59:59", "granted stamp"),
        ("2026-11-01 00:00", "too_late"),
    ):
        yield case(
            f"a membership holds its season, at {now}",
            result,
            now=now,
            product=member,
            ticket=season,
            state=stamped(40, when="2026-03-20 10:00"),
            allowed=None,
        )


def _spaces() -> Iterator[Fields]:
    venue = [
        {"id": "museum"},
        {"id": "hall", "parent": "museum"},
        {"id": "room", "parent": "hall"},
        {"id": "garden"},
    ]
    span = {"from": "13:00", "until": "15:00"}
    table: tuple[tuple[str, str, Fields, Fields], ...] = (
        ("nobody names a space: any", "granted stamp", {}, {}),
        ("the product's spaces count", "wrong_space", {}, {"spaces": ["garden"]}),
        ("the ticket's go before the product's", "granted stamp", {"spaces": ["hall"]}, {"spaces": ["garden"]}),
        ("the ticket's go before the product's, also to refuse", "wrong_space", {"spaces": ["garden"]}, {"spaces": ["hall"]}),
        ("a space named covers those within it", "granted stamp", {"spaces": ["museum"]}, {}),
        ("a space named does not cover the one around it", "wrong_space", {"spaces": ["room"]}, {}),
        ("one of several", "granted stamp", {"spaces": ["garden", "hall"]}, {}),
        ("the window's go before the ticket's", "granted stamp", {"spaces": ["garden"], "windows": [span | {"spaces": ["hall"]}]}, {}),
        ("the window's go before the ticket's, also to refuse", "wrong_space", {"spaces": ["hall"], "windows": [span | {"spaces": ["garden"]}]}, {}),
        ("an empty list names no space: the next one counts", "wrong_space", {"spaces": []}, {"spaces": ["garden"]}),
        ("a space the site does not know opens nothing", "wrong_space", {"spaces": ["cellar"]}, {}),
    )  # fmt: skip
    for name, result, ticket, product in table:
        yield case(name, result, ticket=ticket, product=product, spaces=venue)
    yield case(
        "two floors down",
        "granted stamp",
        ticket={"spaces": ["museum"]},
        spaces=venue,
        scan={"space": "room"},
    )


def _several() -> Iterator[Fields]:
    morning, afternoon = ("10:00", "12:00"), ("15:00", "17:00")
    both = [_span(morning), _span(afternoon)]
    for now, result, index, window in (
        ("09:59:59", "too_early", 0, morning),
        ("10:00", "granted stamp", 0, morning),
        ("12:00:01", "too_early", 1, afternoon),
        ("15:00", "granted stamp", 1, afternoon),
        ("17:00:01", "too_late", 1, afternoon),
    ):
        yield case(
            f"two windows, at {now}",
            result,
            now=now,
            ticket={"windows": both},
            index=index,
            window=window,
        )
        yield case(
            f"two windows sold in the other order, at {now}",
            result,
            now=now,
            ticket={"windows": both[::-1]},
            index=1 - index,
            window=window,
        )
    here, there = {"spaces": ["hall"]}, {"spaces": ["garden"]}
    table: tuple[tuple[str, str, list[Fields], int], ...] = (
        ("the one that lists the space", "granted stamp", [_span(("13:00", "15:00")) | there, _span(("13:00", "15:00")) | here], 1),
        ("the next that lists the space", "too_early", [_span(("14:30", "15:00")) | there, _span(("16:00", "17:00")) | here], 1),
        ("the last that lists the space", "too_late", [_span(("11:00", "13:00")) | there, _span(("10:00", "11:00")) | here], 1),
        ("none lists the space: the one that holds is shown", "wrong_space", [_span(("10:00", "11:00")) | there, _span(("13:00", "15:00")) | there], 1),
        ("none lists the space: the next is shown", "wrong_space", [_span(("16:00", "17:00")) | there, _span(("15:00", "17:00")) | there], 1),
        ("two hold: the first in order", "granted stamp", [_span(("13:00", "16:00")), _span(("12:00", "15:00"))], 0),
        ("two to come: the sooner", "too_early", [_span(("16:00", "17:00")), _span(("15:00", "18:00"))], 1),
        ("two past: the later", "too_late", [_span(("10:00", "13:00")), _span(("11:00", "12:00"))], 0),
        ("a window that ends before it starts never comes", "too_late", [_span(("16:00", "15:00")), _span(("10:00", "12:00"))], 0),
        ("open at the start", "too_late", [_span((None, "13:00"))], 0),
        ("open at the end", "too_early", [_span(("15:00", None))], 0),
        ("no windows in the list: the ticket's own span", "granted stamp", [], 0),
    )  # fmt: skip
    for name, result, windows, index in table:
        yield case(name, result, ticket={"windows": windows}, index=index)


def _passes() -> Iterator[Fields]:
    concerts: list[Fields] = [
        {
            "id": f"concert-{n}",
            "starts_at": f"2026-06-{day} 20:00",
            "ends_at": f"2026-06-{day} 22:00",
        }
        for n, day in enumerate(("06", "13", "20", "27"), start=1)
    ] + [
        {"id": "concert-5", "starts_at": "2026-07-04 20:00", "ends_at": "2026-07-04 22:00"},
        {"id": "concert-6", "starts_at": "2026-07-11 20:00", "ends_at": "2026-07-11 22:00"},
    ]
    pass_for_six = {"windows": [{"session": f"concert-{n}"} for n in range(1, 7)]}
    common: Fields = {
        "sessions": concerts,
        "ticket": pass_for_six,
        "product": {"margin_before_s": 3600},
    }
    was_at_first = stamped(1, when="2026-06-06 19:30")
    for now, result, index, state in (
        ("2026-06-06 18:59:59", "too_early", 0, {}),
        ("2026-06-06 19:00", "granted stamp", 0, {}),
        ("2026-06-06 22:00:01", "too_early", 1, was_at_first),
        ("2026-06-06 21:00", "no_stamps_left", 0, was_at_first),
        ("2026-06-13 20:00", "granted stamp", 1, was_at_first),
        ("2026-07-11 22:00", "granted stamp", 5, was_at_first),
        ("2026-07-11 22:00:01", "too_late", 5, was_at_first),
    ):
        yield case(
            f"a pass for six concerts, at {now}{' (was there)' if state else ''}",
            result,
            now=now,
            state=state,
            index=index,
            allowed=1,
            **common,
        )
    yield case(
        "a pass counts stamps in their own windows",
        "granted stamp",
        now="2026-06-20 20:00",
        state=was_at_first,
        index=2,
        then={
            "made_by_window": [1, 0, 1],
            "persons_by_window": [1, 0, 1],
            "day": 20260620,
            "made_on_day": 1,
            "last_at": "2026-06-20 20:00",
            "last_reader": "north-1",
            "inside": "hall",
            "inside_persons": 1,
            "moved_at": "2026-06-20 20:00",
        },
        **common,
    )
    voucher = [_span(("10:00", "18:00")) | {"stamps": 2}, _span(("19:00", "23:00")) | {"stamps": 1}]
    for now, made, result in (
        ("14:00", (1,), "granted stamp"),
        ("14:00", (2,), "no_stamps_left"),
        ("20:00", (2,), "granted stamp"),
        ("20:00", (2, 1), "no_stamps_left"),
    ):
        yield case(
            f"a voucher with stamps of each window, {list(made)} made, at {now}",
            result,
            now=now,
            ticket={"windows": voucher},
            state=stamped(*made),
        )


def _valid_for() -> Iterator[Fields]:
    two_hours: Fields = {"valid_for_s": 7200, "max_stamps": None}
    for now, result in (("12:00:00", "granted stamp"), ("12:00:01", "too_late")):
        yield case(
            f"good for two hours after the first stamp, at {now}",
            result,
            now=now,
            product=two_hours,
            state=stamped(1, when="10:00:00.400"),
            window=(None, "12:00"),
        )
    yield case(
        "good for two hours, not stamped yet",
        "granted stamp",
        product=two_hours,
        window=(None, None),
    )
    yield case(
        "good for two hours, but the window ends before",
        "too_late",
        product=two_hours,
        now="11:00:01",
        ticket={"valid_until": "11:00"},
        state=stamped(1),
        window=(None, "11:00"),
    )
    yield case(
        "good for two hours ends every window",
        "too_late",
        product=two_hours,
        ticket={"windows": [_span(("09:00", "11:00")), _span(("16:00", "17:00"))]},
        state=stamped(1),
        window=("16:00", "12:00"),
        index=1,
    )


def _span(bounds: tuple[str | None, str | None]) -> dict[str, Any]:
    return {"from": bounds[0], "until": bounds[1]}
