"""`composteur simulate modbus`: boards with relays and inputs on TCP or a pty."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.simulate.lives import Fault, be, break_, flag, number

if TYPE_CHECKING:
    from drivers.modbus.simulated_line import Plug

CLOSED_S: Final = 0.2
"""A passage closes its input for so long."""


@click.command("modbus")
@click.option(
    "--profile",
    default="waveshare-relay-8-d",
    show_default=True,
    metavar="P",
    help="Which board: a name of `composteur devices list`, or a file.",
)
@click.option(
    "--listen",
    default="127.0.0.1:5020",
    show_default=True,
    metavar="HOST:PORT",
    help="Be at this TCP port.",
)
@click.option("--rtu", is_flag=True, help="On TCP: telegrams as on a serial line (rtu-tcp://).")
@click.option(
    "--port",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Be a serial line instead: the name it gets; it leads to a pty.",
)
@click.option(
    "--baud",
    type=click.IntRange(300, 1_000_000),
    metavar="N",
    help="Make the line as slow as it would be; else it is as fast as it goes.",
)
@click.option(
    "--unit",
    "units",
    type=click.IntRange(1, 255),
    multiple=True,
    metavar="N",
    help="Its address on the line; several: so many boards.",
)
@click.option(
    "--walk",
    "walk_s",
    type=click.FloatRange(min=0),
    default=0.8,
    show_default=True,
    metavar="S",
    help="After a relay the input of its number closes so much later.",
)
@click.option("--nobody", is_flag=True, help="Nobody passes.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHAT[=VALUE]",
    help="mute, unheard, echo, refused=CODE, stuck=RELAY, late=S, garbled=SHARE, "
    "noise=SHARE, unplugged=S, rebooted=S.",
)
@click.option("--for", "seconds", type=click.FloatRange(min=0.1), metavar="S", help="End after S.")
@click.option("--seed", type=int, help="The same faults at the same places.")
def modbus(**options: Any) -> None:
    """Be a board with relays, and people who pass when one is on."""
    import uvloop

    uvloop.run(_modbus(**options))


COMMANDS: Final = (modbus,)


@dataclass(frozen=True, slots=True)
class _Boards:
    """What is at the end of the cable."""

    plugged_in: "Plug"

    def running(self) -> AbstractAsyncContextManager[object]:
        from drivers.modbus.simulated_line import plugged

        return plugged(self.plugged_in)

    async def plug(self) -> None:
        await self.plugged_in.plug()

    async def unplug(self) -> None:
        await self.plugged_in.unplug()

    def reboot(self) -> None:
        for board in self.plugged_in.line.boards.values():
            board.reboot()

    def faults(self) -> dict[str, Fault]:
        """Return what can be wrong with them and their line."""
        line = self.plugged_in.line
        boards = [board.faults for board in line.boards.values()]

        def stuck(value: str) -> None:
            for each in boards:
                each.stuck.add(int(value))

        return {
            "mute": flag(*boards, name="mute"),
            "unheard": flag(*boards, name="unheard"),
            "refused": number(*boards, name="refuse", kind=int),
            "stuck": stuck,
            "echo": flag(line.faults, name="echo"),
            "late": number(line.faults, name="late_s"),
            "garbled": number(line.faults, name="garbled"),
            "noise": number(line.faults, name="noise"),
        }


async def _modbus(**options: Any) -> None:
    import asyncio

    plug, there = await _plug(options)
    device = _Boards(plug)
    happens = break_(device, options["faults"], device.faults())
    walks: set[asyncio.Task[None]] = set()
    walk_s = None if options["nobody"] else options["walk_s"]

    async def live() -> None:
        await asyncio.Event().wait()

    for board in plug.line.boards.values():

        async def pass_(input_: int, board: Any = board) -> None:
            await asyncio.sleep(options["walk_s"])
            click.echo(f"unit {board.unit} input {input_} closes")
            await board.close_for(input_, CLOSED_S)

        def switched(relay: int, on: bool, board: Any = board, pass_: Any = pass_) -> None:  # noqa: FBT001
            click.echo(f"unit {board.unit} relay {relay} {'on' if on else 'off'}")
            if on and walk_s is not None and relay in board.inputs:
                walks.add(task := asyncio.create_task(pass_(relay), name="walk"))
                task.add_done_callback(walks.discard)

        board.on_switch.append(switched)
    try:
        await be(device, there, options["seconds"], live, happens)
    finally:
        for walk in tuple(walks):
            walk.cancel()


async def _plug(options: dict[str, Any]) -> "tuple[Plug, str]":
    """Make the boards, their line, and its end."""
    import asyncio
    from random import Random

    from drivers.modbus.profile import ProfileError, load
    from drivers.modbus.simulated_line import SimulatedLine, TcpSocket, Terminal
    from drivers.modbus.simulator import SimulatedBoard

    try:
        profile = await asyncio.to_thread(load, options["profile"])
    except ProfileError as error:
        raise click.BadParameter(str(error), param_hint="--profile") from error
    boards = [SimulatedBoard(profile, unit) for unit in options["units"] or (None,)]
    serial = options["port"] is not None
    dice = Random(options["seed"])  # noqa: S311  # faults come at random, not in secret
    line = SimulatedLine(boards, "rtu" if serial or options["rtu"] else "tcp", dice)
    line.faults.baud = options["baud"] or 0
    if serial:
        return Terminal(line, options["port"]), str(options["port"])
    host, _, port = options["listen"].rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter(f"{options['listen']!r}; HOST:PORT", param_hint="--listen")
    scheme = "rtu-tcp" if options["rtu"] else "tcp"
    return TcpSocket(line, host, int(port)), f"{scheme}://{options['listen']}"
