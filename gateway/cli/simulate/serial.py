"""`composteur simulate scanner|serial-gate`: devices on a serial line, each on a pty."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.simulate.crowds import codes_of
from gateway.cli.simulate.lives import be, break_, flag, number

if TYPE_CHECKING:
    from drivers.serial.profile import Profile
    from drivers.serial.simulator import SimulatedDevice
    from gateway.cli.simulate.lives import Life

_port = click.option(
    "--port",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The name the line gets, as `port` in the site file; it leads to a pty.",
)
_profile_file = click.option(
    "--profile-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A profile of your own.",
)
_baud = click.option(
    "--baud",
    type=click.IntRange(300, 1_000_000),
    metavar="N",
    help="Make the line as slow as it would be; else it is as fast as it goes.",
)
_fault = click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHAT[=VALUE]",
    help="mute, unheard, doubled, refused, late=S, garbled=SHARE, unplugged=S, rebooted=S.",
)
_for = click.option(
    "--for", "seconds", type=click.FloatRange(min=0.1), metavar="S", help="End after S."
)
_seed = click.option("--seed", type=int, help="The same faults at the same places.")


@click.command("scanner")
@_port
@click.option("--profile", default="scanner", show_default=True, help="Which engine.")
@_profile_file
@_baud
@click.option(
    "--codes",
    type=click.File("r", lazy=True),
    metavar="FILE",
    help="One code a line, - for the input; else made-up ones, which nobody sold.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="N",
    help="Codes a second.",
)
@_fault
@_for
@_seed
@click.option("--quiet", is_flag=True, help="Do not tell each code.")
def scanner(**options: Any) -> None:
    """Be a scan engine that is shown codes."""
    import uvloop

    uvloop.run(_scanner(**options))


async def _scanner(**options: Any) -> None:
    import asyncio
    from random import Random

    from drivers.serial.profile import ScannerProfile
    from drivers.serial.simulator import SimulatedScanner

    profile = await _profile(options["profile"], options["profile_file"])
    if not isinstance(profile, ScannerProfile):
        raise click.BadParameter(f"{profile.name} is no scan engine", param_hint="--profile")
    dice = Random(options["seed"])  # noqa: S311  # faults come at random, not in secret
    engine = SimulatedScanner(options["port"], profile, dice=dice, baud=options["baud"])

    async def show() -> None:
        async for code in codes_of(options["codes"], dice):
            await asyncio.sleep(dice.expovariate(options["rate"]))
            engine.show(code)
            if not options["quiet"]:
                click.echo(code)
        await asyncio.sleep(0.5)  # the last one is still on its way

    await _be(engine, options, show)


@click.command("serial-gate")
@_port
@click.option("--profile", default="digicon-tx1500", show_default=True, help="Which gate.")
@_profile_file
@_baud
@click.option(
    "--walk",
    "walk_s",
    type=click.FloatRange(min=0),
    default=0.8,
    show_default=True,
    metavar="S",
    help="Somebody passes so long after each release.",
)
@click.option("--nobody", is_flag=True, help="Nobody passes.")
@_fault
@_for
@_seed
def serial_gate(**options: Any) -> None:
    """Be a gate with a serial protocol of its own, and somebody who passes when it opens."""
    import uvloop

    uvloop.run(_serial_gate(**options))


async def _serial_gate(**options: Any) -> None:
    import asyncio
    from random import Random

    from drivers.serial.profile import GateProfile
    from drivers.serial.simulator import SimulatedSerialGate

    profile = await _profile(options["profile"], options["profile_file"])
    if not isinstance(profile, GateProfile):
        raise click.BadParameter(f"{profile.name} is no gate", param_hint="--profile")
    gate = SimulatedSerialGate(
        options["port"],
        profile,
        dice=Random(options["seed"]),  # noqa: S311  # faults come at random, not in secret
        walk_s=None if options["nobody"] else options["walk_s"],
        baud=options["baud"],
    )

    async def tell() -> None:
        obeyed = passed = 0
        while True:
            await asyncio.sleep(0.05)
            for command in gate.obeyed[obeyed:]:
                click.echo(f"{command.do} {command.direction or 'both'}")
            for side in gate.passages[passed:]:
                click.echo(f"passed {side}")
            obeyed, passed = len(gate.obeyed), len(gate.passages)

    await _be(gate, options, tell)


COMMANDS: Final = (scanner, serial_gate)


async def _be(device: "SimulatedDevice", options: dict[str, Any], does: "Life") -> None:
    await be(device, options["port"], options["seconds"], does, _broken(device, options["faults"]))


def _broken(device: "SimulatedDevice", faults: tuple[str, ...]) -> "list[Life]":
    """Do to a device what `--fault` says; return what is to happen again and again."""
    named = {
        name: flag(device.faults, name=name) for name in ("mute", "unheard", "doubled", "refused")
    }
    named["late"] = number(device.faults, name="late_s")
    named["garbled"] = number(device.faults, name="garbled")
    return break_(device, faults, named)


async def _profile(name: str, file: Path | None) -> "Profile":
    import asyncio

    from drivers.serial.profile import ProfileUnusable, profiles, read_profile

    if file is not None:
        try:
            return await asyncio.to_thread(read_profile, file)
        except ProfileUnusable as error:
            raise click.BadParameter(str(error), param_hint="--profile-file") from error
    known = await asyncio.to_thread(profiles)
    if name not in known:
        raise click.BadParameter(f"{name!r}; allowed: {', '.join(known)}", param_hint="--profile")
    return known[name]
