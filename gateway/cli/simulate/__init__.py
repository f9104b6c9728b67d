"""`composteur simulate …`: devices that are not there, on the true wire; a file for each wire."""

import click

from gateway.cli.simulate import modbus, mqtt, osdp, serial


@click.group("simulate")
def command() -> None:
    """Be a device that is not there, and the people in front of it."""


for _one in (*mqtt.COMMANDS, *modbus.COMMANDS, *serial.COMMANDS, *osdp.COMMANDS):
    command.add_command(_one)
