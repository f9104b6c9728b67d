"""`--site FILE`, which every command takes, and the stores of that site."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from config import Examined, Site
    from gateway.app import Core

DEFAULT = Path("site.toml")
VARIABLE = "COMPOSTEUR_SITE"
OPERATOR = "cli"
"""Who did it, in the events and the audit of what commands do."""


def site_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option; it comes as `site_path`."""
    return click.option(
        "--site",
        "site_path",
        type=click.Path(path_type=Path),
        default=DEFAULT,
        envvar=VARIABLE,
        show_default=True,
        help=f"The site file (also: the variable {VARIABLE}).",
    )(command)


def load_site(path: Path) -> "Site":
    """Read the site file, with secrets from the environment."""
    return examine_site(path).site


def examine_site(path: Path) -> "Examined":
    """Read the site file, and what its author might want to know of it."""
    import os

    import config
    from gateway.venue.wires import SETTINGS

    if not path.exists():
        raise click.ClickException(
            f"there is no site file {path}; make one with: composteur init museum"
        )
    return config.examine(path, os.environ, SETTINGS)


def with_stores[Result](site: "Site", act: "Callable[[Core], Awaitable[Result]]") -> Result:
    """Do something with the stores of a site, running gateway or not."""
    import uvloop

    from gateway import app

    async def run() -> Result:
        async with app.tools(site) as tools:
            return await act(tools)

    return uvloop.run(run())
