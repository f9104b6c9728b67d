"""A year whose totals are known gives exactly those in every report, whatever the period."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.central.connection import Central
from gateway.central.reports.questions import Question
from gateway.central.reports.reading import answer
from gateway.central.verify import differences
from tests.integration.central.conftest import SITE
from tests.integration.central.reports.asking import WHOLE, question
from tests.integration.central.reports.year import (
    NOW_AT,
    PRODUCTS,
    ZONE,
    Fact,
    Year,
    attendance,
    refusals,
    slot_figures,
)

PERIODS = {
    "the whole year": WHOLE,
    "a month": ("2026-03-01", "2026-04-01"),
    "a day of 23 hours": ("2026-03-29", "2026-03-30"),
    "a day of 25 hours": ("2026-10-25", "2026-10-26"),
    "the hour that comes twice": ("2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
    "any instants": ("2026-01-03T10:17:21.5+01:00", "2026-07-14T22:03:00+02:00"),
    "today": ("2026-11-21", "2026-11-22"),
    "nothing": ("2026-02-01", "2026-02-01"),
}


@pytest.fixture(params=list(PERIODS.values()), ids=list(PERIODS))
def period(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
async def central(year_url: str) -> AsyncIterator[Central]:
    async with Central(year_url) as opened:
        yield opened


async def figures(
    central: Central, asked: Question, keys: tuple[str, ...], values: tuple[str, ...]
) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Return the figures of a report by its keys; its totals are their sums."""
    found = await answer(central, asked)
    rows = {
        tuple(row[key] for key in keys): tuple(row[value] for value in values) for row in found.rows
    }
    assert len(rows) == len(found.rows)
    for place, value in enumerate(values):
        assert found.totals[value] == sum(row[place] for row in rows.values())
    return {key: row for key, row in rows.items() if any(row)}


def happened(year: Year, asked: Question) -> list[Fact]:
    return year.between(asked.starts, asked.ends)


def some(found: Mapping[tuple[Any, ...], tuple[int, ...]]) -> dict[Any, Any]:
    return {key: row for key, row in found.items() if any(row)}


FIRST_EVENT_MONTH = datetime(2025, 10, 1, tzinfo=UTC)
IN_OUT_STAMPS = ("entries", "exits", "stamps")


async def test_attendance_by_day(central: Central, year: Year, period: tuple[str, str]) -> None:
    asked = question("attendance", period)

    assert await figures(central, asked, ("day", "space"), IN_OUT_STAMPS) == some(
        attendance(happened(year, asked), lambda fact: (fact.day, fact.space))
    )


async def test_attendance_by_hour(central: Central, year: Year, period: tuple[str, str]) -> None:
    asked = question("attendance", period, by="hour")

    assert await figures(central, asked, ("hour", "space"), IN_OUT_STAMPS) == some(
        attendance(happened(year, asked), lambda fact: (fact.hour, fact.space))
    )


