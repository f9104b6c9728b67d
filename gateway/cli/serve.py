"""`composteur serve`: run the gateway of a site file."""

import sys
from pathlib import Path

import click

from gateway.cli.site import load_site, site_option


@click.command("serve")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="HTTP processes that share the port.",
)
@click.option("--read-only", is_flag=True, help="Never write the site file: it is made elsewhere.")
@click.option("--attached", is_flag=True, hidden=True, help="Stop when standard input ends.")
@click.option("--worker", "number", type=int, hidden=True, help="Be a further process.")
@site_option
def command(
    workers: int, number: int | None, site_path: Path, *, read_only: bool, attached: bool
) -> None:
    """Run the gateway until SIGINT or SIGTERM; the second signal ends it at once."""
    import uvloop

    from gateway import app

    if number is not None:
        uvloop.run(app.serve_as_worker(number, sys.stdin.buffer.readline()))
        return
    site = load_site(site_path)
    serving = app.Serving(site_path.absolute(), read_only, workers, attached)
    uvloop.run(app.serve(site, serving, _say))


def _say(text: str) -> None:
    """Tell the operator what goes on; programs read `ready …` on standard output."""
    click.echo(text, err=not text.startswith("ready "))
