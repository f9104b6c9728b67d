"""`composteur devices …`: know the devices of a wire before they are in a site file."""

import click

from gateway.cli.devices import modbus, osdp


@click.group("devices")
def command() -> None:
    """Know boards and readers: which there are, whether one answers, and what key it has."""


for _one in (*modbus.COMMANDS, *osdp.COMMANDS):
    command.add_command(_one)