async def test_attendance_of_groups_and_individuals(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    for audience in "group", "individual":
        asked = question(f"attendance-{audience}s", period)
        here = [fact for fact in happened(year, asked) if fact.audience == audience]

        found = await figures(central, asked, ("space", "product", "reader"), IN_OUT_STAMPS)

        assert found == some(attendance(here, lambda fact: (fact.space, fact.product, fact.reader)))


async def test_stamps_by_product_and_of_one_space(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    ways: list[dict[str, Any]] = [{}, {"space": "vault"}]
    for given in ways:
        asked = question("stamps", period, **given)
        here = [
            fact
            for fact in happened(year, asked)
            if fact.product and fact.space == given.get("space", fact.space)
        ]
        expected = attendance(here, lambda fact: (fact.product,))

        found = await figures(central, asked, ("product",), ("stamps", "entries"))

        assert found == some({key: (row[2], row[0]) for key, row in expected.items()})


async def test_validations_count_an_undo_against_who_had_stamped(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    asked = question("validations", period)
    stamped_by = {fact.code: fact.operator for fact in year.everything if fact.kind == "s"}
    expected = attendance(
        happened(year, asked),
        lambda fact: (
            fact.product,
            fact.reader,
            stamped_by[fact.code] if fact.kind == "u" else fact.operator,
        ),
    )

    found = await figures(central, asked, ("product", "reader", "operator"), ("stamps", "entries"))

    assert found == some({key: (row[2], row[0]) for key, row in expected.items()})


async def test_refusals_by_hour_gate_and_reason(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    asked = question("refusals", period)

    found = await figures(central, asked, ("hour", "reader", "reason"), ("refusals",))

    assert {key: row[0] for key, row in found.items()} == refusals(happened(year, asked))


async def test_arrivals_and_availability_of_each_session(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    asked = question("arrivals", period)
    slots = [slot for slot in year.slots if asked.starts <= slot.starts_at < asked.ends]
    expected = {(slot.id,): slot_figures(year, slot) for slot in slots}
    names = ("tickets", "expected", "come", "missing", "unpaid", "attention")

    found = await figures(central, asked, ("session",), names)
    free = await figures(
        central, question("availability", period), ("session",), ("places", "sold", "stamped")
    )

    assert found == some({key: tuple(row.values()) for key, row in expected.items()})
    assert free == {
        (slot.id,): (slot.places, expected[slot.id,]["expected"], expected[slot.id,]["come"])
        for slot in slots
    }


async def test_no_shows_of_sessions_that_are_over_and_of_tickets_that_have_run_out(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    asked = question("no-shows", period)
    expected: dict[tuple[str | None, str], tuple[int, ...]] = {}
    for sold in year.sold:
        until = sold.slot.starts_at if sold.slot else sold.valid_until
        assert until is not None
        if sold.expected and asked.starts <= until < min(asked.ends, NOW_AT):
            key = (sold.slot.id if sold.slot else None, sold.product)
            before = expected.get(key, (0, 0, 0))
            expected[key] = (
                before[0] + sold.persons, before[1] + sold.come, before[2] + (sold.come == 0)
            )  # fmt: skip

    found = await figures(central, asked, ("session", "product"), ("expected", "come", "unstamped"))

    assert found == expected


async def test_external_tickets_by_source(
    central: Central, year: Year, period: tuple[str, str]
) -> None:
    asked = question("external-tickets", period)
    expected: dict[tuple[str, str], tuple[int, ...]] = {}
    for sold in year.sold:
        if sold.source != "own" and good(sold, asked):
            one = (1, sold.persons, not sold.expected, sold.come > 0)
            before = expected.get((sold.source, sold.product), (0, 0, 0, 0))
            expected[sold.source, sold.product] = tuple(map(sum, zip(before, one, strict=True)))

    found = await figures(
        central, asked, ("source", "product"), ("tickets", "persons", "cancelled", "stamped")
    )

    assert found == expected


def good(sold: Any, asked: Question) -> bool:
    """Tell whether a ticket is good in a period."""
    if sold.slot:
        return bool(asked.starts <= sold.slot.starts_at < asked.ends)
    return bool(sold.valid_until >= asked.starts)


@pytest.mark.parametrize("stamped", ["yes", "no"])
async def test_ticket_stamps_by_activity_and_by_order(
    central: Central, year: Year, period: tuple[str, str], stamped: str
) -> None:
    asked = question("ticket-stamps", period, stamped=stamped)
    ordered = question("ticket-stamps", period, stamped=stamped, dates="order")
    here = [sold for sold in year.sold if (sold.come > 0) == (stamped == "yes")]
    active = [sold for sold in here if good(sold, asked)]
    bought = [sold for sold in here if asked.starts <= sold.ordered_at < asked.ends]

    for wanted, expected in (asked, active), (ordered, bought):
        found = await answer(central, wanted)

        assert found.totals["tickets"] == len(expected)
        assert found.totals["persons"] == sum(sold.persons for sold in expected)
        assert found.totals["admitted"] == sum(sold.come for sold in expected)
        assert {row["code"] for row in found.rows} <= {sold.code for sold in expected}
        assert len(found.rows) == min(len(expected), 1000)


@pytest.mark.parametrize("dates", ["activity", "order"])
@pytest.mark.parametrize(
    "given",
    [
        {"product": "adult"},
        {"audience": "group", "stamped": "yes"},
        {"source": "own"},
        {"status": "cancelled"},
        {"payment": "unpaid"},
        {"payment": "paid", "expected": "yes"},
        {"attention": "yes"},
        {"attention": "no"},
    ],
    ids=str,
)
async def test_what_tickets_add_up_to_is_told_by_figures_as_by_the_tickets(
    central: Central, period: tuple[str, str], dates: str, given: dict[str, Any]
) -> None:
    asked = question("ticket-stamps", period, dates=dates, **given)
    read = replace(asked, report=replace(asked.report, sums=()))

    assert (await answer(central, asked)).totals == (await answer(central, read)).totals


async def test_filters_combine(central: Central, year: Year) -> None:
    given: dict[str, Any] = {
        "space": "hall",
        "product": "adult",
        "audience": "individual",
        "reader": "north-1",
    }
    asked = question("attendance", WHOLE, **given)
    here = [
        fact
        for fact in happened(year, asked)
        if all(getattr(fact, name) == value for name, value in given.items())
    ]

    found = await figures(central, asked, ("day", "space"), IN_OUT_STAMPS)

    assert found == some(attendance(here, lambda fact: (fact.day, fact.space)))
    assert found


async def test_most_sessions_are_read_from_figures_kept(central: Central) -> None:
    kept = await central.fetchval("rolling.until", SITE, ZONE.key)
    async with central.acquire() as connection:
        counted = await connection.fetchval(
            "SELECT count(*) FROM composteur.session_counted"
            " WHERE session NOT IN (SELECT session FROM composteur.session_touched)"
        )

    assert kept > NOW_AT - timedelta(hours=2)
    assert counted > 250  # the others are those of which something was told late


async def test_sums_and_reports_agree_with_the_events(central: Central) -> None:
    assert await differences(central, SITE) == []


@pytest.mark.parametrize(
    ("table", "what"),
    [("attendance_hour", "hours"), ("attendance_day", "days"), ("refusal_hour", "refusals")],
)
async def test_a_sum_that_is_wrong_is_found(central: Central, table: str, what: str) -> None:
    figure = "refusals" if what == "refusals" else "persons"
    async with central.acquire() as connection:
        changing = connection.transaction()
        await changing.start()
        row = await connection.fetchval(f"SELECT ctid FROM composteur.{table} LIMIT 1")
        await connection.execute(
            f"UPDATE composteur.{table} SET {figure} = {figure} + 1 WHERE ctid = $1", row
        )
        since = FIRST_EVENT_MONTH
        found = await connection.fetch(central.queries["history.rolled_differs"], SITE, since, 10)
        await changing.rollback()

    assert [(each["what"], each["persons"] - each["event_persons"]) for each in found] == [
        (what, 1)
    ]


async def test_another_time_zone_s_orders_are_read_from_the_tickets(central: Central) -> None:
    asked = question("ticket-stamps", WHOLE, zone=ZoneInfo("Asia/Kolkata"), dates="order")
    read = replace(asked, report=replace(asked.report, sums=()))

    assert (await answer(central, asked)).totals == (await answer(central, read)).totals


async def test_another_time_zone_reads_events_until_its_own_hours_are_summed_up(
    central: Central, year: Year
) -> None:
    asked = question("attendance", WHOLE, zone=ZoneInfo("Asia/Kolkata"), by="hour")

    found = await figures(central, asked, ("hour", "space"), IN_OUT_STAMPS)

    half = timedelta(minutes=30)  # India's hours begin at half past those of Paris
    assert {hour.astimezone(UTC).minute for hour, _ in found} == {30}
    assert sum(row[2] for row in found.values()) == sum(
        fact.stamps for fact in happened(year, asked)
    )
    assert any(hour - half in {fact.hour for fact in year.facts} for hour, _ in found)


def test_the_year_has_what_it_is_to_prove(year: Year) -> None:
    facts = list(year.everything)

    assert {fact.kind for fact in facts} == {"s", "u", "c", "d"}
    assert {fact.product for fact in facts} == {"", *PRODUCTS}
    night = date(2026, 10, 25)
    assert any(fact.day == night for fact in facts)
    assert len(year.late) > 100
    assert max(fact.at for fact in facts) < NOW_AT
