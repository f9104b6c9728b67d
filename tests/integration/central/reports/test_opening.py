"""A figure opened shows what it counts, one by one, and they add up to it."""

import random
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

import pytest

from gateway.central.connection import Central
from gateway.central.reports.opening import events, opening
from gateway.central.reports.questions import Question
from gateway.central.reports.reading import answer
from gateway.central.reports.tables import Column, reports
from tests.integration.central.conftest import SITE
from tests.integration.central.reports.asking import question
from tests.integration.central.reports.year import NOW_AT, ZONE

PERIOD = ("2026-03-01", "2026-04-01")
FEW = 6
COUNTED = {"stamps": "counted_stamps", "persons": "counted_persons"}
TO_EVENTS = [name for name, each in reports().items() if each.opens["path"] == "/v1/events"]
TO_TICKETS = [name for name in reports() if name not in TO_EVENTS]
WAYS: dict[str, dict[str, Any]] = {"attendance": {"by": "hour"}}


@pytest.fixture
async def central(year_url: str) -> AsyncIterator[Central]:
    async with Central(year_url) as opened:
        yield opened


async def figures(central: Central, asked: Question) -> list[tuple[Any, Column]]:
    """Choose some figures that open."""
    found = await answer(central, asked)
    there = {column.name for column in asked.columns}
    by = [name for name in asked.report.opens["by"] if name in there]
    ways = [
        (row, column)
        for row in found.rows
        for column in asked.columns
        if column.opens is not None and row[column.name] and all(row[n] is not None for n in by)
    ]
    assert len(ways) >= FEW
    return random.Random(7).sample(ways, FEW)


def filters(asked: Question, row: Any, column: Column) -> dict[str, str]:
    """Say what is opened, as the answer tells every program to."""
    facts = dict(asked.report.opens)
    facts.pop("path")
    period = {} if facts.pop("ever", False) else {"from": PERIOD[0], "to": PERIOD[1]}
    there = {column.name for column in asked.columns}
    own = {name: row[name] for name in facts.pop("by") if name in there}
    written = {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in own.items()
    }
    return {**period, **written, **facts, **(column.opens or {})}


@pytest.mark.parametrize("name", [name for name in TO_EVENTS if not reports()[name].personal])
async def test_events_add_up_to_the_figure(central: Central, name: str) -> None:
    asked = question(name, PERIOD, **WAYS.get(name, {}))
    for row, column in await figures(central, asked):
        given = filters(asked, row, column)
        what = opening(
            {key: [value] for key, value in given.items()}, site=SITE, zone=ZONE, now=NOW_AT
        )
        found = await events(central, what, after=None, limit=1_000)

        counted = COUNTED.get(given.get("counted", ""))
        total = sum(event[counted] for event in found) if counted else len(found)
        assert total == row[column.name], given


@pytest.mark.parametrize("name", TO_TICKETS)
async def test_tickets_add_up_to_the_figure(central: Central, name: str) -> None:
    asked = question(name, PERIOD)
    for row, column in await figures(central, asked):
        given = filters(asked, row, column)
        report = asked.report.opens["path"].rpartition("/")[2]
        period = given.pop("from"), given.pop("to")
        found = await answer(central, question(report, period, **dict[str, Any](given)))

        names = {each["code"] for each in found.rows}
        assert len(names) == len(found.rows)
        assert added_up(name, column.name, found) == row[column.name], given


def added_up(name: str, column: str, found: Any) -> int:
    """Add up the tickets behind a figure of sessions: their number, their persons, who came."""
    admitted = "come" if "come" in found.rows[0] else "admitted"
    if column in {"tickets", "cancelled", "stamped", "unstamped"} and name != "availability":
        return len(found.rows)
    if column == "stamps":
        return sum(row["stamps"] for row in found.rows)
    if column in {"come", "stamped"}:
        return sum(min(row[admitted], row["persons"]) for row in found.rows)
    if column == "missing":
        return sum(row["persons"] - row[admitted] for row in found.rows)
    return sum(row["persons"] for row in found.rows)
