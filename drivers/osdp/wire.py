"""OSDP as a wire: makes the link of each controller, and has those of one line share it."""

from dataclasses import dataclass, field

from config.wires import WireSettings
from drivers.link import Link, Surroundings
from drivers.osdp.line import Line
from drivers.osdp.link import OsdpLink
from drivers.osdp.settings import OsdpSettings


@dataclass(slots=True)
class OsdpWire:
    """One for each gateway: it holds the lines that its controllers share."""

    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def settings(self) -> type[OsdpSettings]:
        """The model of the controller's own keys."""
        return OsdpSettings

    def link(self, settings: WireSettings, surroundings: Surroundings) -> Link:
        """Make the link of one controller."""
        if not isinstance(settings, OsdpSettings):
            raise TypeError(f"not for OSDP: {type(settings).__name__}")
        port = settings.line
        line = self.lines.get(str(port.path))
        if line is None or (line.port != port and not line.in_use):
            line = self.lines[str(port.path)] = Line(port)
        return OsdpLink(settings, surroundings, line)
