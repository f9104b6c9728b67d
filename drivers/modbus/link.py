"""A controller on Modbus: one board on its line."""

import asyncio

from drivers.commands import Command
from drivers.link import Speaks, Surroundings
from drivers.modbus.board import Board
from drivers.modbus.line import Line
from drivers.modbus.settings import ModbusSettings


class ModbusLink:
    """One board; it speaks while `run` runs."""

    def __init__(self, settings: ModbusSettings, surroundings: Surroundings, line: Line) -> None:
        self.line = line
        self.board = Board(settings, surroundings, line)

    @property
    def speaks(self) -> Speaks:
        """Outputs and inputs."""
        return "contacts"

    async def run(self) -> None:
        """Keep the link until cancelled."""
        async with self.line.spoken_on(self.board) as speaking:
            await asyncio.shield(speaking)

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Switch an output now; the future ends with the board's acknowledgement."""
        return self.board.send(device, command, not_after)
