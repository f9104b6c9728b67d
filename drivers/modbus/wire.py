"""Modbus as a wire: makes the link of each controller, and has those of one line share it."""

from dataclasses import dataclass, field

from config.wires import WireSettings
from drivers.link import Link, Surroundings
from drivers.modbus.line import Line
from drivers.modbus.link import ModbusLink
from drivers.modbus.settings import ModbusSettings


@dataclass(slots=True)
class ModbusWire:
    """One for each gateway: it holds the lines that its controllers share."""

    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def settings(self) -> type[ModbusSettings]:
        """The model of the controller's own keys."""
        return ModbusSettings

    def link(self, settings: WireSettings, surroundings: Surroundings) -> Link:
        """Make the link of one controller."""
        if not isinstance(settings, ModbusSettings):
            raise TypeError(f"not for Modbus: {type(settings).__name__}")
        place = settings.place
        line = self.lines.get(place.name)
        if line is None or (line.place != place and not line.in_use):
            line = Line(place, settings.timeout_ms / 1000, surroundings.wall)
            self.lines[place.name] = line
        return ModbusLink(settings, surroundings, line)
