"""`composteur qr make CODE -o FILE`: a ticket's QR code as a picture."""

from pathlib import Path

import click

from gateway.cli.reference import canonical
from gateway.cli.site import site_option


@click.group("qr")
def command() -> None:
    """Draw QR codes."""


@command.command("make")
@click.argument("code")
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="FILE.svg or FILE.png",
)
@site_option
def make(code: str, path: Path, site_path: Path) -> None:  # noqa: ARG001  # every command takes it
    """Draw the QR code of a ticket's CODE, level M, in the smallest mode that holds it."""
    import segno

    if path.suffix not in {".svg", ".png"}:
        raise click.BadParameter(f"found {path}, allowed: FILE.svg or FILE.png", param_hint="-o")
    symbol = segno.make(canonical(code), error="m", boost_error=False, micro=False)
    symbol.save(str(path), scale=8, border=4)
    click.echo(f"{path}: version {symbol.version}, level {symbol.error}, {symbol.mode}")
