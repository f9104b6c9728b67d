"""`composteur demo`: a museum and its visitors on this machine."""

import sys

import click


@click.command("demo")
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1, max=2000),
    default=10.0,
    show_default=True,
    help="Visitors arriving a second.",
)
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0.1),
    metavar="S",
    help="End after so many seconds; else Ctrl-C ends.",
)
def command(rate: float, seconds: float | None) -> None:
    """Show a museum with visitors: gateway, stores and all, kept in state/demo."""
    import uvloop

    from gateway.demo.play import play
    from gateway.embedded import mosquitto

    broker = mosquitto.found() is not None
    if not broker:
        click.echo(f"{mosquitto.INSTALL} Until then the gates speak HTTP and WebSocket.")
    if not uvloop.run(play(rate, seconds, wire="mqtt" if broker else "http")):
        sys.exit(1)
