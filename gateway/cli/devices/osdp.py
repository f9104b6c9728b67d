"""`composteur devices key|pair|readers`: OSDP readers found, and given a key."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.devices.checking import checked
from gateway.cli.site import OPERATOR, load_site, site_option, with_stores

if TYPE_CHECKING:
    from config import Site
    from drivers.osdp.panel import Identity
    from drivers.osdp.settings import OsdpSettings
    from gateway.app import Core

KEY_BYTES: Final = 16
LONGEST_S: Final = 600


@click.command("key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Write a new key for an OSDP reader into FILE, for `key_file`; nobody else may read it."""
    import os
    import secrets

    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(f"{file} is there already; a key is not written over") from error
    except OSError as error:
        raise click.ClickException(f"{file}: {(error.strerror or str(error)).lower()}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(secrets.token_hex(KEY_BYTES) + "\n")
    click.echo(f"{file}: a new key; keep a copy where the venue keeps its secrets")


@click.command("pair")
@click.argument("controller")
@click.option(
    "--old-key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The key it has now; else it must be in its installation mode.",
)
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=1, max=LONGEST_S),
    default=60,
    show_default=True,
    metavar="S",
    help="How long it is waited for.",
)
@site_option
def pair(controller: str, old_key_file: Path | None, seconds: float, site_path: Path) -> None:
    """Give the OSDP reader of CONTROLLER the key of the site file; written into the audit.

    Its line must be nobody else's: stop the gateway first. Whoever listens to the cable meanwhile
    learns the key.
    """
    site = load_site(site_path)
    settings = _settings(site, controller)
    old = None if old_key_file is None else _old_key(old_key_file)

    async def act(core: "Core") -> "Identity":
        from drivers.osdp.pairing import PairingFailed
        from drivers.osdp.pairing import pair as give

        acts = core.operations.acts
        facts = {"port": str(settings.port), "address": settings.address}
        click.echo(f"{controller}: waiting for it, {seconds:g} s at most", err=True)
        try:
            identity = await give(settings, old=old, within_s=seconds)
        except PairingFailed as why:
            acts.note(OPERATOR, "reader_pair_failed", controller, why=str(why), **facts)
            await acts.settled()
            raise click.ClickException(f"{controller}: {why}") from why
        serial = f"{identity.serial:08X}"
        acts.note(OPERATOR, "reader_pair", controller, serial=serial, **facts)
        await acts.settled()
        return identity

    click.echo(f"{controller}: paired, {_line(with_stores(site, act))}")


@click.command("readers")
@click.argument("port", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--baud", type=int, default=9600, show_default=True, metavar="N")
@click.option(
    "--address",
    "addresses",
    type=click.IntRange(0, 126),
    multiple=True,
    metavar="N",
    help="Ask here only; else at all 127 addresses, which takes half a minute.",
)
def readers(port: Path, baud: int, addresses: tuple[int, ...]) -> None:
    """Find the OSDP readers on PORT, and tell what each says it is; nothing is changed.

    A line that a gateway speaks on is the gateway's: stop it first.
    """
    import asyncio

    from drivers.osdp.pairing import PairingFailed, look
    from drivers.osdp.settings import OsdpSettings

    settings = checked(OsdpSettings, {"port": port, "baud": baud, "secure": "off"})
    try:
        found = asyncio.run(look(settings, addresses or range(127)))
    except PairingFailed as why:
        raise click.ClickException(str(why)) from why
    for address, identity in found.items():
        click.echo(f"address {address}: {_line(identity)}")
    if not found:
        raise click.ClickException(f"{port}: nobody answers at {baud} baud")


COMMANDS: Final = (key, pair, readers)


def _settings(site: "Site", name: str) -> "OsdpSettings":
    from drivers.osdp.settings import OsdpSettings

    found = {each.id: site.wire(each) for each in site.controllers}
    settings = found.get(name)
    if not isinstance(settings, OsdpSettings):
        known = [each for each, wire in found.items() if isinstance(wire, OsdpSettings)]
        raise click.BadParameter(
            f"found {name!r}, allowed: {', '.join(known) or 'none: there is no OSDP reader'}",
            param_hint="CONTROLLER",
        )
    return settings


def _old_key(file: Path) -> bytes:
    from drivers.osdp.settings import read_key

    try:
        return read_key(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="--old-key-file") from error


def _line(identity: "Identity") -> str:
    """Tell what a reader says it is."""
    can = [
        f"{number} {what}"
        for what, number in (
            ("leds", identity.leds),
            ("buzzers", identity.buzzers),
            ("outputs", identity.outputs),
            ("inputs", identity.inputs),
        )
        if number
    ]
    can += ["a display"] if identity.rows else []
    can += ["secure channel"] if identity.secure else ["no secure channel"]
    return (
        f"maker {identity.vendor}, model {identity.model}.{identity.version}, serial "
        f"{identity.serial:08X}, firmware {identity.firmware}; {', '.join(can)}"
    )
