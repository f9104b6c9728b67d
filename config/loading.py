"""A site file from disk into a `Site`: all that is wrong is told at once, each with its line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.locate import line_of, lines_of
from config.models import Site
from config.problems import SECRETS, Problem, SiteFileError, of_validation
from config.references import problems_of

PREFIX = "COMPOSTEUR__"


def load(path: Path, environment: Mapping[str, str] | None = None) -> Site:
    """Read a site file; secrets may come from the environment.

    Args:
        path: The TOML file. Paths in it are relative to its folder.
        environment: Variables such as ``COMPOSTEUR__STORES__POSTGRES``, or the same with ``_FILE``
            at the end naming a file that holds the value.

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
    return parse(text, path, environment or {})


def parse(text: str, path: Path, environment: Mapping[str, str] | None = None) -> Site:
    """Read the text of a site file that lies, or would lie, at a path."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SiteFileError(path, [_of_syntax(problem)]) from problem
    origins, problems = _take_secrets(data, environment or {})
    problems += problems_of(data)
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
    return _anchor(site, path.parent)


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


def _anchor(site: Site, folder: Path) -> Site:
    """Make the paths of a site absolute: they are written relative to its file."""
    stores = site.stores.model_copy(
        update={"state_dir": (folder / site.stores.state_dir).absolute()}
    )
    http = site.http.model_copy(
        update={
            key: (folder / value).absolute() if value is not None else None
            for key, value in (("tls_cert", site.http.tls_cert), ("tls_key", site.http.tls_key))
        }
    )
    return site.model_copy(update={"stores": stores, "http": http})
