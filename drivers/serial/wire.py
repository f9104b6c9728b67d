"""Serial lines as a wire: makes the link of each controller, by what its profile is of."""

from config.wires import WireSettings
from drivers.link import Link, Surroundings
from drivers.serial.gate import GateLink
from drivers.serial.link import ScannerLink
from drivers.serial.settings import SerialSettings


class SerialWire:
    """Nothing is shared: each controller has a line of its own."""

    @property
    def settings(self) -> type[SerialSettings]:
        """The model of the controller's own keys."""
        return SerialSettings

    def link(self, settings: WireSettings, surroundings: Surroundings) -> Link:
        """Make the link of one controller."""
        if not isinstance(settings, SerialSettings):
            raise TypeError(f"not for serial lines: {type(settings).__name__}")
        make = ScannerLink if settings.known.role == "scanner" else GateLink
        return make(settings, surroundings)
