"""A site file from disk into a `Site`: all that is wrong is told at once, each with its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config import channels, foreign, gates, openings, reach, references
from config.draft import Draft
from config.locate import Location, line_of, lines_of
from config.models import Equipment, Site
from config.problems import SECRETS, Problem, SiteFileError, in_order, of_validation
from config.values import Section
from config.wires import Wires

PREFIX = "COMPOSTEUR__"


@dataclass(frozen=True, slots=True)
class Examined:
    """A site that can be used, and what its author probably did not mean."""

    site: Site
    warnings: tuple[Problem, ...]


def load(
    path: Path, environment: Mapping[str, str] | None = None, wires: Wires | None = None
) -> Site:
    """Read a site file; secrets may come from the environment.

    Raises:
        SiteFileError: With every problem found.
    """
    return examine(path, environment, wires).site


def parse(
    text: str,
    path: Path,
    environment: Mapping[str, str] | None = None,
    wires: Wires | None = None,
) -> Site:
    """Read the text of a site file that lies, or would lie, at a path."""
    return examine_text(text, path, environment, wires).site


def examine(
    path: Path, environment: Mapping[str, str] | None = None, wires: Wires | None = None
) -> Examined:
    """Read a site file, and what its author might want to know of it.

    Args:
        path: The TOML file. Paths in it are relative to its folder.
        environment: Variables such as ``COMPOSTEUR__STORES__POSTGRES``, or the same with ``_FILE``
            at the end naming a file that holds the value.
        wires: The wires of this installation. Without any, what belongs to wires is not checked.

    Raises:
        SiteFileError: With every problem found.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise SiteFileError(path, [Problem((), "is not UTF-8 text")]) from problem
    except OSError as problem:
        said = (problem.strerror or str(problem)).lower()
        raise SiteFileError(path, [Problem((), f"cannot be read: {said}")]) from problem
    return examine_text(text, path, environment, wires)


def examine_text(
    text: str,
    path: Path,
    environment: Mapping[str, str] | None = None,
    wires: Wires | None = None,
) -> Examined:
    """Read the text of a site file that lies, or would lie, at a path, as `examine` does."""
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))  # some editors put a mark there
    except tomllib.TOMLDecodeError as problem:
        raise SiteFileError(path, [_of_syntax(problem)]) from problem
    origins, problems = _take_secrets(data, environment or {})
    draft = Draft(data, wires or {}, path.parent, environment)
    problems += draft.problems
    for check in (references, foreign, gates, channels, openings, reach):
        problems += check.problems_of(draft)
    site = None
    try:
        site = Site.model_validate(data)
    except ValidationError as error:
        problems = of_validation(error) + problems
    if problems or site is None:
        raise SiteFileError(path, _located(problems, text, origins))
    warnings = [
        *openings.warnings_of(draft),
        *gates.warnings_of(draft),
        *reach.warnings_of(draft),
    ]
    return Examined(_finish(site, draft, path.parent), in_order(_located(warnings, text, origins)))


def _located(
    problems: Sequence[Problem], text: str, origins: Mapping[Location, str]
) -> list[Problem]:
    """Add to each problem the line it stands in, or the variable its value came from."""
    lines = lines_of(text)
    return [
        problem
        if problem.source or problem.line
        else replace(problem, source=origins[problem.location])
        if problem.location in origins
        else replace(problem, line=line_of(lines, problem.location))
        for problem in problems
    ]


def _of_syntax(error: tomllib.TOMLDecodeError) -> Problem:
    """Take the line out of tomllib's words, where it alone stands before Python 3.14."""
    said, _, place = str(error).partition(" (at ")
    line = re.match(r"line (\d+)", place)
    return Problem((), f"is not TOML: {said.lower()}", line=int(line[1]) if line else None)


def _take_secrets(
    data: dict[str, Any], environment: Mapping[str, str]
) -> tuple[dict[Location, str], list[Problem]]:
    """Put secrets from the environment into the data; remember which variable gave which."""
    places = {f"{PREFIX}{'__'.join(secret).upper()}": secret for secret in SECRETS}
    origins: dict[Location, str] = {}
    problems: list[Problem] = []
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        place = places.get(name.removesuffix("_FILE"))
        if place is None:
            known = ", ".join(places)
            problems.append(Problem((), f"sets nothing; allowed: {known} (or …_FILE)", source=name))
            continue
        value = environment[name]
        if name.endswith("_FILE"):
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except OSError as problem:
                said = (problem.strerror or str(problem)).lower()
                problems.append(Problem((), f"{value}: {said}", source=name))
                continue
        section = data.setdefault(place[0], {})
        if isinstance(section, dict):
            section[place[1]] = value
            origins[place] = name
    return origins, problems


def _finish(site: Site, draft: Draft, folder: Path) -> Site:
    """Make paths absolute, have readers count as what they open, keep the wires' settings."""
    finished = site.model_copy(
        update={
            "stores": _anchor(site.stores, folder),
            "http": _anchor(site.http, folder),
            "retention": _anchor(site.retention, folder),
            "equipment": tuple(_as_opened(each, site) for each in site.equipment),
            "sources": tuple(_anchor(each, folder) for each in site.sources),
            "webhooks": tuple(_anchor(each, folder) for each in site.webhooks),
        }
    )
    return finished.with_wires({name: _anchor(wire, folder) for name, wire in draft.wires.items()})


def _as_opened(reader: Equipment, site: Site) -> Equipment:
    """Give a reader that opens a gate what settles the gate's grants."""
    gate = next((each for each in site.equipment if each.id == reader.opens), None)
    if gate is None:
        return reader
    settles = ("count_on", "open_s", "longer_open_s", "passage_s")
    return reader.model_copy(update={key: getattr(gate, key) for key in settles})


def _anchor[Table: Section](table: Table, folder: Path) -> Table:
    """Make the paths of a table absolute: they are written relative to the site file."""
    paths = {key: value for key, value in table if isinstance(value, Path)}
    return table.model_copy(update={key: (folder / path).absolute() for key, path in paths.items()})
