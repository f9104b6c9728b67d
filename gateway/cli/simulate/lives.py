"""How a simulated device lives: it is there until it is told to go, and breaks as it is told."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Protocol

import click

type Life = Callable[[], Coroutine[Any, Any, None]]
type Fault = Callable[[str], None]
"""Takes what stands behind the `=`."""


class Device(Protocol):
    """A device on a cable."""

    def running(self) -> AbstractAsyncContextManager[object]:
        """Be there until the end of the block."""

    async def plug(self) -> None:
        """Put the cable in."""

    async def unplug(self) -> None:
        """Pull it."""

    def reboot(self) -> None:
        """Start anew."""


async def be(
    device: Device, there: str, seconds: float | None, does: Life, happens: list[Life]
) -> None:
    """Be a device that does something, until it has done it, its time is up or it is told to go."""
    import asyncio
    import signal
    from contextlib import suppress

    me = asyncio.current_task()
    if me is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    with suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(seconds), device.running():
            click.echo(f"{there} is there", err=True)
            tasks = [asyncio.create_task(each(), name="simulated") for each in (does, *happens)]
            try:
                await tasks[0]
            finally:
                for each in tasks:
                    each.cancel()
                await asyncio.wait(tasks)


def break_(device: Device, faults: tuple[str, ...], named: Mapping[str, Fault]) -> list[Life]:
    """Do to a device what `--fault` says; return what is to happen again and again.

    Raises:
        click.BadParameter: There is no such fault, or its value is none.
    """
    again = {"unplugged": _unplug, "rebooted": _reboot}
    happens: list[Life] = []
    for fault in faults:
        name, _, value = fault.partition("=")
        try:
            if name in again:
                happens.append(partial(again[name], device, float(value)))
            else:
                named[name](value)
        except (KeyError, ValueError) as error:
            raise click.BadParameter(
                f"{fault!r}; allowed: {', '.join([*named, *again])}", param_hint="--fault"
            ) from error
    return happens


def flag(*where: object, name: str) -> Fault:
    """Return the fault that is there or not."""

    def broken(value: str) -> None:
        del value
        for each in where:
            setattr(each, name, True)

    return broken


def number(*where: object, name: str, kind: type[float] = float) -> Fault:
    """Return the fault that has an extent: seconds, a share, a number."""

    def broken(value: str) -> None:
        for each in where:
            setattr(each, name, kind(value))

    return broken


async def _unplug(device: Device, every_s: float) -> None:
    import asyncio

    while True:
        await asyncio.sleep(every_s)
        await device.unplug()
        click.echo("unplugged", err=True)
        await asyncio.sleep(1.0)
        await device.plug()
        click.echo("plugged in", err=True)


async def _reboot(device: Device, every_s: float) -> None:
    import asyncio

    while True:
        await asyncio.sleep(every_s)
        device.reboot()
        click.echo("rebooted", err=True)
