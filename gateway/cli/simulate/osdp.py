"""`composteur simulate osdp`: readers on an RS-485 line, each libosdp's peripheral device."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.simulate.crowds import codes_of
from gateway.cli.simulate.lives import Fault, be, break_, flag, number

if TYPE_CHECKING:
    from drivers.osdp.simulator import SimulatedLine, SimulatedReader, Told

LAST_S: Final = 0.5
"""What was shown last is still on its way."""


@click.command("osdp")
@click.option(
    "--port",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The name the line gets, as `port` in the site file; it leads to a pty.",
)
@click.option(
    "--address",
    "addresses",
    type=click.IntRange(0, 126),
    multiple=True,
    metavar="N",
    help="A reader's address; several: so many readers on the line.  [default: 0]",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Its key: it speaks over a secure channel only.",
)
@click.option("--install", is_flag=True, help="It takes the default key, and is given another.")
@click.option(
    "--baud",
    type=click.IntRange(300, 1_000_000),
    metavar="N",
    help="Make the line as slow as it would be; else it is as fast as it goes.",
)
@click.option("--rows", type=click.IntRange(0, 3), default=2, show_default=True, help="Of text.")
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
@click.option("--keypad", is_flag=True, help="The codes are typed, and ended with #.")
@click.option("--nobody", is_flag=True, help="Nobody shows anything.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHAT[=VALUE]",
    help="mute, unheard, refused, late=S, garbled=SHARE, unplugged=S, rebooted=S.",
)
@click.option("--for", "seconds", type=click.FloatRange(min=0.1), metavar="S", help="End after S.")
@click.option("--seed", type=int, help="The same faults at the same places.")
def osdp(**options: Any) -> None:
    """Be an OSDP reader: people show codes; what it is told to light, sound and show is told."""
    import asyncio

    asyncio.run(_osdp(**options))


COMMANDS: Final = (osdp,)


@dataclass(frozen=True, slots=True)
class _Readers:
    """What is at the end of the cable."""

    line: "SimulatedLine"

    def running(self) -> AbstractAsyncContextManager[object]:
        return self.line.running()

    async def plug(self) -> None:
        await self.line.plug()

    async def unplug(self) -> None:
        await self.line.unplug()

    def reboot(self) -> None:
        self.line.reboot()

    def faults(self) -> dict[str, Fault]:
        """Return what can be wrong with them."""
        all_ = [reader.faults for reader in self.line.readers]
        named = {name: flag(*all_, name=name) for name in ("mute", "unheard", "refused")}
        named["late"] = number(*all_, name="late_s")
        named["garbled"] = number(*all_, name="garbled")
        return named


async def _osdp(**options: Any) -> None:
    import asyncio
    from random import Random

    from drivers.osdp.simulator import SimulatedLine

    dice = Random(options["seed"])  # noqa: S311  # faults come at random, not in secret
    readers = _readers(options)
    line = SimulatedLine(options["port"], readers, dice=dice, baud=options["baud"])
    device = _Readers(line)
    happens = break_(device, options["faults"], device.faults())

    async def show() -> None:
        if options["nobody"]:
            await asyncio.Event().wait()
        async for code in codes_of(options["codes"], dice):
            await asyncio.sleep(dice.expovariate(options["rate"]))
            reader = dice.choice(readers)
            if options["keypad"]:
                reader.press(f"{code}#")
            else:
                reader.show(code)
            click.echo(f"{reader.address} reads {code}")
        await asyncio.sleep(LAST_S)

    await be(device, options["port"], options["seconds"], show, happens)


def _readers(options: dict[str, Any]) -> "list[SimulatedReader]":
    from drivers.osdp.settings import read_key
    from drivers.osdp.simulator import SimulatedReader

    key, file = None, options["key_file"]
    try:
        if file is not None:
            key = read_key(file.read_text(encoding="utf-8"))
        readers = [
            SimulatedReader(
                address,
                key=key,
                secure=key is not None,
                install=options["install"],
                rows=options["rows"],
            )
            for address in options["addresses"] or (0,)
        ]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--key-file") from error
    except ImportError as error:
        raise click.ClickException(
            "libosdp is not installed: python -m pip install 'composteur[osdp]'"
        ) from error
    for reader in readers:

        def told(each: "Told", address: int = reader.address) -> None:
            click.echo(f"{address} {each.text}")

        reader.on_told.append(told)
    return readers
