"""What is wrong with a site file, in words for the person who wrote it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.locate import Location
from config.models import ID_PATTERN, Site

SECRETS = (("stores", "redis"), ("stores", "postgres"), ("stores", "mqtt"))
"""Keys that may carry a password: their values are never repeated, and may come by environment."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where, and what was found and is allowed."""

    location: Location
    text: str
    line: int | None = None
    source: str | None = None
    """Where the value came from, when not from the file: an environment variable."""

    @property
    def key(self) -> str:
        """The key as a person would write it: `space[1].capacity`."""
        written = ""
        for part in self.location:
            written += f"[{part}]" if isinstance(part, int) else f".{part}" if written else part
        return written


class SiteFileError(ValueError):
    """A site file that cannot be used, with everything that is wrong in it."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        for problem in self.problems:
            where = problem.source or (f"{self.path}:{problem.line}" if problem.line else self.path)
            yield (
                f"{where}: {problem.key}: {problem.text}"
                if problem.key
                else (f"{where}: {problem.text}")
            )


def of_validation(error: ValidationError) -> list[Problem]:
    """Turn pydantic's findings into problems, one for each key."""
    problems: dict[Location, Problem] = {}
    for details in error.errors():
        location = tuple(part for part in details["loc"] if part != "[key]")
        problems.setdefault(location, Problem(location, _text(location, details)))
    return list(problems.values())


def shown(location: Location, value: object) -> str:
    """Write a value for an error message; a password is left out."""
    if location[:2] in SECRETS and isinstance(value, str):
        scheme = urlsplit(value).scheme
        return f"{scheme}://… (hidden)" if scheme else "a value (hidden)"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004  # a message is one line


def _text(location: Location, details: ErrorDetails) -> str:
    """Say what was found and what is allowed."""
    found = f"found {shown(location, details['input'])}"
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return _unknown_key(location)
        case "literal_error":
            return f"{found}, allowed: {context['expected']}"
        case "string_pattern_mismatch" if context["pattern"] == ID_PATTERN:
            return f"{found}, allowed: 1 to 32 of a-z 0-9 and -, beginning with a letter or digit"
        case "value_error":
            return f"{found}, {context['error']}"
        case _:
            return f"{found}: {details['msg'][:1].lower()}{details['msg'][1:]}"


def _unknown_key(location: Location) -> str:
    """Say which keys there are, the nearest first in mind."""
    known = _keys(location[:-1])
    close = get_close_matches(str(location[-1]), known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"is not a key here; {hint}allowed: {', '.join(known)}"


def _keys(table: Location) -> list[str]:
    """Return the keys of the table at a location."""
    model: Any = Site
    for part in table:
        if isinstance(part, str) and isinstance(model, type) and issubclass(model, BaseModel):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = fields[part].annotation if part in fields else None
        elif get_origin(model) is tuple:
            model = get_args(model)[0]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]
