"""Check what is asked of a report: period, filters, columns.

What is not right is told with the name of the field, over HTTP (422) as on the command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.central.reports.lists import Place
from gateway.central.reports.periods import day_of, start_of
from gateway.central.reports.tables import ONE, PERSONAL, SEVERAL, Column, Report
from gateway.errors import DatabaseValueError

AUDIENCES: Final = ("individual", "group")
STATUSES: Final = ("active", "unpaid", "on_hold", "cancelled", "replaced", "blocked")
PAGE: Final = 1_000
LONGEST: Final = 400
"""Bytes of a value."""


class NotForViewers(Exception):
    """What is asked for tells who somebody is; it needs the role operator."""

    def __init__(self, field: str | None) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Question:
    """A report, of a period, with filters; everything in it is right."""

    report: Report
    site: str
    zone: ZoneInfo
    starts: datetime
    ends: datetime
    now: datetime
    by: tuple[str, ...]
    columns: tuple[Column, ...]
    arguments: Mapping[str, Any]
    """Filters as the query takes them."""
    limit: int | None = None
    after: Place | None = None
    """Of a list: where to go on."""


def ask(
    report: Report,
    given: Mapping[str, Sequence[str]],
    *,
    site: str,
    zone: ZoneInfo,
    now: datetime,
    personal: bool,
) -> Question:
    """Check a question.

    Args:
        report: What is asked.
        given: Names with all their values: ``from``, ``to``, filters, ``columns``, ``by``,
            ``limit``, ``after``. Nothing given for the period: today.
        site: Whose events, unless ``site`` is given.
        zone: The site's.
        now: The time.
        personal: Whether who asks may see who somebody is.

    Raises:
        DatabaseValueError: A value is not allowed, or there is no such filter.
        NotForViewers: The report, a filter or a column needs the role operator.
    """
    if report.personal and not personal:
        raise NotForViewers(None)
    known = {"from", "to", "site", "columns", *report.filters}
    known |= {"by"} if report.by else set()
    known |= {"limit", "after"} if report.paged else set()
    for name in given:
        if name not in known:
            raise DatabaseValueError(name, f"there is no filter {name!r} in {report.name}")
        if name in PERSONAL and not personal:
            raise NotForViewers(name)
    starts, ends = period(given, zone, now)
    by = _listed("by", given, report.by) or report.by_default
    return Question(
        report=report,
        site=one_given(given, "site") or site,
        zone=zone,
        starts=starts,
        ends=ends,
        now=now,
        by=by,
        columns=_columns(report, given, by, personal=personal),
        arguments=_filters(report, given),
        limit=_number(given, "limit", PAGE, least=1, most=PAGE) if report.paged else None,
        after=_place(given),
    )


def period(
    given: Mapping[str, Sequence[str]], zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime]:
    """Read ``from`` and ``to``: times with an offset, or days of the site; left out: today."""
    today = day_of(now, zone)
    starts = instant_given(given, "from", zone) or start_of(today, zone)
    ends = instant_given(given, "to", zone) or start_of(today + timedelta(days=1), zone)
    if starts > ends:
        raise DatabaseValueError("to", "is before from")
    return starts, ends


def instant_given(given: Mapping[str, Sequence[str]], name: str, zone: ZoneInfo) -> datetime | None:
    """Read a time with an offset, or the start of a day of the site."""
    text = one_given(given, name)
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-21"):
            return start_of(date.fromisoformat(text), zone)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise DatabaseValueError(name, "a time needs an offset, such as Z or +01:00")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        detail = "a day such as 2026-11-21, or a time in RFC 3339 with its offset"
        raise DatabaseValueError(name, detail) from error


def day_given(given: Mapping[str, Sequence[str]], name: str) -> date | None:
    """Read a day."""
    text = one_given(given, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DatabaseValueError(name, "a day such as 2026-11-21") from error


def filters(
    given: Mapping[str, Sequence[str]],
    several: Sequence[str],
    choices: Mapping[str, Sequence[str]],
    ones: Sequence[str] = (),
) -> dict[str, Any]:
    """Read filters: of several values, of a closed set, of one text; None where one is not given.

    An empty value of several means: where there is none.
    """
    found: dict[str, Any] = {}
    for name in several:
        found[name] = list(given[name]) if name in given else None
    for name in (*choices, *ones):
        if name not in several:
            found[name] = one_given(given, name)
    for name in found:
        for value in given.get(name, ()):
            if not value.isprintable() or len(value.encode()) > LONGEST:
                raise DatabaseValueError(name, f"at most {LONGEST} bytes, no control characters")
            if name in choices and value not in choices[name]:
                raise DatabaseValueError(name, f"one of {', '.join(filter(None, choices[name]))}")
    return found


def _filters(report: Report, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    several = [name for name in report.filters if name in SEVERAL]
    ones = [name for name in report.filters if name in ONE]
    choices = {"audience": (*AUDIENCES, ""), "status": STATUSES, **report.choices}
    there = {name: choices[name] for name in choices if name in report.filters}
    found = filters(given, several, there, ones)
    return {name: found[name] or report.defaults.get(name) for name in report.filters}


def _columns(
    report: Report, given: Mapping[str, Sequence[str]], by: Sequence[str], *, personal: bool
) -> tuple[Column, ...]:
    there = {column.name: column for column in report.shown(by, personal=True)}
    if "columns" not in given:
        return report.shown(by, personal=personal)
    chosen = _listed("columns", given, tuple(there))
    for name in chosen:
        if there[name].personal and not personal:
            raise NotForViewers("columns")
    if not chosen:
        raise DatabaseValueError("columns", f"some of {', '.join(there)}")
    return tuple(there[name] for name in chosen)


def _listed(
    name: str, given: Mapping[str, Sequence[str]], allowed: tuple[str, ...]
) -> tuple[str, ...]:
    """Read a list, repeated or with commas, without what comes twice."""
    words = [word.strip() for text in given.get(name, ()) for word in text.split(",")]
    for word in words:
        if word not in allowed:
            raise DatabaseValueError(name, f"some of {', '.join(allowed)}")
    return tuple(dict.fromkeys(words))


def one_given(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    """Read what may be given once."""
    values = given.get(name, ())
    if len(values) > 1:
        raise DatabaseValueError(name, "may be given once")
    return values[0] if values else None


def _place(given: Mapping[str, Sequence[str]]) -> Place | None:
    text = one_given(given, "after")
    try:
        return None if text is None else Place.parse(text)
    except ValueError:
        raise DatabaseValueError("after", "what `next` said, as it was") from None


def _number(
    given: Mapping[str, Sequence[str]], name: str, default: int, *, least: int, most: int
) -> int:
    text = one_given(given, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and least <= int(text[:12]) <= most):
        raise DatabaseValueError(name, f"a whole number from {least} to {most}")
    return int(text)
