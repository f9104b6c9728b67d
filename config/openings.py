"""Whether plannings and periods say what was meant: no hours and no days twice, nothing idle."""

from collections.abc import Iterator, Sequence

from config.draft import Draft, Table
from config.models import Period, Planning
from config.planning import MINUTES, first_and_last, minutes
from config.problems import Problem
from config.values import Week, Weekday, allowed

_DAYS: tuple[Weekday, ...] = allowed(Weekday)  # type: ignore[assignment]  # its words


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Find hours and days named twice, and exceptions that change nothing."""
    for period in draft.periods:
        if period.model is not None:
            yield from _days(period, period.model)
    for planning in draft.plannings:
        if planning.model is None:
            continue
        yield from _week(planning, planning.model.week, "week")
        for name, week in planning.model.periods.items():
            yield from _week(planning, week, "periods", name)
        yield from _exceptions(planning, planning.model)


def warnings_of(draft: Draft) -> Iterator[Problem]:
    """Find plannings and periods that have no effect."""
    used = {space.text("planning") for space in draft.spaces}
    named = {name for each in draft.plannings if each.model for name in each.model.periods}
    for period in draft.periods:
        if period.id not in named:
            yield period.problem("id", text=f"no planning names the period {period.id!r}")
        elif period.model is not None and not period.model.days:
            yield period.problem("days", text="has no days: the period never holds")
    for planning in draft.plannings:
        if planning.id not in used:
            yield planning.problem("id", text=f"no space has the planning {planning.id!r}")
        elif planning.model is not None and not _opens(planning.model):
            text = "has no hours at all: its spaces are always closed"
            yield planning.problem("id", text=text)


def _opens(planning: Planning) -> bool:
    weeks = (planning.week, *planning.periods.values())
    return any(hours for week in weeks for hours in week.values()) or any(
        each.include for each in planning.exceptions
    )


def _days(table: Table[Period], period: Period) -> Iterator[Problem]:
    """Find days a period names twice."""
    for position, days in enumerate(period.days):
        first, last = first_and_last(days)
        for other in period.days[:position]:
            begins, ends = first_and_last(other)
            if first <= ends and begins <= last:
                text = f"found {days!r}, which overlaps {other!r}"
                yield table.problem("days", position, text=text)
                break


def _week(table: Table[Planning], week: Week, *key: str) -> Iterator[Problem]:
    """Find hours of a week that overlap, also with those that began the day before."""
    for day, hours in week.items():
        yield from _overlaps(table, hours, *key, day)
        before = _DAYS[_DAYS.index(day) - 1]
        for late in week.get(before, ()):
            over = minutes(late)[1] - MINUTES
            early = next((each for each in hours if minutes(each)[0] < over), None)
            if early is not None:
                text = f"found {early!r}, which overlaps {late!r} of {before}"
                yield table.problem(*key, day, text=text)


def _overlaps(table: Table[Planning], hours: Sequence[str], *key: str | int) -> Iterator[Problem]:
    """Find hours of one day that overlap."""
    for position, each in enumerate(hours):
        begins, ends = minutes(each)
        for other in hours[:position]:
            since, until = minutes(other)
            if begins < until and since < ends:
                text = f"found {each!r}, which overlaps {other!r}"
                yield table.problem(*key, text=text)
                break


def _exceptions(table: Table[Planning], planning: Planning) -> Iterator[Problem]:
    for position, each in enumerate(planning.exceptions):
        if not each.include and not each.exclude and each.capacity is None:
            text = f"of {each.date} changes nothing: give it include, exclude or capacity"
            yield table.problem("exception", position, text=text)
        yield from _overlaps(table, each.include, "exception", position, "include")
        yield from _overlaps(table, each.exclude, "exception", position, "exclude")
