"""A site file from disk into a `Site`: all that is wrong is told at once, each with its line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.draft import Draft
from config.locate import line_of, lines_of
from config.models import Equipment, Site
from config.problems import SECRETS, Problem, SiteFileError, of_validation
from config.references import problems_of
from config.values import Section
from config.wires import Wires

PREFIX = "COMPOSTEUR__"


def load(
    path: Path, environment: Mapping[str, str] | None = None, wires: Wires | None = None
) -> Site:
    """Read a site file; secrets may come from the environment.

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
    return parse(text, path, environment, wires)


def parse(
    text: str,
    path: Path,
    environment: Mapping[str, str] | None = None,
    wires: Wires | None = None,
) -> Site:
    """Read the text of a site file that lies, or would lie, at a path."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SiteFileError(path, [_of_syntax(problem)]) from problem
    origins, problems = _take_secrets(data, environment or {})
    draft = Draft(data, wires or {})
    problems += problems_of(draft)
    site = None
    try:
        site = Site.model_validate(data)
    except ValidationError as error:
        problems = of_validation(error) + problems
    if problems or site is None:
        lines = lines_of(text)
        raise SiteFileError(
            path,
            [
                replace(problem, source=origins[problem.location])
                if problem.location in origins
                else replace(problem, line=line_of(lines, problem.location))
                for problem in problems
            ],
        )
    return _finish(site, draft, path.parent)


def _of_syntax(error: tomllib.TOMLDecodeError) -> Problem:
    """Take the line out of tomllib's words, where it alone stands before Python 3.14."""
    said, _, place = str(error).partition(" (at ")
    line = re.match(r"line (\d+)", place)
    return Problem((), f"is not TOML: {said.lower()}", line=int(line[1]) if line else None)


def _take_secrets(
    data: dict[str, Any], environment: Mapping[str, str]
) -> tuple[dict[tuple[str | int, ...], str], list[Problem]]:
    """Put secrets from the environment into the data; remember which variable gave which."""
    places = {f"{PREFIX}{'__'.join(secret).upper()}": secret for secret in SECRETS}
    origins: dict[tuple[str | int, ...], str] = {}
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
            "equipment": tuple(_as_opened(each, site) for each in site.equipment),
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
