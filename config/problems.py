"""What is wrong with a site file, in words for the person who wrote it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.locate import Location
from config.models import Site
from config.values import COLOR_PATTERN, ID_PATTERN, TIME_PATTERN

SECRETS = (("stores", "redis"), ("stores", "postgres"), ("stores", "mqtt"))
"""Keys that may carry a password: their values are never repeated, and may come by environment."""

SECRET_WORDS = frozenset({"key", "passphrase", "password", "pin", "psk", "secret", "token"})
"""Words in the name of a wire's key whose value is never repeated."""

LONGEST_SHOWN = 60
"""Characters of a value that are repeated: a message is one line."""

WORDS = {
    "tuple_type": "an array",
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "too_short": "{min_length} or more in it",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "at most {le}",
}
"""What is allowed, by the type of pydantic's finding."""

ARRAYS = frozenset({"space", "period", "planning", "controller", "equipment", "webhook", "source"})

MANY = 12
"""Names that are not all told where one of them was probably meant."""

PATTERNS = {
    ID_PATTERN: "1 to 32 of a-z 0-9 and -, beginning with a letter or digit",
    TIME_PATTERN: "a time of day such as 04:30",
    COLOR_PATTERN: "a colour such as #b33 or #bb3333",
}


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

    def told(self, path: Path) -> str:
        """Write it as one line: file and line, key, what was found and is allowed."""
        where = self.source or (f"{path}:{self.line}" if self.line else str(path))
        return ": ".join(each for each in (where, self.key, self.text) if each)


class SiteFileError(ValueError):
    """A site file that cannot be used, with everything that is wrong in it."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = in_order(problems)
        super().__init__("\n".join(problem.told(path) for problem in self.problems))


def in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return problems in the order of the file."""
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def of_validation(
    error: ValidationError,
    model: type[BaseModel] = Site,
    around: Location = (),
    more: Sequence[str] = (),
) -> list[Problem]:
    """Turn pydantic's findings into problems, one for each key.

    Args:
        error: The findings.
        model: What was validated.
        around: The location of what was validated.
        more: Keys that are allowed beside the model's own at its top.
    """
    problems: dict[Location, Problem] = {}
    for details in error.errors():
        inner = tuple(part for part in details["loc"] if part != "[key]")
        text = _text((*around, *inner), details, _keys(model, inner[:-1], more))
        problems.setdefault((*around, *inner), Problem((*around, *inner), text))
    return list(problems.values())


def shown(location: Location, value: object) -> str:
    """Write a value for an error message; a password is left out, tables are not repeated."""
    if location[:2] in SECRETS and isinstance(value, str):
        scheme = urlsplit(value).scheme
        return f"{scheme}://… (hidden)" if scheme else "a value (hidden)"
    if any(is_secret(part) for part in location if isinstance(part, str)):
        return "a value (hidden)"
    match value:
        case bool():
            text = str(value).lower()
        case Mapping():
            text = "a table"
        case list() | tuple():
            text = "an array"
        case _:
            text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def is_secret(key: str) -> bool:
    """Tell whether the value of a wire's key must not be repeated.

    >>> is_secret("password"), is_secret("baud_rate")
    (True, False)
    """
    return not SECRET_WORDS.isdisjoint(key.lower().split("_"))


def suggested(found: str, known: Sequence[str], allowed: str = "allowed") -> str:
    """Say what would have been right, the nearest first."""
    close = get_close_matches(found, known, n=1)
    if close and len(known) > MANY:
        return f"did you mean {close[0]}?"
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}{allowed}: {', '.join(known) or 'none'}"


def _text(location: Location, details: ErrorDetails, keys: Sequence[str]) -> str:
    """Say what was found and what is allowed."""
    found = f"found {shown(location, details['input'])}"
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "missing":
            text = "is missing"
        case "extra_forbidden":
            text = f"is not a key here; {suggested(str(location[-1]), keys)}"
        case "literal_error":
            text = f"{found}, allowed: {context['expected']}"
        case "string_pattern_mismatch" if context["pattern"] in PATTERNS:
            text = f"{found}, allowed: {PATTERNS[context['pattern']]}"
        case "value_error" if isinstance(details["input"], Mapping):
            text = str(context["error"])
        case "value_error":
            text = f"{found}, {context['error']}"
        case "model_type" | "dict_type":
            text = f"{found}, allowed: a table"
        case "tuple_type" if len(location) == 1 and location[0] in ARRAYS:
            text = f"{found}, allowed: tables that begin with [[{location[0]}]]"
        case kind if kind in WORDS:
            text = f"{found}, allowed: {WORDS[kind].format(**context)}"
        case _:
            text = f"{found}: {details['msg'][:1].lower()}{details['msg'][1:]}"
    return text


def _keys(model: Any, table: Location, more: Sequence[str]) -> list[str]:
    """Return the keys of the table at a location within a model."""
    if not table:
        return [*more, *_names(model)]
    for part in table:
        if isinstance(part, str) and _is_model(model):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = fields[part].annotation if part in fields else None
        elif get_origin(model) in {tuple, list}:
            model = get_args(model)[0]
        elif get_origin(model) is dict:
            model = get_args(model)[1]
        model = _bare(model)
    return _names(model)


def _bare(annotation: Any) -> Any:
    """Take away what is written around a model: an alias, bounds, `| None`."""
    annotation = getattr(annotation, "__value__", annotation)
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return next((_bare(each) for each in get_args(annotation) if _is_model(_bare(each))), None)
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _names(model: Any) -> list[str]:
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]
