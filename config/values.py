"""The values a site file is made of, each with what is allowed; every table is a `Section`."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, WithJsonSchema

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"
TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
COLOR_PATTERN = r"^#([0-9a-fA-F]{3}){1,2}$"

MAX_DAYS = 3660
"""A range of days is at most ten years long: more is a mistyped year."""

type Id = Annotated[str, Field(pattern=ID_PATTERN)]
type Whole = Annotated[int, Strict(), Field(ge=0)]
type Persons = Annotated[int, Strict(), Field(ge=1)]
type Minutes = Annotated[int, Strict(), Field(ge=0, le=10_080)]
type Seconds = Annotated[float, Strict(), Field(gt=0, le=3600)]
type Flag = Annotated[bool, Strict()]
type TimeOfDay = Annotated[str, Field(pattern=TIME_PATTERN)]
type Color = Annotated[str, Field(pattern=COLOR_PATTERN)]

type CodeFormat = Literal["address", "prefix", "pretix"]
type Language = Literal["en", "fr", "de", "es"]
type Durability = Literal["always", "everysec"]
type Kind = Literal["reader", "turnstile", "door", "relay", "display", "lamp"]
type Serves = Literal["entry", "exit", "both"]
type CountOn = Literal["grant", "passage"]
type Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
type Driver = Literal["serial", "modbus", "mqtt", "osdp", "http"]

_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_RANGE = re.compile(rf"{_DAY.pattern}(\.\.{_DAY.pattern})?")


class Section(BaseModel):
    """A table of the site file: nothing unknown in it, and nobody changes it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )


def known_zone(name: str) -> str:
    """Refuse a time zone the IANA database does not know."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        raise ValueError("allowed: an IANA time zone such as Europe/Paris") from unknown
    return name


def _hours(text: str) -> str:
    """Refuse what is not a span of hours."""
    if not _HOURS.fullmatch(text):
        raise ValueError("allowed: hours such as 10:00-18:00, up to 24:00, or past it 22:00-02:00")
    begins, _, ends = text.partition("-")
    if begins == ends:
        raise ValueError("it ends as it begins; a whole day is 00:00-24:00")
    return text


def _days(text: str) -> str:
    """Refuse what is neither a day nor a range of days."""
    first, dots, last = text.partition("..")
    try:
        begins = _day(first)
        ends = _day(last) if dots else begins
    except ValueError as unreadable:
        raise ValueError("allowed: 2026-12-24, or 2026-12-20..2027-01-03") from unreadable
    if ends < begins:
        raise ValueError("the range ends before it begins")
    if ends - begins > timedelta(days=MAX_DAYS):
        raise ValueError("the range is longer than ten years; is the year right?")
    return text


def _day(text: str) -> date:
    """Read a day, written in full only."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _pattern(pattern: re.Pattern[str]) -> WithJsonSchema:
    """Return what editors are told about a text: errors are ours to word."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$"})


def address(*schemes: str) -> AfterValidator:
    """Return a check that an address is `embedded` or has one of the schemes."""

    def check(url: str) -> str:
        if url != "embedded" and not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError("allowed: embedded, " + ", ".join(f"{s}://…" for s in schemes))
        return url

    return AfterValidator(check)


def web_address(url: str) -> str:
    """Refuse what is no address on the web."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("allowed: https://… or http://…")
    return url


type Hours = Annotated[str, AfterValidator(_hours), _pattern(_HOURS)]
type Days = Annotated[str, AfterValidator(_days), _pattern(_RANGE)]
type Week = dict[Weekday, tuple[Hours, ...]]


def allowed(annotation: Any) -> tuple[str, ...]:
    """Return the members of a closed set of words.

    >>> allowed(Durability)
    ('always', 'everysec')
    """
    return get_args(getattr(annotation, "__value__", annotation))
