"""`composteur devices list|lint|probe`: Modbus boards we know, profiles of others, one asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.devices.checking import checked

if TYPE_CHECKING:
    from drivers.modbus.probing import Findings
    from drivers.modbus.settings import ModbusSettings


@click.command("list")
def list_() -> None:
    """Tell the boards that `profile` in the site file may name."""
    from drivers.modbus.profile import facts, load, names

    for name in names():
        profile = load(name)
        click.echo(f"{name}: {profile.name}")
        said = (f"{key} {value}" for key, value in facts(profile).items() if value not in {0, "-"})
        click.echo(f"    {'; '.join(said)}")
        for note in profile.notes:
            click.echo(f"    - {note}")


@click.command("lint")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def lint(files: tuple[Path, ...]) -> None:
    """Say all that is wrong in profile FILES, each with its line."""
    from drivers.modbus.profile import ProfileError, read

    wrong = False
    for path in files:
        try:
            profile = read(path)
        except ProfileError as error:
            click.echo(str(error), err=True)
            wrong = True
        else:
            click.echo(f"{path}: ok, {profile.name}")
    if wrong:
        raise SystemExit(1)


@click.command("probe")
@click.argument("address")
@click.option("--profile", default="generic-8", show_default=True, metavar="P", help="Which board.")
@click.option("--unit", type=int, metavar="N", help="Its address on the line.")
@click.option("--baud", type=int, metavar="N", help="Of a serial port.")
@click.option("--parity", type=click.Choice(["none", "even", "odd"]), help="Of a serial port.")
@click.option("--local-echo", is_flag=True, help="The serial adapter hears what it sends.")
@click.option(
    "--timeout-ms",
    type=int,
    default=500,
    show_default=True,
    metavar="MS",
    help="How long an answer may take.",
)
def probe(**options: Any) -> None:
    """Read all that the board at ADDRESS has, as a site file names it; nothing is switched.

    A serial port or TCP address that a gateway speaks on is the gateway's: stop it first.
    """
    import asyncio

    from drivers.modbus.probing import probe as ask
    from drivers.modbus.settings import ModbusSettings

    written = {key: value for key, value in options.items() if value is not None}
    settings = checked(ModbusSettings, written)
    _tell(settings, asyncio.run(ask(settings)))


def _tell(settings: "ModbusSettings", found: "Findings") -> None:
    click.echo(f"{settings.board_profile.name}, {settings.board[1]}")
    for what, levels in (("input", found.told.inputs), ("relay", found.told.outputs)):
        for number, on in sorted(levels.items()):
            click.echo(f"{what} {number}: {'on' if on else 'off'}")
    for number, value in sorted(found.told.counters.items()):
        click.echo(f"counter {number}: {value}")
    if found.slowest_s:
        click.echo(f"slowest answer: {found.slowest_s * 1000:.1f} ms")
    for problem in found.problems:
        click.echo(problem, err=True)
    if found.problems:
        raise SystemExit(1)


COMMANDS: Final = (list_, lint, probe)
