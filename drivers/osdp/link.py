"""A controller on OSDP: one reader on its line."""

import asyncio

from drivers.commands import Command
from drivers.link import Speaks, Surroundings
from drivers.osdp.line import Line
from drivers.osdp.panel import Panel
from drivers.osdp.reader import Reader
from drivers.osdp.settings import OsdpSettings


class OsdpLink:
    """One reader; it is spoken to while `run` runs."""

    def __init__(
        self,
        settings: OsdpSettings,
        surroundings: Surroundings,
        line: Line,
        panel: Panel | None = None,
    ) -> None:
        self.line = line
        panel = panel or Panel(settings.address, settings.key)
        self.reader = Reader(settings, surroundings, panel, line.wake)

    @property
    def speaks(self) -> Speaks:
        """Outputs and inputs, and what a reader shows."""
        return "terminal"

    async def run(self) -> None:
        """Keep the link until cancelled."""
        async with self.line.spoken_on(self.reader) as speaking:
            await asyncio.shield(speaking)

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Tell the reader something now; the future ends with its acknowledgement."""
        return self.reader.send(device, command, not_after)
